#include "gateway/sites.h"

#include "base/text.h"

#include <algorithm>

namespace muster::gateway {

namespace {

/// `[::1]:443` is the one spelling of an IPv6 address that can carry a port.
std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) {
        const auto end = host.find(']');
        return end == std::string_view::npos ? host : host.substr(1, end - 1);
    }
    if (std::ranges::count(host, ':') == 1) {
        return host.substr(0, host.find(':'));
    }
    return host;
}

template <class Map>
auto find_or_null(const Map& map, const std::string& key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &found->second;
}

} // namespace

std::string normal_host(std::string_view host) {
    auto name = without_port(host);
    if (name.ends_with('.')) {
        name.remove_suffix(1);
    }
    return to_lower(name);
}

void Sites::add(const ProvisioningSite& site) {
    by_scope_.insert_or_assign(site.instance->scope.text(), site);
    for (const auto& host : site.instance->host_names) {
        by_host_.insert_or_assign(normal_host(host), site);
    }
}

void Sites::add(hub::Service& hub) {
    hubs_.insert_or_assign(normal_host(hub.settings().name.text()), &hub);
}

const ProvisioningSite* Sites::provisioning_of(const IdScope& scope) const {
    return find_or_null(by_scope_, scope.text());
}

const ProvisioningSite* Sites::provisioning_at(std::string_view host) const {
    return find_or_null(by_host_, normal_host(host));
}

hub::Service* Sites::hub_at(std::string_view host) const {
    const auto* found = find_or_null(hubs_, normal_host(host));
    return found == nullptr ? nullptr : *found;
}

} // namespace muster::gateway
