#include "hub/documents.h"
#include "store/outcomes.h"
#include "store/sql/ports.h"
#include "store/sql/rows.h"

namespace muster::store::sql {

using hub::Device;
using hub::DeviceWithTwin;

namespace {

constexpr Statement select_device{"SELECT document FROM device WHERE hub = $1 AND id = $2"};
constexpr Statement select_device_with_twin{
    "SELECT device.document, twin.document FROM device"
    " JOIN twin ON twin.hub = device.hub AND twin.device = device.id"
    " WHERE device.hub = $1 AND device.id = $2"};
constexpr Statement select_devices{
    "SELECT id, document FROM device WHERE hub = $1 AND id > $2 ORDER BY id LIMIT $3"};
constexpr Statement insert_device{
    "INSERT INTO device (hub, id, version, status, document) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (hub, id) DO NOTHING"};
constexpr Statement update_device_row{"UPDATE device SET version = $3, status = $4, document = $5"
                                      " WHERE hub = $1 AND id = $2 AND version = $6"};
// Twin and session go with it (foreign keys).
constexpr Statement delete_device{"DELETE FROM device WHERE hub = $1 AND id = $2 AND version = $3"};
constexpr Statement insert_twin{
    "INSERT INTO twin (hub, device, version, document) VALUES ($1, $2, $3, $4)"};
constexpr Statement update_twin_row{"UPDATE twin SET version = $3, document = $4"
                                    " WHERE hub = $1 AND device = $2 AND version = $5"};
constexpr Statement select_count{"SELECT device_count FROM hub_devices WHERE hub = $1"};
constexpr Statement add_to_count{
    "INSERT INTO hub_devices (hub, device_count) VALUES ($1, $2)"
    " ON CONFLICT (hub)"
    " DO UPDATE SET device_count = hub_devices.device_count + excluded.device_count"};

std::string_view status_column(const Device& device) {
    return device.status == hub::DeviceStatus::enabled ? "enabled" : "disabled";
}

RowKey key_of(const HubName& hub, const DeviceId& id) {
    return {hub.text(), id.text()};
}

/// A row of device and twin, as copied.
struct Texts {
    std::string device;
    std::string twin;
};

} // namespace

Result<std::optional<Device>> Devices::find_device(const HubName& hub, const DeviceId& id) {
    return devices_.find<Device>(key_of(hub, id), select_device, {hub.text(), id.text()},
                                 hub::stored_device);
}

Result<std::optional<DeviceWithTwin>> Devices::find(const HubName& hub, const DeviceId& id) {
    std::optional<Texts> found;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran =
            connection.run(select_device_with_twin, {hub.text(), id.text()}, [&](const Row& row) {
                found = Texts{std::string(row.text(0)), std::string(row.text(1))};
            });
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    if (!found) {
        return std::nullopt;
    }
    auto device = devices_.open<Device>(key_of(hub, id), found->device, hub::stored_device);
    if (!device) {
        return std::unexpected(device.error());
    }
    auto twin = from_text<hub::Twin>(found->twin, hub::stored_twin);
    if (!twin) {
        return std::unexpected(twin.error());
    }
    return DeviceWithTwin{std::move(*device), std::move(*twin)};
}

Result<void> Devices::create(const HubName& hub, const DeviceWithTwin& device) {
    const auto& [identity, twin] = device;
    const std::string identity_text =
        devices_.seal(key_of(hub, identity.id), to_stored_document(identity));
    const std::string twin_text = to_text(to_stored_document(twin));
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto created = must_change(connection, insert_device,
                                         {hub.text(), identity.id.text(), identity.version,
                                          status_column(identity), identity_text},
                                         device_exists());
        if (!created) {
            return created;
        }
        const auto with_twin = run_only(connection, insert_twin,
                                        {hub.text(), identity.id.text(), twin.version, twin_text});
        if (!with_twin) {
            return with_twin;
        }
        return run_only(connection, add_to_count, {hub.text(), 1});
    });
}

Result<void> Devices::update_device(const HubName& hub, const Device& device,
                                    std::int64_t expected_version) {
    const std::string document = devices_.seal(key_of(hub, device.id), to_stored_document(device));
    return database_.write([&](Connection& connection) {
        return must_change(connection, update_device_row,
                           {hub.text(), device.id.text(), device.version, status_column(device),
                            document, expected_version},
                           version_conflict());
    });
}

Result<void> Devices::update_twin(const HubName& hub, const DeviceId& id, const hub::Twin& twin,
                                  std::int64_t expected_version) {
    const std::string document = to_text(to_stored_document(twin));
    return database_.write([&](Connection& connection) {
        return must_change(connection, update_twin_row,
                           {hub.text(), id.text(), twin.version, document, expected_version},
                           version_conflict());
    });
}

Result<void> Devices::erase(const HubName& hub, const DeviceId& id, std::int64_t expected_version) {
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto erased =
            must_change(connection, delete_device, {hub.text(), id.text(), expected_version},
                        version_conflict());
        return erased ? run_only(connection, add_to_count, {hub.text(), -1}) : erased;
    });
}

Result<std::vector<Device>> Devices::list(const HubName& hub, const std::string& after,
                                          std::size_t count_max) {
    return devices_.read<Device>(hub.text(), select_devices,
                                 {hub.text(), after, row_limit(count_max)}, hub::stored_device);
}

Result<std::int64_t> Devices::count(const HubName& hub) {
    return read_integer(database_, select_count, {hub.text()}, 0);
}

} // namespace muster::store::sql
