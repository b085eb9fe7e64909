#include "app/config.h"

#include "app/config_reader.h"
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace muster::app {

namespace {

using provisioning::AllocationPolicy;

std::optional<AllocationPolicy> policy_named(std::string_view name) {
    if (equal_ignoring_case(name, "hashed")) {
        return AllocationPolicy::hashed;
    }
    if (equal_ignoring_case(name, "static")) {
        return AllocationPolicy::fixed;
    }
    if (equal_ignoring_case(name, "geoLatency")) {
        return AllocationPolicy::geo_latency;
    }
    return std::nullopt;
}

std::string_view name_of(AllocationPolicy policy) {
    switch (policy) {
    case AllocationPolicy::hashed: return "hashed";
    case AllocationPolicy::geo_latency: return "geoLatency";
    case AllocationPolicy::fixed: return "static";
    case AllocationPolicy::custom: return "custom";
    }
    return "hashed";
}

std::optional<log::Level> level_named(std::string_view name) {
    static constexpr std::pair<std::string_view, log::Level> levels[] = {
        {"debug", log::Level::debug}, {"info", log::Level::info}, {"warning", log::Level::warning},
        {"error", log::Level::error}, {"off", log::Level::off},
    };
    for (const auto& [text, level] : levels) {
        if (text == name) {
            return level;
        }
    }
    return std::nullopt;
}

std::string_view name_of(log::Level level) {
    switch (level) {
    case log::Level::debug: return "debug";
    case log::Level::info: return "info";
    case log::Level::warning: return "warning";
    case log::Level::error: return "error";
    case log::Level::off: return "off";
    }
    return "info";
}

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
    hub.devices_max = reader.number("devices_max", 1, 100'000'000).value_or(hub.devices_max);
    hub.telemetry_messages_max = reader.number("telemetry_messages_max", 1, 1'000'000'000)
                                     .value_or(hub.telemetry_messages_max);
    hub.telemetry_days_max = static_cast<int>(
        reader.number("telemetry_days_max", 1, 3650).value_or(hub.telemetry_days_max));
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

/// What the parts of a configuration looked at so far have taken.
struct Taken {
    std::set<std::string> hub_names;
    std::set<std::string> hosts;
    std::set<std::string> scopes;
    std::set<std::string> instance_names;
};

std::optional<Contradiction> contradiction_of(const HubConfig& hub, Taken& taken) {
    if (!taken.hub_names.insert(hub.name).second) {
        return Contradiction{hub.line, fmt::format("two hubs are named '{}'", hub.name)};
    }
    if (!taken.hosts.insert(hub.host.text()).second) {
        return Contradiction{hub.line, fmt::format("host '{}' is used twice", hub.host.text())};
    }
    return std::nullopt;
}

std::optional<Contradiction> contradiction_of(const InstanceConfig& instance, Taken& taken) {
    const std::string& scope = instance.scope.text();
    if (!taken.scopes.insert(scope).second) {
        return Contradiction{instance.line,
                             fmt::format("two instances have the ID scope '{}'", scope)};
    }
    if (!taken.instance_names.insert(to_lower(instance.name)).second) {
        return Contradiction{instance.line,
                             fmt::format("two instances are named '{}'", instance.name)};
    }
    for (const std::string& host : instance.hosts) {
        if (!taken.hosts.insert(host).second) {
            return Contradiction{instance.line, fmt::format("host '{}' is used twice", host)};
        }
    }
    for (const HubLink& link : instance.links) {
        if (!taken.hub_names.contains(link.hub)) {
            return Contradiction{
                link.line,
                fmt::format("instance '{}' links to '{}', which is no [[hub]]", scope, link.hub)};
        }
    }
    return std::nullopt;
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

std::optional<Contradiction> find_contradiction(const ServerConfig& config) {
    for (const std::string& address : config.listen) {
        if (!is_ip_address(address)) {
            return Contradiction{0, fmt::format("'{}' is not an IP address", address)};
        }
    }
    if (config.https_port == config.mqtt_port) {
        return Contradiction{0, "https_port and mqtt_port are the same"};
    }
    if (config.instances.empty()) {
        return Contradiction{0, "no [[instance]] is configured"};
    }
    if (config.hubs.empty()) {
        return Contradiction{0, "no [[hub]] is configured"};
    }
    Taken taken;
    for (const HubConfig& hub : config.hubs) {
        if (auto found = contradiction_of(hub, taken)) {
            return found;
        }
    }
    for (const InstanceConfig& instance : config.instances) {
        if (auto found = contradiction_of(instance, taken)) {
            return found;
        }
    }
    return std::nullopt;
}

std::string format_config(const ServerConfig& config) {
    const auto quoted = [](const std::vector<std::string>& texts) {
        std::string out;
        for (const std::string& text : texts) {
            out += fmt::format("{}\"{}\"", out.empty() ? "" : ", ", text);
        }
        return out;
    };
    std::string out =
        fmt::format("# Muster. Every setting is explained in docs/operating/"
                    "configuration.md.\n\n"
                    "[server]\nlisten = [{}]\nhttps_port = {}\nmqtt_port = {}\n"
                    "hosts = [{}]\ndomain = \"{}\"\n"
                    "workers = {}\nlog_level = \"{}\"\n",
                    quoted(config.listen), config.https_port, config.mqtt_port,
                    quoted(config.hosts), config.domain, config.workers, name_of(config.log_level));
    if (!config.key_file.empty()) {
        out += fmt::format("key_file = \"{}\"\n", config.key_file.string());
    }
    for (const HubConfig& hub : config.hubs) {
        out += fmt::format("\n[[hub]]\nname = \"{}\"\nhost = \"{}\"\ndevices_max = {}\n"
                           "telemetry_messages_max = {}\ntelemetry_days_max = {}\n",
                           hub.name, hub.host.text(), hub.devices_max, hub.telemetry_messages_max,
                           hub.telemetry_days_max);
    }
    for (const InstanceConfig& instance : config.instances) {
        out += fmt::format("\n[[instance]]\nname = \"{}\"\nid_scope = \"{}\"\n"
                           "tenant = \"{}\"\nhosts = [{}]\ndefault_allocation_policy = \"{}\"\n",
                           instance.name, instance.scope.text(), instance.tenant,
                           quoted(instance.hosts), name_of(instance.default_policy));
        for (const HubLink& link : instance.links) {
            out += fmt::format("\n  [[instance.link]]\n  hub = \"{}\"\n  weight = {}\n"
                               "  apply_allocation_policy = {}\n",
                               link.hub, link.weight, link.apply_allocation_policy);
        }
        for (const CaFile& certificate : instance.certificates) {
            out += fmt::format("\n  [[instance.certificate]]\n  name = \"{}\"\n  file = \"{}\"\n"
                               "  verified = {}\n",
                               certificate.name, certificate.file.string(), certificate.verified);
        }
    }
    return out;
}

} // namespace muster::app
