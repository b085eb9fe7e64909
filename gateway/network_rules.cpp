#include "gateway/network_rules.h"

#include "gateway/sites.h"

namespace muster::gateway {

Result<void> check_network(const provisioning::Instance& instance,
                           provisioning::IpRule::Target side, std::string_view peer_address) {
    const auto address = address_without_port(peer_address);
    if (provisioning::admits(instance, side, address)) {
        return {};
    }
    return fail(Code::unauthenticated, "unauthorized",
                "the network rules do not let in " + address);
}

} // namespace muster::gateway
