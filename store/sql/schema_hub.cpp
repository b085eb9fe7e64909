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

    // ---- queries ----
    // What rows of before say is sealed in their documents: see queries/facts.h, which keeps its
    // position in a table of its own.
    Statement{"ALTER TABLE device ADD COLUMN facts TEXT"},
    Statement{R"(
CREATE INDEX device_disabled ON device (hub, id) WHERE status = 'disabled')"},
    Statement{R"(
CREATE TABLE device_filling (
    hub TEXT NOT NULL,
    id TEXT NOT NULL))"},
    Statement{R"(
INSERT INTO device_filling (hub, id) SELECT '', '' WHERE EXISTS (SELECT 1 FROM device))"},

    // The digest tells whether a twin's tags have changed: most changes of twins leave them alone.
    Statement{"ALTER TABLE twin ADD COLUMN tags_digest TEXT"},
    Statement{R"(
CREATE TABLE twin_tag (
    hub TEXT NOT NULL,
    is_module SMALLINT NOT NULL,
    path TEXT NOT NULL,
    value TEXT NOT NULL,
    device TEXT NOT NULL,
    PRIMARY KEY (hub, is_module, path, value, device),
    FOREIGN KEY (hub, device) REFERENCES twin (hub, device) ON DELETE CASCADE))"},
    Statement{R"(
CREATE INDEX twin_tag_holder ON twin_tag (hub, device))"},

    Statement{R"(
CREATE TABLE presence (
    hub TEXT NOT NULL,
    id TEXT NOT NULL,
    connected SMALLINT NOT NULL,
    connection_updated BIGINT NOT NULL,
    last_activity BIGINT NOT NULL,
    PRIMARY KEY (hub, id),
    FOREIGN KEY (hub, id) REFERENCES device (hub, id) ON DELETE CASCADE))"},
    Statement{R"(
CREATE INDEX presence_connected ON presence (hub, id) WHERE connected = 1)"},

    // ---- events ----
    // `bytes` is what retention counts the event for. `part` is the partition, which means
    // something else in SQL.
    Statement{R"(
CREATE TABLE hub_event (
    hub TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    part SMALLINT NOT NULL,
    source SMALLINT NOT NULL,
    enqueued BIGINT NOT NULL,
    device TEXT NOT NULL,
    module TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    properties TEXT NOT NULL,
    auth_method TEXT NOT NULL,
    generation_id TEXT NOT NULL,
    model_id TEXT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (hub, sequence)))"},
    Statement{"CREATE INDEX hub_event_part ON hub_event (hub, part, sequence)"},
    // Remembers the last sequence when the events themselves are gone.
    Statement{R"(
CREATE TABLE hub_event_log (
    hub TEXT NOT NULL PRIMARY KEY,
    last_sequence BIGINT NOT NULL,
    bytes BIGINT NOT NULL))"},
    // How far readers have come; a `part` of -1 is all of them.
    Statement{R"(
CREATE TABLE hub_event_position (
    hub TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    part SMALLINT NOT NULL,
    sequence BIGINT NOT NULL,
    saved BIGINT NOT NULL,
    PRIMARY KEY (hub, kind, name, part)))"},
    // Telemetry of before had no partitions and lies in the first, until retention takes it.
    Statement{R"(
INSERT INTO hub_event (hub, sequence, part, source, enqueued, device, module, bytes, properties,
        auth_method, generation_id, model_id, body)
    SELECT hub, sequence, 0, 0, enqueued, device, '', LENGTH(body) + LENGTH(properties) + 256,
        properties, auth_method, generation_id, model_id, body FROM telemetry)"},
    Statement{R"(
INSERT INTO hub_event_log (hub, last_sequence, bytes)
    SELECT hub, last_sequence,
        (SELECT COALESCE(SUM(bytes), 0) FROM hub_event WHERE hub_event.hub = hub_telemetry.hub)
    FROM hub_telemetry)"},
    Statement{"DROP TABLE telemetry"},
    Statement{"DROP TABLE hub_telemetry"},

    // ---- cloud-to-device messages ----
    // A queue stands as long as its identity, for its numbers to go on; its messages go with it.
    Statement{R"(
CREATE TABLE message_queue (
    hub TEXT NOT NULL,
    device TEXT NOT NULL,
    version BIGINT NOT NULL,
    last_sequence BIGINT NOT NULL,
    pending BIGINT NOT NULL,
    PRIMARY KEY (hub, device),
    FOREIGN KEY (hub, device) REFERENCES device (hub, id) ON DELETE CASCADE))"},
    // `visible` is when the lock ends, 0 without one.
    Statement{R"(
CREATE TABLE message (
    hub TEXT NOT NULL,
    device TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    enqueued BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    visible BIGINT NOT NULL,
    lock_token TEXT NOT NULL,
    deliveries BIGINT NOT NULL,
    acknowledgement TEXT NOT NULL,
    generation_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    properties TEXT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (hub, device, sequence),
    FOREIGN KEY (hub, device) REFERENCES message_queue (hub, device) ON DELETE CASCADE))"},
    Statement{"CREATE INDEX message_expiry ON message (hub, expires)"},
    // Remembers the last sequence when the records themselves are gone.
    Statement{R"(
CREATE TABLE hub_feedback (
    hub TEXT NOT NULL PRIMARY KEY,
    last_sequence BIGINT NOT NULL))"},
    Statement{R"(
CREATE TABLE feedback (
    hub TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    at BIGINT NOT NULL,
    device TEXT NOT NULL,
    generation_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (hub, sequence)))"},
    Statement{"CREATE INDEX feedback_age ON feedback (hub, at)"},

    // ---- jobs, configurations ----
    // Progress is counted as rows change. `unfinished`: not ended, or with rows that have not.
    Statement{R"(
CREATE TABLE hub_job (
    hub TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    created BIGINT NOT NULL,
    starts BIGINT NOT NULL,
    ended BIGINT,
    unfinished SMALLINT NOT NULL,
    pending BIGINT NOT NULL,
    running BIGINT NOT NULL,
    succeeded BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    cancelled BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (hub, id)))"},
    Statement{"CREATE INDEX hub_job_created ON hub_job (hub, created, id)"},
    Statement{R"(
CREATE INDEX hub_job_unfinished ON hub_job (hub, starts, id) WHERE unfinished = 1)"},
    Statement{"CREATE INDEX hub_job_ended ON hub_job (hub, ended) WHERE ended IS NOT NULL"},
    // The id is "job/identity".
    Statement{R"(
CREATE TABLE hub_job_device (
    hub TEXT NOT NULL,
    id TEXT NOT NULL,
    job TEXT NOT NULL,
    identity TEXT NOT NULL,
    status TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (hub, id)))"},
    Statement{R"(
CREATE INDEX hub_job_device_status ON hub_job_device (hub, job, status, identity))"},
    Statement{"CREATE INDEX hub_job_device_identity ON hub_job_device (hub, identity, id)"},

    Statement{R"(
CREATE TABLE configuration (
    hub TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    metrics TEXT NOT NULL,
    PRIMARY KEY (hub, id)))"},
    // How often they were changed, and up to which change every twin was looked at.
    Statement{R"(
CREATE TABLE hub_configurations (
    hub TEXT NOT NULL PRIMARY KEY,
    changed BIGINT NOT NULL,
    applied BIGINT NOT NULL))"},

    // ---- limits ----
    Statement{"CREATE TABLE hub_usage (hub TEXT NOT NULL PRIMARY KEY, day BIGINT NOT NULL,"
              " messages BIGINT NOT NULL)"},
};

} // namespace

std::span<const Statement> hub_migration() {
    return hub_tables;
}

} // namespace muster::store::sql
