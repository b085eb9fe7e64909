#pragma once
// The routes of the control plane (reference: dps-service 10). Pure: a method and a path in, what
// is wanted of which thing out.

#include "gateway/request_checks.h"
#include "provisioning/administration/tokens.h"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace muster::gateway {

enum class ControlAction : std::uint8_t {
    list_operations,
    check_name,
    list_in_subscription,
    list_in_group,
    get_instance,
    put_instance,
    put_tags,
    erase_instance,
    list_keys,
    keys_of_policy,
    list_skus,
    operation_result,
    list_certificates,
    get_certificate,
    put_certificate,
    erase_certificate,
    new_verification_code,
    verify_certificate,
    list_private_links,
    list_private_endpoints,
    private_item, // one private link or endpoint: there is none
};

/// Names as they came: decoded, not yet checked, empty where the route has none.
struct ControlRoute {
    ControlAction action;
    std::string subscription; // echoed, and has no other meaning here
    std::string group;        // the tenant
    std::string instance;
    std::string item; // a policy, a certificate, an operation
};

/// Literal segments compare without case. A known path with another method is a 405 that lists the
/// methods, an unknown path a 404.
std::expected<ControlRoute, HttpRefusal> find_control_route(std::string_view method,
                                                            const std::vector<std::string>& path);

/// The least role that may do it. Keys are secrets, so that reading them is not for readers.
provisioning::AdminRole role_for(ControlAction action);

} // namespace muster::gateway
