#pragma once
// Which addresses an instance lets in, at the service API and at the device API over every protocol
// (reference: dps-service 10.1, 8.4).

#include "base/result.h"
#include "provisioning/instance.h"

#include <string_view>

namespace muster::gateway {

/// `peer_address` as net/ writes it, with a port or without. Error: unauthenticated; the caller is
/// not told that its address was the reason, the cause names it.
Result<void> check_network(const provisioning::Instance& instance,
                           provisioning::IpRule::Target side, std::string_view peer_address);

} // namespace muster::gateway
