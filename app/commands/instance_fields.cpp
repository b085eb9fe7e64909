#include "app/commands/instance_fields.h"

#include "base/text.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace muster::app {

namespace {

/// The connection string of a hub that is named by one, or by a name that the local server knows.
Result<Secret> hub_connection(const std::string& text, const ReadyFile* local) {
    if (text.find('=') != std::string::npos) {
        return Secret(std::string(text));
    }
    const auto is_named = [&](const ReadyHub& hub) {
        return equal_ignoring_case(hub.name, text) || equal_ignoring_case(hub.host_name, text);
    };
    if (local != nullptr) {
        const auto hub = std::ranges::find_if(local->hubs, is_named);
        if (hub != local->hubs.end()) {
            return hub->connection_string;
        }
    }
    return fail(Code::malformed,
                fmt::format("'{}' is no hub of the server on this machine; give its connection "
                            "string (of a policy that may write the registry)",
                            text));
}

Result<JsonObject> hub_document(const std::string& text, const ReadyFile* local) {
    const auto connection = hub_connection(text, local);
    if (!connection) {
        return std::unexpected(connection.error());
    }
    const auto parsed = parse_connection_string(connection->reveal());
    if (!parsed) {
        return std::unexpected(parsed.error());
    }
    return JsonObject{{"name", parsed->host}, {"connectionString", connection->reveal()}};
}

JsonObject quotas_document(const InstanceFields& fields) {
    JsonObject quotas;
    const auto set = [&](std::string_view member, const std::optional<std::int64_t>& maximum) {
        if (maximum) {
            quotas[member] = *maximum;
        }
    };
    set("enrollments", fields.enrollments_max);
    set("enrollmentGroups", fields.groups_max);
    set("registrations", fields.registrations_max);
    return quotas;
}

} // namespace

void add_instance_fields(CLI::App& command, InstanceFields& fields) {
    command.add_option("--tenant", fields.tenant, "whose it is; at creation only");
    command.add_option("--location", fields.location, "a label");
    command.add_option("--allocation-policy", fields.allocation_policy,
                       "hashed, geoLatency, static or custom");
    command.add_option("--host", fields.hosts, "a further host name of its service API");
    command.add_option("--hub", fields.hubs,
                       "the hubs it is linked with: connection strings, or names of hubs of the "
                       "server on this machine");
    command.add_option("--shared-key-access", fields.shared_key_access,
                       "false: SAS tokens of policies are refused");
    command.add_option("--public-network-access", fields.public_network_access,
                       "false: only loopback and private addresses get in");
    command.add_option("--enrollments-max", fields.enrollments_max, "quota of enrollments");
    command.add_option("--groups-max", fields.groups_max, "quota of enrollment groups");
    command.add_option("--registrations-max", fields.registrations_max, "quota of registrations");
}

Result<JsonObject> instance_document(const InstanceFields& fields, const ReadyFile* local) {
    JsonObject document;
    const auto set = [&](std::string_view member, const auto& value) {
        if (value) {
            document[member] = *value;
        }
    };
    set("tenant", fields.tenant);
    set("location", fields.location);
    set("allocationPolicy", fields.allocation_policy);
    set("sharedKeyAccess", fields.shared_key_access);
    set("publicNetworkAccess", fields.public_network_access);
    if (!fields.hosts.empty()) {
        document["hosts"] = JsonArray(fields.hosts.begin(), fields.hosts.end());
    }
    if (!fields.hubs.empty()) {
        JsonArray hubs;
        for (const std::string& text : fields.hubs) {
            auto hub = hub_document(text, local);
            if (!hub) {
                return hub;
            }
            hubs.push_back(*std::move(hub));
        }
        document["hubs"] = std::move(hubs);
    }
    if (auto quotas = quotas_document(fields); !quotas.empty()) {
        document["quotas"] = std::move(quotas);
    }
    return document;
}

} // namespace muster::app
