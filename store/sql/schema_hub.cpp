// What the hubs added to the schema: migration 4. Every part of the hub has its own section.

#include "store/sql/schema_hub.h"

#include <array>

namespace muster::store::sql {

namespace {

constexpr std::array hub_tables{
    // ---- modules, facts of identities, presence ----
    // Rows of a module have the key "device/module" and name their device.
    Statement{"ALTER TABLE device ADD COLUMN parent TEXT"},
    Statement{"CREATE INDEX device_parent ON device (hub, parent) WHERE parent IS NOT NULL"},
    Statement{"ALTER TABLE hub_devices ADD COLUMN module_count BIGINT NOT NULL DEFAULT 0"},
    Statement{"ALTER TABLE hub_devices ADD COLUMN disabled_count BIGINT NOT NULL DEFAULT 0"},
    Statement{R"(
UPDATE hub_devices SET disabled_count =
    (SELECT COUNT(*) FROM device WHERE device.hub = hub_devices.hub AND status = 'disabled'))"},
    Statement{"ALTER TABLE telemetry ADD COLUMN module TEXT NOT NULL DEFAULT ''"},

    // ---- queries ----

    // ---- events ----

    // ---- cloud-to-device messages ----

    // ---- jobs, configurations ----

    // ---- limits ----
};

} // namespace

std::span<const Statement> hub_migration() {
    return hub_tables;
}

} // namespace muster::store::sql
