#include "store/memory/ports.h"
#include "store/outcomes.h"

#include <limits>

namespace muster::store::memory {

using hub::Device;
using hub::DeviceWithTwin;

Result<std::optional<Device>> Devices::find_device(const HubName& hub, const DeviceId& id) {
    const std::scoped_lock lock(tables_.mutex);
    const auto found = tables_.devices.find({hub.text(), id.text()});
    return found == tables_.devices.end() ? std::nullopt : std::optional(found->second.device);
}

Result<std::optional<DeviceWithTwin>> Devices::find(const HubName& hub, const DeviceId& id) {
    const std::scoped_lock lock(tables_.mutex);
    return find_in(tables_.devices, {hub.text(), id.text()});
}

Result<void> Devices::create(const HubName& hub, const DeviceWithTwin& device) {
    const std::scoped_lock lock(tables_.mutex);
    if (!tables_.devices.try_emplace({hub.text(), device.device.id.text()}, device).second) {
        return device_exists();
    }
    return {};
}

Result<void> Devices::update_device(const HubName& hub, const Device& device,
                                    std::int64_t expected_version) {
    const std::scoped_lock lock(tables_.mutex);
    const auto found = tables_.devices.find({hub.text(), device.id.text()});
    if (found == tables_.devices.end() || found->second.device.version != expected_version) {
        return version_conflict();
    }
    found->second.device = device;
    return {};
}

Result<void> Devices::update_twin(const HubName& hub, const DeviceId& id, const hub::Twin& twin,
                                  std::int64_t expected_version) {
    const std::scoped_lock lock(tables_.mutex);
    const auto found = tables_.devices.find({hub.text(), id.text()});
    if (found == tables_.devices.end() || found->second.twin.version != expected_version) {
        return version_conflict();
    }
    found->second.twin = twin;
    return {};
}

Result<void> Devices::erase(const HubName& hub, const DeviceId& id, std::int64_t expected_version) {
    const std::scoped_lock lock(tables_.mutex);
    const auto found = tables_.devices.find({hub.text(), id.text()});
    if (found == tables_.devices.end() || found->second.device.version != expected_version) {
        return version_conflict();
    }
    tables_.sessions.erase(found->first);
    tables_.devices.erase(found);
    return {};
}

Result<std::vector<Device>> Devices::list(const HubName& hub, const std::string& after,
                                          std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<Device> devices;
    for (DeviceWithTwin& found : page_of(tables_.devices, {hub.text(), after}, count_max)) {
        devices.push_back(std::move(found.device));
    }
    return devices;
}

Result<std::int64_t> Devices::count(const HubName& hub) {
    const std::scoped_lock lock(tables_.mutex);
    const auto all =
        page_of(tables_.devices, {hub.text(), ""}, std::numeric_limits<std::size_t>::max());
    return static_cast<std::int64_t>(all.size());
}

Result<std::vector<hub::StoredSubscription>> Sessions::load(const HubName& hub,
                                                            const DeviceId& id) {
    const std::scoped_lock lock(tables_.mutex);
    return find_in(tables_.sessions, {hub.text(), id.text()})
        .value_or(std::vector<hub::StoredSubscription>{});
}

Result<void> Sessions::save(const HubName& hub, const DeviceId& id,
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
