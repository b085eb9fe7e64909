#include "gateway/control/routes.h"

#include "base/text.h"

#include <array>
#include <optional>
#include <span>
#include <utility>

namespace muster::gateway {

namespace {

/// How much of the hierarchy a path names before `/providers/Microsoft.Devices/`.
enum class Scope : std::uint8_t { server, subscription, group };

struct Row {
    std::string_view method;
    Scope scope;
    std::string_view rest; // after the provider; the first `{}` is an instance, the second an item
    ControlAction action;
};

constexpr std::string_view name_check = "checkProvisioningServiceNameAvailability";
constexpr std::string_view all = "provisioningServices";
constexpr std::string_view one = "provisioningServices/{}";
constexpr std::string_view certificate = "provisioningServices/{}/certificates/{}";
constexpr std::string_view private_link = "provisioningServices/{}/privateLinkResources/{}";
constexpr std::string_view private_endpoint =
    "provisioningServices/{}/privateEndpointConnections/{}";

using enum ControlAction;

constexpr std::array rows{
    Row{"GET", Scope::server, "operations", list_operations},
    Row{"POST", Scope::server, name_check, check_name},
    Row{"POST", Scope::subscription, name_check, check_name},
    Row{"GET", Scope::subscription, all, list_in_subscription},
    Row{"GET", Scope::group, all, list_in_group},
    Row{"GET", Scope::group, one, get_instance},
    Row{"PUT", Scope::group, one, put_instance},
    Row{"PATCH", Scope::group, one, put_tags},
    Row{"DELETE", Scope::group, one, erase_instance},
    Row{"POST", Scope::group, "provisioningServices/{}/listkeys", list_keys},
    Row{"POST", Scope::group, "provisioningServices/{}/keys/{}/listkeys", keys_of_policy},
    Row{"GET", Scope::group, "provisioningServices/{}/skus", list_skus},
    Row{"GET", Scope::group, "provisioningServices/{}/operationresults/{}", operation_result},
    Row{"GET", Scope::group, "provisioningServices/{}/certificates", list_certificates},
    Row{"GET", Scope::group, certificate, get_certificate},
    Row{"PUT", Scope::group, certificate, put_certificate},
    Row{"DELETE", Scope::group, certificate, erase_certificate},
    Row{"POST", Scope::group, "provisioningServices/{}/certificates/{}/generateVerificationCode",
        new_verification_code},
    Row{"POST", Scope::group, "provisioningServices/{}/certificates/{}/verify", verify_certificate},
    Row{"GET", Scope::group, "provisioningServices/{}/privateLinkResources", list_private_links},
    Row{"GET", Scope::group, private_link, private_item},
    Row{"GET", Scope::group, "provisioningServices/{}/privateEndpointConnections",
        list_private_endpoints},
    Row{"GET", Scope::group, private_endpoint, private_item},
    Row{"PUT", Scope::group, private_endpoint, private_item},
    Row{"DELETE", Scope::group, private_endpoint, private_item},
};

/// Takes segments off the front of a path.
class Path {
  public:
    explicit Path(std::span<const std::string> segments) : segments_(segments) {}

    bool take(std::string_view literal) {
        if (segments_.empty() || !equal_ignoring_case(segments_.front(), literal)) {
            return false;
        }
        segments_ = segments_.subspan(1);
        return true;
    }

    /// `literal/{name}`, both or neither.
    bool take(std::string_view literal, std::string& name) {
        if (segments_.size() < 2 || segments_[1].empty() || !take(literal)) {
            return false;
        }
        name = segments_.front();
        segments_ = segments_.subspan(1);
        return true;
    }

    [[nodiscard]] std::span<const std::string> rest() const { return segments_; }

  private:
    std::span<const std::string> segments_;
};

/// What stood for each `{}`, if the path has that shape.
std::optional<std::vector<std::string>> match(std::string_view pattern,
                                              std::span<const std::string> path) {
    const auto parts = split(pattern, '/');
    if (parts.size() != path.size()) {
        return std::nullopt;
    }
    std::vector<std::string> names;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parts[i] == "{}" && !path[i].empty()) {
            names.push_back(path[i]);
        } else if (!equal_ignoring_case(parts[i], path[i])) {
            return std::nullopt;
        }
    }
    return names;
}

std::unexpected<HttpRefusal> no_such_path() {
    return std::unexpected(
        HttpRefusal{.status = 404, .detail = "there is no such path", .allow = {}});
}

} // namespace

std::expected<ControlRoute, HttpRefusal> find_control_route(std::string_view method,
                                                            const std::vector<std::string>& path) {
    ControlRoute route{};
    Path left(path);
    auto scope = Scope::server;
    if (left.take("subscriptions", route.subscription)) {
        scope = left.take("resourceGroups", route.group) ? Scope::group : Scope::subscription;
    }
    if (!left.take("providers") || !left.take("Microsoft.Devices")) {
        return no_such_path();
    }
    std::string allow;
    for (const auto& row : rows) {
        auto names = row.scope == scope ? match(row.rest, left.rest()) : std::nullopt;
        if (names && row.method == method) {
            names->resize(2);
            route.action = row.action;
            route.instance = std::move(names->front());
            route.item = std::move(names->back());
            return route;
        }
        if (names) {
            allow += (allow.empty() ? "" : ", ") + std::string(row.method);
        }
    }
    if (allow.empty()) {
        return no_such_path();
    }
    return std::unexpected(HttpRefusal{
        .status = 405, .detail = "the method does not apply to this path", .allow = allow});
}

provisioning::AdminRole role_for(ControlAction action) {
    using provisioning::AdminRole;
    switch (action) {
    case list_operations:
    case check_name:
    case list_in_subscription:
    case list_in_group:
    case get_instance:
    case list_skus:
    case operation_result:
    case list_certificates:
    case get_certificate:
    case list_private_links:
    case list_private_endpoints:
    case private_item: return AdminRole::reader;
    case put_instance:
    case put_tags:
    case erase_instance:
    case list_keys:
    case keys_of_policy:
    case put_certificate:
    case erase_certificate:
    case new_verification_code:
    case verify_certificate: return AdminRole::contributor;
    }
    std::unreachable();
}

} // namespace muster::gateway
