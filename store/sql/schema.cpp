// Rules of the schema: the tenant (scope or hub) leads every primary key; a key holds ids in the
// form in which they are compared; `document` holds everything (provisioning/documents.h,
// hub/documents.h) and a column beside it exists only because a statement looks for it. Texts
// compare byte by byte: SQLite's default, and the "C" collation of a PostgreSQL database.

#include "store/sql/schema.h"

#include "store/sql/schema_hub.h"

#include <array>

namespace muster::store::sql {

namespace {

constexpr std::array first_tables{
    Statement{R"(
CREATE TABLE enrollment (
    scope TEXT NOT NULL,
    folded_id TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (scope, folded_id)))"},

    // The key refuses a certificate that belongs to another enrollment (dps-service 14, 15).
    Statement{R"(
CREATE TABLE enrollment_certificate (
    scope TEXT NOT NULL,
    sha256_thumbprint TEXT NOT NULL,
    folded_id TEXT NOT NULL,
    PRIMARY KEY (scope, sha256_thumbprint),
    FOREIGN KEY (scope, folded_id) REFERENCES enrollment (scope, folded_id) ON DELETE CASCADE))"},
    Statement{R"(
CREATE INDEX enrollment_certificate_holder ON enrollment_certificate (scope, folded_id))"},

    Statement{R"(
CREATE TABLE enrollment_group (
    scope TEXT NOT NULL,
    folded_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (scope, folded_id)))"},
    Statement{R"(
CREATE TABLE scope_revision (
    scope TEXT NOT NULL PRIMARY KEY,
    groups_revision BIGINT NOT NULL))"},

    Statement{R"(
CREATE TABLE registration (
    scope TEXT NOT NULL,
    folded_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    status TEXT NOT NULL,
    folded_group TEXT,
    unfinished SMALLINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (scope, folded_id)))"},
    Statement{R"(
CREATE INDEX registration_group ON registration (scope, folded_group, folded_id)
    WHERE folded_group IS NOT NULL)"},
    Statement{R"(
CREATE INDEX registration_unfinished ON registration (scope, folded_id) WHERE unfinished = 1)"},

    Statement{R"(
CREATE TABLE device (
    hub TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    status TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (hub, id)))"},
    // Counting a million rows at every creation would be slow.
    Statement{R"(
CREATE TABLE hub_devices (
    hub TEXT NOT NULL PRIMARY KEY,
    device_count BIGINT NOT NULL))"},

    // Apart from the identity: twins are large and change often, identities are read at every
    // connection.
    Statement{R"(
CREATE TABLE twin (
    hub TEXT NOT NULL,
    device TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (hub, device),
    FOREIGN KEY (hub, device) REFERENCES device (hub, id) ON DELETE CASCADE))"},
    Statement{R"(
CREATE TABLE session (
    hub TEXT NOT NULL,
    device TEXT NOT NULL,
    subscriptions TEXT NOT NULL,
    PRIMARY KEY (hub, device),
    FOREIGN KEY (hub, device) REFERENCES device (hub, id) ON DELETE CASCADE))"},

    // Remembers the last sequence when the messages themselves are gone.
    Statement{R"(
CREATE TABLE hub_telemetry (
    hub TEXT NOT NULL PRIMARY KEY,
    last_sequence BIGINT NOT NULL))"},
    Statement{R"(
CREATE TABLE telemetry (
    hub TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    enqueued BIGINT NOT NULL,
    device TEXT NOT NULL,
    properties TEXT NOT NULL,
    auth_method TEXT NOT NULL,
    generation_id TEXT NOT NULL,
    model_id TEXT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (hub, sequence)))"},
};

// The operator's side. A null in the journal means that the event has none: what no statement can
// ask for stands in no index.
constexpr std::array operator_tables{
    Statement{R"(
CREATE TABLE instance (
    scope TEXT NOT NULL PRIMARY KEY,
    folded_name TEXT NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    document TEXT NOT NULL))"},
    Statement{R"(
CREATE TABLE admin_token (
    id TEXT NOT NULL PRIMARY KEY,
    document TEXT NOT NULL))"},

    Statement{R"(
CREATE TABLE audit (
    scope TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    hash TEXT NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (scope, sequence)))"},

    Statement{R"(
CREATE TABLE journal (
    scope TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    folded_id TEXT NOT NULL,
    tracking TEXT,
    folded_group TEXT,
    refusal SMALLINT NOT NULL,
    at BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (scope, sequence)))"},
    Statement{R"(
CREATE INDEX journal_device ON journal (scope, folded_id, sequence))"},
    Statement{R"(
CREATE INDEX journal_tracking ON journal (scope, tracking, sequence)
    WHERE tracking IS NOT NULL)"},
    Statement{R"(
CREATE INDEX journal_group ON journal (scope, folded_group, sequence)
    WHERE folded_group IS NOT NULL)"},

    Statement{R"(
CREATE INDEX journal_refusal ON journal (scope, sequence) WHERE refusal = 1)"},
    // Remembers the last sequence when the events themselves are gone, and how many there are.
    Statement{R"(
CREATE TABLE scope_journal (
    scope TEXT NOT NULL PRIMARY KEY,
    last_sequence BIGINT NOT NULL,
    events BIGINT NOT NULL))"},

    // Counting a million rows at every creation would be slow.
    Statement{R"(
CREATE TABLE scope_count (
    scope TEXT NOT NULL PRIMARY KEY,
    enrollments BIGINT NOT NULL,
    enrollment_groups BIGINT NOT NULL,
    registrations BIGINT NOT NULL))"},
    Statement{R"(
INSERT INTO scope_count (scope, enrollments, enrollment_groups, registrations)
    SELECT scope, SUM(enrollments), SUM(enrollment_groups), SUM(registrations) FROM (
        SELECT scope, COUNT(*) AS enrollments, 0 AS enrollment_groups, 0 AS registrations
            FROM enrollment GROUP BY scope
        UNION ALL SELECT scope, 0, COUNT(*), 0 FROM enrollment_group GROUP BY scope
        UNION ALL SELECT scope, 0, 0, COUNT(*) FROM registration GROUP BY scope) AS counted
    GROUP BY scope)"},

    // Versions of before sealed nothing; see finish_sealing().
    Statement{"CREATE TABLE sealing_under_way (since BIGINT)"},
};

// Where devices are, and the operations that move them. What rows of before say of hubs is sealed
// in their documents: see registration_filling.h, which keeps its position in a table of its own.
constexpr std::array fleet_tables{
    Statement{"ALTER TABLE registration ADD COLUMN hub TEXT"},
    Statement{"ALTER TABLE registration ADD COLUMN assigned_hub TEXT"},
    Statement{"ALTER TABLE registration ADD COLUMN erased SMALLINT NOT NULL DEFAULT 0"},
    Statement{R"(
CREATE INDEX registration_hub ON registration (scope, hub) WHERE hub IS NOT NULL)"},
    Statement{R"(
CREATE INDEX registration_assigned_hub ON registration (scope, assigned_hub, folded_id)
    WHERE assigned_hub IS NOT NULL)"},
    Statement{R"(
CREATE TABLE registration_filling (
    scope TEXT NOT NULL,
    folded_id TEXT NOT NULL))"},
    Statement{R"(
INSERT INTO registration_filling (scope, folded_id)
    SELECT '', '' WHERE EXISTS (SELECT 1 FROM registration))"},

    Statement{R"(
CREATE TABLE fleet_operation (
    scope TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    begun BIGINT NOT NULL,
    ended SMALLINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (scope, id)))"},
};

} // namespace

std::span<const Migration> migrations() {
    static const std::array all{Migration{first_tables}, Migration{operator_tables},
                                Migration{fleet_tables}, Migration{hub_migration()}};
    return all;
}

} // namespace muster::store::sql
