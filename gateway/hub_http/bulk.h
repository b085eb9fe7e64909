#pragma once
// `POST /devices`: many identities at once (reference: iothub B.5).

#include "gateway/hub_http/call.h"

namespace muster::gateway {

/// 200 if every entry succeeded, 400 if any did not, with one result document for both.
void change_devices_in_bulk(HubCall& call);

} // namespace muster::gateway
