#include "hub/documents.h"
#include "store/outcomes.h"
#include "store/sql/event_rows.h"
#include "store/sql/ports.h"
#include "store/sql/queries/facts.h"
#include "store/sql/queries/tag_index.h"
#include "store/sql/rows.h"

namespace muster::store::sql {

using hub::Device;
using hub::DeviceWithTwin;
using hub::IdentityCounts;
using hub::IdentityId;

namespace {

constexpr Statement select_device{"SELECT document FROM device WHERE hub = $1 AND id = $2"};
constexpr Statement select_device_with_twin{
    "SELECT device.document, twin.document FROM device"
    " JOIN twin ON twin.hub = device.hub AND twin.device = device.id"
    " WHERE device.hub = $1 AND device.id = $2"};
constexpr Statement select_devices{"SELECT id, document FROM device"
                                   " WHERE hub = $1 AND id > $2 AND parent IS NULL"
                                   " ORDER BY id LIMIT $3"};
constexpr Statement select_modules{
    "SELECT id, document FROM device WHERE hub = $1 AND parent = $2 ORDER BY id"};
constexpr Statement select_there{"SELECT 1 FROM device WHERE hub = $1 AND id = $2"};
constexpr Statement select_status{
    "SELECT status FROM device WHERE hub = $1 AND id = $2 AND version = $3"};
constexpr Statement insert_device{"INSERT INTO device (hub, id, version, status, document, parent) "
                                  "VALUES ($1, $2, $3, $4, $5, $6)"
                                  " ON CONFLICT (hub, id) DO NOTHING"};
constexpr Statement update_device_row{"UPDATE device SET version = $3, status = $4, document = $5"
                                      " WHERE hub = $1 AND id = $2 AND version = $6"};
// Twin and session go with it (foreign keys).
constexpr Statement delete_device{"DELETE FROM device WHERE hub = $1 AND id = $2 AND version = $3"};
constexpr Statement delete_modules{"DELETE FROM device WHERE hub = $1 AND parent = $2"};
constexpr Statement insert_twin{
    "INSERT INTO twin (hub, device, version, document) VALUES ($1, $2, $3, $4)"};
constexpr Statement update_twin_row{"UPDATE twin SET version = $3, document = $4"
                                    " WHERE hub = $1 AND device = $2 AND version = $5"};
constexpr Statement select_counts{"SELECT device_count, disabled_count, module_count"
                                  " FROM hub_devices WHERE hub = $1"};
constexpr Statement add_to_counts{
    "INSERT INTO hub_devices (hub, device_count, disabled_count, module_count)"
    " VALUES ($1, $2, $3, $4) ON CONFLICT (hub) DO UPDATE SET"
    " device_count = hub_devices.device_count + excluded.device_count,"
    " disabled_count = hub_devices.disabled_count + excluded.disabled_count,"
    " module_count = hub_devices.module_count + excluded.module_count"};

constexpr std::string_view enabled_column = "enabled";
constexpr std::string_view disabled_column = "disabled";

std::string_view status_column(const Device& device) {
    return device.status == hub::DeviceStatus::enabled ? enabled_column : disabled_column;
}

/// What a row of this status adds to the counts.
IdentityCounts counts_of(const IdentityId& id, std::string_view status) {
    if (id.is_module()) {
        return {.modules = 1};
    }
    return {.devices = 1, .disabled_devices = status == disabled_column ? 1 : 0};
}

Result<void> count(Connection& connection, const HubName& hub, const IdentityCounts& change) {
    return run_only(connection, add_to_counts,
                    {hub.text(), change.devices, change.disabled_devices, change.modules});
}

/// The status of a row, as it is now. Error: conflict, if it is not of that version.
Result<std::string> status_of(Connection& connection, const HubName& hub, std::string_view key,
                              std::int64_t version) {
    std::string status;
    const auto ran = connection.run(select_status, {hub.text(), key, version},
                                    [&](const Row& row) { status = row.text(0); });
    if (!ran) {
        return std::unexpected(ran.error());
    }
    return status.empty() ? version_conflict() : Result<std::string>(std::move(status));
}

/// An identity and its twin on their way into their tables.
struct NewRow {
    const DeviceWithTwin* value = nullptr;
    std::string key;
    std::string device;
    std::string twin;
};

Result<void> check_parent(Connection& connection, const HubName& hub, const Device& module) {
    const auto there = integer_of(connection, select_there, {hub.text(), module.id.text()}, 0);
    if (!there) {
        return std::unexpected(there.error());
    }
    return *there == 1 ? Result<void>() : no_such_device();
}

Result<void> insert(Connection& connection, const HubName& hub, const NewRow& row) {
    const auto& [device, twin] = *row.value;
    const IdentityId id = device.identity();
    if (id.is_module()) {
        if (auto fine = check_parent(connection, hub, device); !fine) {
            return fine;
        }
    }
    const Value parent = id.is_module() ? Value(std::string_view(device.id.text())) : Value(Null());
    const std::string_view status = status_column(device);
    const auto created = must_change(
        connection, insert_device,
        {hub.text(), row.key, device.version, status, row.device, parent}, device_exists());
    if (!created) {
        return created;
    }
    const auto with_twin =
        run_only(connection, insert_twin, {hub.text(), row.key, twin.version, row.twin});
    if (!with_twin) {
        return with_twin;
    }
    const auto noted = note_for_queries(connection, hub, *row.value);
    return noted ? count(connection, hub, counts_of(id, status)) : noted;
}

/// A row of device and twin, as copied.
struct Texts {
    std::string device;
    std::string twin;
};

} // namespace

Result<std::optional<Device>> Devices::find_device(const HubName& hub, const IdentityId& id) {
    const std::string key = id.text();
    return devices_.find<Device>({hub.text(), key}, select_device, {hub.text(), key},
                                 hub::stored_device);
}

Result<std::optional<DeviceWithTwin>> Devices::find(const HubName& hub, const IdentityId& id) {
    const std::string key = id.text();
    std::optional<Texts> found;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran =
            connection.run(select_device_with_twin, {hub.text(), key}, [&](const Row& row) {
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
    auto device = devices_.open<Device>({hub.text(), key}, found->device, hub::stored_device);
    if (!device) {
        return std::unexpected(device.error());
    }
    auto twin = from_text<hub::Twin>(found->twin, hub::stored_twin);
    if (!twin) {
        return std::unexpected(twin.error());
    }
    return DeviceWithTwin{std::move(*device), std::move(*twin)};
}

Result<void> Devices::create(const HubName& hub, std::span<const DeviceWithTwin> identities,
                             hub::EventBatch& events) {
    std::vector<NewRow> rows;
    for (const DeviceWithTwin& one : identities) {
        std::string key = one.device.identity().text();
        std::string device = devices_.seal({hub.text(), key}, to_stored_document(one.device));
        rows.push_back(
            {&one, std::move(key), std::move(device), to_text(to_stored_document(one.twin))});
    }
    return write_with_events(database_, hub, events, [&](Connection& connection) -> Result<void> {
        for (const NewRow& row : rows) {
            if (auto inserted = insert(connection, hub, row); !inserted) {
                return inserted;
            }
        }
        return {};
    });
}

Result<void> Devices::update_device(const HubName& hub, const Device& device,
                                    std::int64_t expected_version) {
    const IdentityId id = device.identity();
    const std::string key = id.text();
    const std::string document = devices_.seal({hub.text(), key}, to_stored_document(device));
    const std::string_view status = status_column(device);
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto before = status_of(connection, hub, key, expected_version);
        if (!before) {
            return std::unexpected(before.error());
        }
        const auto updated =
            must_change(connection, update_device_row,
                        {hub.text(), key, device.version, status, document, expected_version},
                        version_conflict());
        if (!updated) {
            return updated;
        }
        const auto noted = note_facts(connection, hub, id, device);
        const std::int64_t more_disabled =
            counts_of(id, status).disabled_devices - counts_of(id, *before).disabled_devices;
        return noted && more_disabled != 0
                   ? count(connection, hub, {.disabled_devices = more_disabled})
                   : noted;
    });
}

Result<void> Devices::update_twin(const HubName& hub, const IdentityId& id, const hub::Twin& twin,
                                  std::int64_t expected_version, hub::EventBatch& events) {
    const std::string key = id.text();
    const std::string document = to_text(to_stored_document(twin));
    return write_with_events(database_, hub, events, [&](Connection& connection) {
        const auto updated = must_change(
            connection, update_twin_row,
            {hub.text(), key, twin.version, document, expected_version}, version_conflict());
        return updated ? index_tags(connection, hub, id, twin.tags) : updated;
    });
}

Result<void> Devices::erase(const HubName& hub, const IdentityId& id, std::int64_t expected_version,
                            hub::EventBatch& events) {
    const std::string key = id.text();
    return write_with_events(database_, hub, events, [&](Connection& connection) -> Result<void> {
        const auto status = status_of(connection, hub, key, expected_version);
        if (!status) {
            return std::unexpected(status.error());
        }
        const auto erased = must_change(connection, delete_device,
                                        {hub.text(), key, expected_version}, version_conflict());
        if (!erased) {
            return erased;
        }
        IdentityCounts gone = counts_of(id, *status);
        if (!id.is_module()) {
            const auto modules = connection.run(delete_modules, {hub.text(), key});
            if (!modules) {
                return std::unexpected(modules.error());
            }
            gone.modules = *modules;
        }
        return count(connection, hub,
                     {.devices = -gone.devices,
                      .disabled_devices = -gone.disabled_devices,
                      .modules = -gone.modules});
    });
}

Result<std::vector<Device>> Devices::list(const HubName& hub, const std::string& after,
                                          std::size_t count_max) {
    return devices_.read<Device>(hub.text(), select_devices,
                                 {hub.text(), after, row_limit(count_max)}, hub::stored_device);
}

Result<std::vector<Device>> Devices::modules(const HubName& hub, const DeviceId& device) {
    return devices_.read<Device>(hub.text(), select_modules, {hub.text(), device.text()},
                                 hub::stored_device);
}

Result<IdentityCounts> Devices::counts(const HubName& hub) {
    IdentityCounts counts;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran = connection.run(select_counts, {hub.text()}, [&](const Row& row) {
            counts = {.devices = row.integer(0),
                      .disabled_devices = row.integer(1),
                      .modules = row.integer(2)};
        });
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    return read ? Result<IdentityCounts>(counts) : std::unexpected(read.error());
}

} // namespace muster::store::sql
