#pragma once
// What a reader of a hub's event log asks for.

#include "base/result.h"
#include "gateway/hub_http/call.h"
#include "hub/events/event_reader.h"

#include <chrono>
#include <optional>
#include <string_view>

namespace muster::gateway {

struct EventRequest {
    hub::EventFilter filter;
    std::optional<std::int64_t> after; // nothing: from now on
    std::size_t count_max = 0;
    std::chrono::seconds wait{0};
};

/// Does the request want events as they come, rather than a page? `?stream`, or the media type of
/// server-sent events.
bool wants_stream(const HubCall& call);

/// Reads the query, Last-Event-ID, and the stored position of the consumer that is named. Asks the
/// store, if there is one. Errors: malformed.
Result<EventRequest> event_request_from(const HubCall& call);

/// 1 to 64 letters, digits, '-', '_', '.' and '$'. Error: malformed.
Result<hub::EventGroup> consumer_from(std::string_view name);

/// The parameter `partition`, nothing if there is none. Error: malformed.
Result<std::optional<int>> partition_from(const HubCall& call);

} // namespace muster::gateway
