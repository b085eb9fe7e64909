#include "app/hubs/instance_hubs.h"

#include "app/hubs/hub_connection.h"
#include "app/ready_file.h"

#include <fmt/format.h>

#include <utility>

namespace muster::app {

using provisioning::HubDevice;
using provisioning::HubModule;
using provisioning::HubTwin;

namespace {

std::unexpected<Error> unknown(const HubName& hub) {
    return fail(Code::not_found, std::string(provisioning::hub_unknown), hub.text());
}

/// Of the link, or of the one that was: null if there is neither, empty for a hub that was linked
/// by the configuration.
const Secret* find_connection(const provisioning::Instance& instance, const HubName& hub) {
    if (const auto* linked = instance.find_hub(hub)) {
        return &linked->connection_string;
    }
    const auto* former = instance.find_former_hub(hub);
    return former == nullptr ? nullptr : &former->connection_string;
}

/// What did not answer as a hub should is no hub that can be linked.
Error link_problem(Error error, const HubName& hub) {
    switch (error.code) {
    case Code::unauthenticated:
        error.detail = "the key is not one of the hub's policy";
        return error;
    case Code::not_found:
    case Code::unavailable:
    case Code::deadline_exceeded:
    case Code::too_large:
    case Code::unsupported:
        return {.code = Code::not_found,
                .detail = fmt::format("the hub {} cannot be reached from here: {}", hub.text(),
                                      error.detail),
                .cause = std::move(error.cause)};
    default: return error;
    }
}

} // namespace

Result<HubName> check_hub_link(const HubReach& reach, const Secret& connection_text) {
    const auto connection = parse_hub_connection(connection_text);
    if (!connection) {
        return std::unexpected(connection.error());
    }
    const HubName name = name_of(*connection);
    if (reach.local.serves(name)) { // under whatever port it is reached from outside
        return reach.local.check_link(
            connection_string(name.spelled(), connection->policy, connection->key));
    }
    RemoteHub hub(*connection, reach.send, reach.clock);
    if (auto allowed = hub.check_rights(); !allowed) {
        return std::unexpected(link_problem(std::move(allowed.error()), name));
    }
    return name;
}

Result<std::shared_ptr<RemoteHub>> InstanceHubs::remote(const HubName& hub) {
    const auto instance = instance_.get();
    const Secret* connection_string = find_connection(*instance, hub);
    const std::scoped_lock lock(mutex_);
    if (connection_string == nullptr || connection_string->empty()) {
        remotes_.erase(hub);
        return unknown(hub);
    }
    Reached& reached = remotes_[hub];
    if (reached.hub && reached.connection_string == *connection_string) {
        return reached.hub;
    }
    auto connection = parse_hub_connection(*connection_string);
    if (!connection || name_of(*connection) != hub) {
        remotes_.erase(hub);
        return unknown(hub);
    }
    reached = {.connection_string = *connection_string,
               .hub =
                   std::make_shared<RemoteHub>(std::move(*connection), reach_.send, reach_.clock)};
    return reached.hub;
}

Result<std::optional<HubDevice>> InstanceHubs::find_device(const HubName& hub, const DeviceId& id) {
    if (reach_.local.serves(hub)) {
        return reach_.local.find_device(hub, id);
    }
    const auto there = remote(hub);
    return there ? (*there)->find_device(id) : std::unexpected(there.error());
}

Result<void> InstanceHubs::create_device(const HubName& hub, const HubDevice& device,
                                         const HubTwin& twin) {
    if (reach_.local.serves(hub)) {
        return reach_.local.create_device(hub, device, twin);
    }
    const auto there = remote(hub);
    return there ? (*there)->create_device(device, twin) : std::unexpected(there.error());
}

Result<void> InstanceHubs::update_device(const HubName& hub, const HubDevice& device) {
    if (reach_.local.serves(hub)) {
        return reach_.local.update_device(hub, device);
    }
    const auto there = remote(hub);
    return there ? (*there)->update_device(device) : std::unexpected(there.error());
}

Result<void> InstanceHubs::delete_device(const HubName& hub, const DeviceId& id, const ETag& etag) {
    if (reach_.local.serves(hub)) {
        return reach_.local.delete_device(hub, id, etag);
    }
    const auto there = remote(hub);
    return there ? (*there)->delete_device(id, etag) : std::unexpected(there.error());
}

Result<std::optional<HubTwin>> InstanceHubs::find_twin(const HubName& hub, const DeviceId& id) {
    if (reach_.local.serves(hub)) {
        return reach_.local.find_twin(hub, id);
    }
    const auto there = remote(hub);
    return there ? (*there)->find_twin(id) : std::unexpected(there.error());
}

Result<std::vector<HubModule>> InstanceHubs::modules(const HubName& hub, const DeviceId& id) {
    if (reach_.local.serves(hub)) {
        return reach_.local.modules(hub, id);
    }
    const auto there = remote(hub);
    return there ? (*there)->modules(id) : std::unexpected(there.error());
}

Result<void> InstanceHubs::put_module(const HubName& hub, const DeviceId& id,
                                      const HubModule& module) {
    if (reach_.local.serves(hub)) {
        return reach_.local.put_module(hub, id, module);
    }
    const auto there = remote(hub);
    return there ? (*there)->put_module(id, module) : std::unexpected(there.error());
}

bool InstanceHubs::may_act_late(const HubName& hub) const {
    return !reach_.local.serves(hub);
}

Result<HubName> InstanceHubs::check_link(const Secret& connection_string) {
    return check_hub_link(reach_, connection_string);
}

} // namespace muster::app
