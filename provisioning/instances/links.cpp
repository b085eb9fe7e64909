#include "provisioning/instances/links.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

/// Each is tried over the network, one after the other; an instance of the real service has no more
/// hubs than this.
constexpr std::ptrdiff_t new_connections_max = 50;

const LinkedHub* find_connection(const Instance* instance, const Secret& connection_string) {
    if (instance == nullptr) {
        return nullptr;
    }
    const auto found = std::ranges::find_if(instance->hubs, [&](const LinkedHub& hub) {
        return hub.connection_string == connection_string;
    });
    return found == instance->hubs.end() ? nullptr : &*found;
}

/// The caller's own proof is good; what he says of the hub is not.
std::unexpected<Error> refused(const Error& error) {
    switch (error.code) {
    case Code::malformed:
    case Code::not_found:
    case Code::unauthenticated:
    case Code::forbidden:
        return fail(Code::malformed, "the hub cannot be linked: " + error.detail, error.cause);
    default: return std::unexpected(error);
    }
}

Result<HubName> name_of(const LinkedHub& hub, const Instance* current, HubLinks& hubs) {
    if (const LinkedHub* known = find_connection(current, hub.connection_string)) {
        return known->name;
    }
    auto name = hubs.check_link(hub.connection_string);
    return name ? std::move(name) : refused(name.error());
}

} // namespace

Result<InstanceSettings> with_checked_links(InstanceSettings settings, const Instance* current,
                                            HubLinks& hubs) {
    if (!settings.hubs) {
        return settings;
    }
    const auto is_new = [&](const LinkedHub& hub) {
        return !hub.connection_string.empty() &&
               find_connection(current, hub.connection_string) == nullptr;
    };
    if (std::ranges::count_if(*settings.hubs, is_new) > new_connections_max) {
        return fail(Code::malformed, "more than 50 new connection strings at a time");
    }
    for (LinkedHub& hub : *settings.hubs) {
        if (hub.connection_string.empty()) {
            continue;
        }
        const auto name = name_of(hub, current, hubs);
        if (!name) {
            return std::unexpected(name.error());
        }
        if (!hub.name.empty() && hub.name != *name) {
            return fail(Code::malformed, "the connectionString of hub '" + hub.name.text() +
                                             "' leads to '" + name->text() + "'");
        }
        hub.name = hub.name.empty() ? *name : hub.name;
    }
    return settings;
}

} // namespace muster::provisioning
