#pragma once
// The body of `GET /messages/events?stream`: events as they come, as server-sent events. Reads the
// log only as fast as the peer takes it; where there is nothing to read, a comment goes out now and
// then, so that both ends learn if the other has gone.

#include "gateway/hub_http/event_request.h"
#include "gateway/hub_http/routes.h"
#include "session/http_body.h"

#include <memory>

namespace muster::gateway {

/// Answers the call. The stream ends when its right to read does. Refused (rate_limited) if the hub
/// has as many streams as it may.
void stream_events(const HubCallPtr& call, const EventRequest& request);

} // namespace muster::gateway
