#include "gateway/sites.h"

#include "base/text.h"
#include "provisioning/ip_range.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace muster::gateway {

namespace {

template <class Map>
typename Map::mapped_type find_or_null(const Map& map, const std::string& key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : found->second;
}

using Hosts = std::unordered_map<std::string, SitePtr>;

bool serves(const SitePtr& site, const IdScope& scope) {
    return site->instance->scope() == scope;
}

/// A name that another instance holds stays there: no tenant can take the name of another away.
void add_hosts(Hosts& hosts, const SitePtr& site, const std::vector<std::string>& names) {
    const auto& scope = site->instance->scope();
    for (const auto& name : names) {
        const auto [held, is_new] = hosts.try_emplace(normal_host(name), site);
        if (!is_new && serves(held->second, scope)) {
            held->second = site;
        }
    }
}

void remove_hosts(Hosts& hosts, const IdScope& scope) {
    std::erase_if(hosts, [&](const auto& entry) { return serves(entry.second, scope); });
}

} // namespace

std::string normal_host(std::string_view host) {
    auto name = provisioning::without_port(host);
    if (name.ends_with('.')) {
        name.remove_suffix(1);
    }
    return to_lower(name);
}

void Sites::add(SitePtr site) {
    const auto instance = site->instance->get();
    const std::scoped_lock lock(mutex_);
    remove_hosts(by_host_, instance->scope);
    add_hosts(by_host_, site, instance->host_names);
    by_scope_.insert_or_assign(instance->scope.text(), std::move(site));
}

/// The site may end with the last pointer to it, and wait for its work: not while every request
/// waits for the lock.
void Sites::remove(const IdScope& scope) {
    SitePtr gone;
    const std::scoped_lock lock(mutex_);
    gone = find_or_null(by_scope_, scope.text());
    remove_hosts(by_host_, scope);
    by_scope_.erase(scope.text());
}

void Sites::rename(const provisioning::Instance& before, const provisioning::Instance& after) {
    const std::scoped_lock lock(mutex_);
    const auto site = find_or_null(by_scope_, before.scope.text());
    if (site == nullptr || before.host_names == after.host_names) {
        return;
    }
    remove_hosts(by_host_, before.scope);
    add_hosts(by_host_, site, after.host_names);
}

void Sites::add(hub::Service& hub) {
    const std::scoped_lock lock(mutex_);
    hubs_.insert_or_assign(normal_host(hub.settings().name.text()), &hub);
}

SitePtr Sites::provisioning_of(const IdScope& scope) const {
    const std::shared_lock lock(mutex_);
    return find_or_null(by_scope_, scope.text());
}

SitePtr Sites::provisioning_at(std::string_view host) const {
    const auto name = normal_host(host);
    const std::shared_lock lock(mutex_);
    return find_or_null(by_host_, name);
}

hub::Service* Sites::hub_at(std::string_view host) const {
    const auto name = normal_host(host);
    const std::shared_lock lock(mutex_);
    return find_or_null(hubs_, name);
}

} // namespace muster::gateway
