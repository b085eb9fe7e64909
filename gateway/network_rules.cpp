#include "gateway/network_rules.h"

#include "provisioning/ip_range.h"

#include <string>

namespace muster::gateway {

Result<void> check_network(const provisioning::Instance& instance,
                           provisioning::IpRule::Target side, std::string_view peer_address) {
    const std::string address(provisioning::without_port(peer_address));
    if (provisioning::admits(instance, side, address)) {
        return {};
    }
    return fail(Code::unauthenticated, "unauthorized",
                "the network rules do not let in " + address);
}

} // namespace muster::gateway
