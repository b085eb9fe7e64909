// A configuration as the file that reads back to it.

#include "app/config.h"
#include "app/config_routing.h"
#include "app/config_words.h"

#include <fmt/format.h>

namespace muster::app {

namespace {

std::string quoted(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts) {
        out += fmt::format("{}\"{}\"", out.empty() ? "" : ", ", text);
    }
    return out;
}

std::string format_server(const ServerConfig& config) {
    std::string out =
        fmt::format("[server]\nlisten = [{}]\nhttps_port = {}\nmqtt_port = {}\n"
                    "hosts = [{}]\ndomain = \"{}\"\n"
                    "workers = {}\nlog_level = \"{}\"\n",
                    quoted(config.listen), config.https_port, config.mqtt_port,
                    quoted(config.hosts), config.domain, config.workers, name_of(config.log_level));
    if (!config.key_file.empty()) {
        out += fmt::format("key_file = \"{}\"\n", config.key_file.string());
    }
    if (!config.geo_database.empty()) {
        out += fmt::format("geo_database = \"{}\"\n", config.geo_database.string());
    }
    return out;
}

std::string format_outgoing(const OutgoingConfig& outgoing) {
    if (outgoing.allow.empty() && outgoing.ca_file.empty()) {
        return {};
    }
    std::string out = fmt::format("\n[outgoing]\nallow = [{}]\n", quoted(outgoing.allow));
    if (!outgoing.ca_file.empty()) {
        out += fmt::format("ca_file = \"{}\"\n", outgoing.ca_file.string());
    }
    return out;
}

std::string format_hub(const HubConfig& hub) {
    std::string out = fmt::format("\n[[hub]]\nname = \"{}\"\nhost = \"{}\"\ndevices_max = {}\n"
                                  "modules_max = {}\n"
                                  "telemetry_messages_max = {}\ntelemetry_days_max = {}\n"
                                  "telemetry_megabytes_max = {}\npartitions = {}\n"
                                  "events = [{}]\n"
                                  "message_deliveries_max = {}\nmessage_minutes = {}\n",
                                  hub.name, hub.host.text(), hub.devices_max, hub.modules_max,
                                  hub.telemetry_messages_max, hub.telemetry_days_max,
                                  hub.telemetry_megabytes_max, hub.partitions, quoted(hub.events),
                                  hub.message_deliveries_max, hub.message_minutes);
    if (!hub.ca_file.empty()) {
        out += fmt::format("ca_file = \"{}\"\n", hub.ca_file.string());
    }
    if (hub.tier) {
        out += fmt::format("tier = \"{}\"\nunits = {}\n", hub::to_string(*hub.tier), hub.units);
    }
    if (!hub.unthrottled_policies.empty()) {
        out += fmt::format("unthrottled_policies = [{}]\n", quoted(hub.unthrottled_policies));
    }
    if (!hub.location.empty()) {
        out += fmt::format("location = \"{}\"\n", hub.location);
    }
    return out + format_routing(hub);
}

std::string format_network(const NetworkPlace& network) {
    std::string out = fmt::format("\n[[network]]\ncidr = \"{}\"\n", network.cidr);
    if (network.location) {
        out += fmt::format("location = \"{},{}\"\n", network.location->latitude,
                           network.location->longitude);
    }
    std::string latencies;
    for (const auto& [hub, round_trip_ms] : network.latencies_ms) {
        latencies +=
            fmt::format("{}\"{}\" = {}", latencies.empty() ? "" : ", ", hub.text(), round_trip_ms);
    }
    return latencies.empty() ? out : out + fmt::format("latencies = {{ {} }}\n", latencies);
}

std::string format_link(const HubLink& link) {
    std::string out = fmt::format("\n  [[instance.link]]\n  hub = \"{}\"\n  weight = {}\n"
                                  "  apply_allocation_policy = {}\n",
                                  link.hub, link.weight, link.apply_allocation_policy);
    return link.devices_max ? out + fmt::format("  devices_max = {}\n", *link.devices_max) : out;
}

std::string format_instance(const InstanceConfig& instance) {
    std::string out =
        fmt::format("\n[[instance]]\nname = \"{}\"\nid_scope = \"{}\"\n"
                    "tenant = \"{}\"\nhosts = [{}]\ndefault_allocation_policy = \"{}\"\n",
                    instance.name, instance.scope.text(), instance.tenant, quoted(instance.hosts),
                    name_of(instance.default_policy));
    for (const HubLink& link : instance.links) {
        out += format_link(link);
    }
    for (const CaFile& certificate : instance.certificates) {
        out += fmt::format("\n  [[instance.certificate]]\n  name = \"{}\"\n  file = \"{}\"\n"
                           "  verified = {}\n",
                           certificate.name, certificate.file.string(), certificate.verified);
    }
    return out;
}

} // namespace

std::string format_config(const ServerConfig& config) {
    std::string out =
        "# Muster. Every setting is explained in docs/operating/configuration.md.\n\n";
    out += format_server(config) + format_outgoing(config.outgoing);
    for (const HubConfig& hub : config.hubs) {
        out += format_hub(hub);
    }
    for (const NetworkPlace& network : config.networks) {
        out += format_network(network);
    }
    for (const InstanceConfig& instance : config.instances) {
        out += format_instance(instance);
    }
    return out;
}

} // namespace muster::app
