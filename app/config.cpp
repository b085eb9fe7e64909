#include "app/config.h"

#include "app/config_places.h"
#include "app/config_reader.h"
#include "app/config_routing.h"
#include "app/config_words.h"
#include "app/data_folder.h"
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::app {

namespace {

std::vector<std::string> lower_case(std::vector<std::string> names) {
    for (std::string& name : names) {
        name = to_lower(name);
    }
    return names;
}

void read_addresses(TableReader& reader, ServerConfig& config) {
    std::vector<std::string> listen = reader.texts("listen");
    for (const std::string& address : listen) {
        if (!is_ip_address(address)) {
            reader.mistake("listen", fmt::format("'{}' is not an IP address", address));
        }
    }
    if (!listen.empty()) {
        config.listen = std::move(listen);
    }
}

void read_server(const toml::table* table, ServerConfig& config, Mistakes& mistakes) {
    if (table == nullptr) {
        return;
    }
    TableReader reader(*table, "server", mistakes);
    read_addresses(reader, config);
    config.https_port = static_cast<std::uint16_t>(
        reader.number("https_port", 1, 65535).value_or(config.https_port));
    config.mqtt_port =
        static_cast<std::uint16_t>(reader.number("mqtt_port", 1, 65535).value_or(config.mqtt_port));
    config.hosts = lower_case(reader.texts("hosts"));
    config.domain = to_lower(reader.text("domain").value_or(config.domain));
    config.key_file = reader.text("key_file").value_or("");
    config.geo_database = reader.text("geo_database").value_or("");
    config.workers = static_cast<std::size_t>(
        reader.number("workers", 1, 1024).value_or(static_cast<std::int64_t>(config.workers)));
    if (const auto name = reader.text("log_level")) {
        if (const auto level = level_named(*name)) {
            config.log_level = *level;
        } else {
            reader.mistake("log_level", "must be debug, info, warning, error or off");
        }
    }
    reader.done();
}

constexpr std::int64_t minutes_of_two_days = 2880; // the longest that a message may wait

/// What a hub's event log holds beside telemetry.
std::vector<std::string> read_events(TableReader& reader) {
    std::vector<std::string> events = reader.texts("events");
    const auto known = hub_event_words();
    for (const std::string& event : events) {
        if (std::ranges::find(known, event) == known.end()) {
            reader.mistake("events", "must be of twin-changes, lifecycle and connections");
            break;
        }
    }
    return events;
}

void read_limits(TableReader& reader, HubConfig& hub) {
    const auto tier = reader.text("tier");
    hub.tier = tier ? hub::tier_named(*tier) : std::nullopt;
    if (tier && !hub.tier) {
        reader.mistake("tier", "must be one of F1, B1, B2, B3, S1, S2, S3");
    }
    if (reader.has("units") && !tier) {
        reader.mistake("units", "means nothing without a tier");
    }
    const std::int64_t units_max = hub.tier ? hub::units_max(*hub.tier) : 200;
    hub.units = static_cast<int>(reader.number("units", 1, units_max).value_or(hub.units));
    hub.unthrottled_policies = reader.texts("unthrottled_policies");
    const std::vector<std::string> known = hub_policy_names();
    for (const std::string& policy : hub.unthrottled_policies) {
        if (std::ranges::find(known, policy) == known.end()) {
            reader.mistake("unthrottled_policies", "there is no policy '" + policy + "'");
        }
    }
}

HubConfig read_hub(const toml::table& table, Mistakes& mistakes) {
    TableReader reader(table, "hub", mistakes);
    HubConfig hub;
    hub.line = table.source().begin.line;
    hub.name = reader.required_text("name");
    hub.host = HubName(reader.required_text("host"));
    // iothub A.1: the C client splits the host at its first dot and fails without one.
    if (!hub.host.empty() && hub.host.text().find('.') == std::string::npos) {
        reader.mistake("host", "must contain a dot, some devices cannot use it otherwise");
    }
    hub.location = reader.text("location").value_or("");
    if (!hub.location.empty()) {
        read_location(reader, "location", hub.location);
    }
    read_limits(reader, hub);
    hub.devices_max = reader.number("devices_max", 1, 100'000'000).value_or(hub.devices_max);
    hub.modules_max = static_cast<std::size_t>(reader.number("modules_max", 0, 1000).value_or(50));
    hub.ca_file = reader.text("ca_file").value_or("");
    hub.telemetry_messages_max = reader.number("telemetry_messages_max", 1, 1'000'000'000)
                                     .value_or(hub.telemetry_messages_max);
    hub.telemetry_days_max = static_cast<int>(
        reader.number("telemetry_days_max", 1, 3650).value_or(hub.telemetry_days_max));
    hub.telemetry_megabytes_max = reader.number("telemetry_megabytes_max", 1, 100'000'000)
                                      .value_or(hub.telemetry_megabytes_max);
    hub.partitions = static_cast<int>(
        reader.number("partitions", 1, hub_partitions_max).value_or(hub.partitions));
    hub.events = read_events(reader);
    hub.message_deliveries_max = static_cast<int>(
        reader.number("message_deliveries_max", 1, 100).value_or(hub.message_deliveries_max));
    hub.message_minutes = static_cast<int>(
        reader.number("message_minutes", 1, minutes_of_two_days).value_or(hub.message_minutes));
    read_routing(reader, hub, mistakes);
    reader.done();
    return hub;
}

HubLink read_link(const toml::table& table, Mistakes& mistakes) {
    TableReader reader(table, "instance.link", mistakes);
    HubLink link;
    link.line = table.source().begin.line;
    link.hub = reader.required_text("hub");
    link.weight = static_cast<int>(reader.number("weight", 1, 1000).value_or(link.weight));
    link.apply_allocation_policy =
        reader.flag("apply_allocation_policy").value_or(link.apply_allocation_policy);
    link.devices_max = reader.number("devices_max", 1, 100'000'000);
    reader.done();
    return link;
}

CaFile read_certificate(const toml::table& table, Mistakes& mistakes) {
    TableReader reader(table, "instance.certificate", mistakes);
    CaFile certificate;
    certificate.name = reader.required_text("name");
    certificate.file = reader.required_text("file");
    certificate.verified = reader.flag("verified").value_or(certificate.verified);
    reader.done();
    return certificate;
}

InstanceConfig read_instance(const toml::table& table, Mistakes& mistakes) {
    TableReader reader(table, "instance", mistakes);
    InstanceConfig instance;
    instance.line = table.source().begin.line;
    const std::string scope = reader.required_text("id_scope");
    if (auto parsed = parse_id_scope(scope)) {
        instance.scope = *parsed;
    } else if (!scope.empty()) {
        reader.mistake("id_scope", parsed.error().detail);
    }
    instance.name = reader.text("name").value_or(to_lower(scope));
    instance.tenant = reader.text("tenant").value_or(instance.tenant);
    instance.hosts = lower_case(reader.texts("hosts"));
    if (instance.hosts.empty()) {
        reader.mistake("hosts", "must name at least one host");
    }
    if (const auto name = reader.text("default_allocation_policy")) {
        if (const auto policy = policy_named(*name)) {
            instance.default_policy = *policy;
        } else {
            reader.mistake("default_allocation_policy", "must be hashed, static or geoLatency");
        }
    }
    for (const toml::table* link : reader.tables("link")) {
        instance.links.push_back(read_link(*link, mistakes));
    }
    for (const toml::table* certificate : reader.tables("certificate")) {
        instance.certificates.push_back(read_certificate(*certificate, mistakes));
    }
    reader.done();
    return instance;
}

void link_every_hub_where_none_is_named(ServerConfig& config) {
    for (InstanceConfig& instance : config.instances) {
        if (instance.links.empty()) {
            for (const HubConfig& hub : config.hubs) {
                instance.links.push_back({.hub = hub.name});
            }
        }
    }
}

} // namespace

Result<ServerConfig> parse_config(std::string_view text, const std::string& file_name) {
    Mistakes mistakes(file_name);
    toml::table document;
    try {
        document = toml::parse(text, file_name);
    } catch (const toml::parse_error& error) { // toml++ has no other way to say it
        mistakes.add_at_line(error.source().begin.line, std::string(error.description()));
        return fail(Code::malformed, mistakes.text());
    }

    ServerConfig config;
    TableReader reader(document, "(top)", mistakes);
    read_server(reader.table("server"), config, mistakes);
    for (const toml::table* hub : reader.tables("hub")) {
        config.hubs.push_back(read_hub(*hub, mistakes));
    }
    for (const toml::table* network : reader.tables("network")) {
        config.networks.push_back(read_network(*network, config.hubs, mistakes));
    }
    config.outgoing = read_outgoing(reader.table("outgoing"), mistakes);
    for (const toml::table* instance : reader.tables("instance")) {
        config.instances.push_back(read_instance(*instance, mistakes));
    }
    reader.done();
    link_every_hub_where_none_is_named(config);

    if (const auto found = mistakes.none() ? find_contradiction(config) : std::nullopt) {
        mistakes.add_at_line(found->line, found->what);
    }
    if (!mistakes.none()) {
        return fail(Code::malformed, mistakes.text());
    }
    return config;
}

} // namespace muster::app
