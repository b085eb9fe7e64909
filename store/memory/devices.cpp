#include "store/memory/ports.h"
#include "store/outcomes.h"

namespace muster::store::memory {

using hub::Device;
using hub::DeviceWithTwin;
using hub::IdentityCounts;
using hub::IdentityId;

namespace {

bool is_module(const DeviceWithTwin& row) {
    return row.device.identity().is_module();
}

bool is_device(const DeviceWithTwin& row) {
    return !is_module(row);
}

} // namespace

Result<std::optional<Device>> Devices::find_device(const HubName& hub, const IdentityId& id) {
    const std::scoped_lock lock(tables_.mutex);
    const auto found = tables_.devices.find({hub.text(), id.text()});
    return found == tables_.devices.end() ? std::nullopt : std::optional(found->second.device);
}

Result<std::optional<DeviceWithTwin>> Devices::find(const HubName& hub, const IdentityId& id) {
    const std::scoped_lock lock(tables_.mutex);
    return find_in(tables_.devices, {hub.text(), id.text()});
}

Result<void> Devices::create(const HubName& hub, std::span<const DeviceWithTwin> identities,
                             hub::EventBatch& events) {
    const std::scoped_lock lock(tables_.mutex);
    // A device comes first, before modules of its own.
    const bool with_device = !identities.empty() && is_device(identities.front());
    for (const DeviceWithTwin& one : identities) {
        if (!with_device && !tables_.devices.contains({hub.text(), one.device.id.text()})) {
            return no_such_device();
        }
        if (tables_.devices.contains({hub.text(), one.device.identity().text()})) {
            return device_exists();
        }
    }
    for (const DeviceWithTwin& one : identities) {
        tables_.devices.emplace(Key(hub.text(), one.device.identity().text()), one);
    }
    append_events(tables_, hub, events);
    return {};
}

Result<void> Devices::update_device(const HubName& hub, const Device& device,
                                    std::int64_t expected_version) {
    const std::scoped_lock lock(tables_.mutex);
    const auto found = tables_.devices.find({hub.text(), device.identity().text()});
    if (found == tables_.devices.end() || found->second.device.version != expected_version) {
        return version_conflict();
    }
    found->second.device = device;
    return {};
}

Result<void> Devices::update_twin(const HubName& hub, const IdentityId& id, const hub::Twin& twin,
                                  std::int64_t expected_version, hub::EventBatch& events) {
    const std::scoped_lock lock(tables_.mutex);
    const auto found = tables_.devices.find({hub.text(), id.text()});
    if (found == tables_.devices.end() || found->second.twin.version != expected_version) {
        return version_conflict();
    }
    found->second.twin = twin;
    append_events(tables_, hub, events);
    return {};
}

Result<void> Devices::erase(const HubName& hub, const IdentityId& id, std::int64_t expected_version,
                            hub::EventBatch& events) {
    const std::scoped_lock lock(tables_.mutex);
    const auto found = tables_.devices.find({hub.text(), id.text()});
    if (found == tables_.devices.end() || found->second.device.version != expected_version) {
        return version_conflict();
    }
    const auto belongs = [&](const auto& entry) {
        return entry.first == Key(hub.text(), id.text()) ||
               (!id.is_module() && entry.first.first == hub.text() &&
                entry.first.second.starts_with(id.text() + '/'));
    };
    std::erase_if(tables_.sessions, belongs);
    std::erase_if(tables_.queues, belongs);
    std::erase_if(tables_.presences, belongs);
    std::erase_if(tables_.devices, belongs);
    append_events(tables_, hub, events);
    return {};
}

Result<std::vector<Device>> Devices::list(const HubName& hub, const std::string& after,
                                          std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<Device> devices;
    for (DeviceWithTwin& found :
         page_of(tables_.devices, {hub.text(), after}, count_max, is_device)) {
        devices.push_back(std::move(found.device));
    }
    return devices;
}

Result<std::vector<Device>> Devices::modules(const HubName& hub, const DeviceId& device) {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<Device> modules;
    for (const auto& [key, row] : tables_.devices) {
        if (key.first == hub.text() && is_module(row) && row.device.id == device) {
            modules.push_back(row.device);
        }
    }
    return modules;
}

Result<IdentityCounts> Devices::counts(const HubName& hub) {
    const std::scoped_lock lock(tables_.mutex);
    const auto is_disabled = [](const DeviceWithTwin& row) {
        return is_device(row) && row.device.status == hub::DeviceStatus::disabled;
    };
    return IdentityCounts{.devices = count_of(tables_.devices, hub.text(), is_device),
                          .disabled_devices = count_of(tables_.devices, hub.text(), is_disabled),
                          .modules = count_of(tables_.devices, hub.text(), is_module)};
}

Result<std::vector<hub::StoredSubscription>> Sessions::load(const HubName& hub,
                                                            const IdentityId& id) {
    const std::scoped_lock lock(tables_.mutex);
    return find_in(tables_.sessions, {hub.text(), id.text()})
        .value_or(std::vector<hub::StoredSubscription>{});
}

Result<void> Sessions::save(const HubName& hub, const IdentityId& id,
                            const std::vector<hub::StoredSubscription>& subscriptions) {
    const std::scoped_lock lock(tables_.mutex);
    const Key key{hub.text(), id.text()};
    if (subscriptions.empty()) {
        tables_.sessions.erase(key);
        return {};
    }
    if (!tables_.devices.contains(key)) {
        return no_such_device();
    }
    tables_.sessions.insert_or_assign(key, subscriptions);
    return {};
}

} // namespace muster::store::memory
