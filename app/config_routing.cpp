#include "app/config_routing.h"

#include "app/endpoints/nats_subject.h"
#include "hub/routing/routing_table.h"

#include <boost/url/parse.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace muster::app {

namespace {

constexpr std::size_t name_bytes_max = 64; // as in the real service
constexpr std::size_t servers_max = 8;

bool is_name(std::string_view text) {
    const auto is_part = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    return !text.empty() && text.size() <= name_bytes_max && std::ranges::all_of(text, is_part);
}

std::string read_name(TableReader& reader) {
    std::string name = reader.required_text("name");
    if (!name.empty() && !is_name(name)) {
        reader.mistake("name", "must be at most 64 letters, digits, '-', '_' and '.'");
    }
    return name;
}

bool is_web_url(const std::string& text) {
    const auto url = boost::urls::parse_absolute_uri(text);
    return url && (url->scheme() == "https" || url->scheme() == "http") && !url->host().empty() &&
           !url->has_userinfo();
}

WebhookConfig read_webhook(TableReader& reader) {
    WebhookConfig webhook;
    std::string url = reader.required_text("url");
    if (!url.empty() && !is_web_url(url)) {
        reader.mistake("url", "must be an https or http URL without user and password");
    }
    webhook.url = Secret(std::move(url));
    webhook.signing_key_file = reader.text("signing_key_file").value_or("");
    return webhook;
}

bool is_nats_url(const std::string& text) {
    const auto url = boost::urls::parse_uri(text);
    return url && (url->scheme() == "nats" || url->scheme() == "tls") && !url->host().empty() &&
           !url->has_userinfo() && url->path().empty() && !url->has_query();
}

void read_servers(TableReader& reader, NatsConfig& nats) {
    nats.servers = reader.texts("servers");
    if (nats.servers.empty() || nats.servers.size() > servers_max) {
        reader.mistake("servers", fmt::format("must name 1 to {} servers", servers_max));
    }
    for (const std::string& server : nats.servers) {
        if (!is_nats_url(server)) {
            // Not shown: there may be a password in it.
            reader.mistake("servers", "must be like nats://host:4222 or tls://host:4222; a user "
                                      "goes into 'user', a password into 'password_file'");
            return;
        }
    }
}

void read_credentials(TableReader& reader, NatsConfig& nats) {
    nats.user = reader.text("user").value_or("");
    nats.password_file = reader.text("password_file").value_or("");
    nats.token_file = reader.text("token_file").value_or("");
    nats.credentials_file = reader.text("credentials_file").value_or("");
    nats.ca_file = reader.text("ca_file").value_or("");
    nats.certificate_file = reader.text("certificate_file").value_or("");
    nats.key_file = reader.text("key_file").value_or("");
    if (nats.user.empty() != nats.password_file.empty()) {
        reader.mistake("user", "goes together with 'password_file'");
    }
    if (nats.certificate_file.empty() != nats.key_file.empty()) {
        reader.mistake("certificate_file", "goes together with 'key_file'");
    }
}

NatsConfig read_nats(TableReader& reader) {
    NatsConfig nats;
    read_servers(reader, nats);
    nats.subject = reader.text("subject").value_or(nats.subject);
    if (const auto parsed = NatsSubject::parse(nats.subject); !parsed) {
        reader.mistake("subject", parsed.error().detail);
    }
    nats.stream = reader.text("stream").value_or("");
    if (!nats.stream.empty() && (!is_name(nats.stream) || nats.stream.contains('.'))) {
        reader.mistake("stream", "must be letters, digits, '-' and '_'");
    }
    read_credentials(reader, nats);
    return nats;
}

EndpointConfig read_endpoint(const toml::table& table, Mistakes& mistakes) {
    TableReader reader(table, "hub.endpoint", mistakes);
    EndpointConfig endpoint;
    endpoint.line = table.source().begin.line;
    endpoint.name = read_name(reader);
    if (endpoint.name == hub::built_in_endpoint) {
        reader.mistake("name", "'events' is the hub's own log, which is there already");
    }
    const std::string type = reader.required_text("type");
    if (type == "webhook") {
        endpoint.target = read_webhook(reader);
    } else if (type == "nats") {
        endpoint.target = read_nats(reader);
    } else if (!type.empty()) {
        reader.mistake("type", "must be webhook or nats");
        return endpoint; // what else there should be is not known
    }
    reader.done();
    return endpoint;
}

RouteConfig read_route(const toml::table& table, Mistakes& mistakes) {
    TableReader reader(table, "hub.route", mistakes);
    RouteConfig config;
    config.line = table.source().begin.line;
    hub::Route& route = config.route;
    route.name = read_name(reader);
    route.endpoint = reader.required_text("endpoint");
    route.enabled = reader.flag("enabled").value_or(true);
    if (const auto word = reader.text("source")) {
        if (const auto source = hub::parse_route_source(*word)) {
            route.source = *source;
        } else {
            reader.mistake("source", source.error().detail);
        }
    }
    route.condition = reader.text("condition").value_or("");
    if (const auto condition = hub::read_route_condition(route.condition); !condition) {
        reader.mistake("condition", condition.error().detail);
    }
    reader.done();
    return config;
}

void check_endpoints(const HubConfig& hub, Mistakes& mistakes) {
    if (hub.endpoints.size() > hub::endpoints_max) {
        mistakes.add_at_line(hub.line, fmt::format("hub '{}' has more than {} endpoints", hub.name,
                                                   hub::endpoints_max));
    }
    for (auto at = hub.endpoints.begin(); at != hub.endpoints.end(); ++at) {
        if (std::ranges::find(hub.endpoints.begin(), at, at->name, &EndpointConfig::name) != at) {
            mistakes.add_at_line(at->line, fmt::format("two endpoints are named '{}'", at->name));
        }
    }
}

/// Whether the hub's log has such events at all.
bool tells_of(const HubConfig& hub, hub::EventSource source) {
    return source == hub::EventSource::telemetry ||
           std::ranges::find(hub.events, hub::route_source_name(source)) != hub.events.end();
}

void check_routes(const HubConfig& hub, Mistakes& mistakes) {
    if (hub.routes.size() > hub::routes_max) {
        mistakes.add_at_line(
            hub.line, fmt::format("hub '{}' has more than {} routes", hub.name, hub::routes_max));
    }
    for (auto at = hub.routes.begin(); at != hub.routes.end(); ++at) {
        const hub::Route& route = at->route;
        const auto same = std::ranges::find(hub.routes.begin(), at, route.name,
                                            [](const RouteConfig& one) { return one.route.name; });
        if (same != at) {
            mistakes.add_at_line(at->line, fmt::format("two routes are named '{}'", route.name));
        }
        if (route.source && !tells_of(hub, *route.source)) {
            mistakes.add_at_line(at->line,
                                 fmt::format("route '{0}' is for {1}, and hub.events does not have "
                                             "\"{1}\"",
                                             route.name, hub::route_source_name(route.source)));
        }
        const bool is_known = route.endpoint.empty() || // which is a mistake already
                              route.endpoint == hub::built_in_endpoint ||
                              std::ranges::find(hub.endpoints, route.endpoint,
                                                &EndpointConfig::name) != hub.endpoints.end();
        if (!is_known) {
            mistakes.add_at_line(at->line,
                                 fmt::format("route '{}' leads to '{}', which is no endpoint of "
                                             "this hub",
                                             route.name, route.endpoint));
        }
    }
}

/// As a TOML string.
std::string toml_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string line_of(std::string_view key, std::string_view value) {
    return value.empty() ? std::string() : fmt::format("  {} = {}\n", key, toml_text(value));
}

std::string format_target(const WebhookConfig& webhook) {
    return "  type = \"webhook\"\n" + line_of("url", webhook.url.reveal()) +
           line_of("signing_key_file", webhook.signing_key_file.string());
}

std::string format_target(const NatsConfig& nats) {
    std::string servers;
    for (const std::string& server : nats.servers) {
        servers += (servers.empty() ? "" : ", ") + toml_text(server);
    }
    return fmt::format("  type = \"nats\"\n  servers = [{}]\n", servers) +
           line_of("subject", nats.subject) + line_of("stream", nats.stream) +
           line_of("user", nats.user) + line_of("password_file", nats.password_file.string()) +
           line_of("token_file", nats.token_file.string()) +
           line_of("credentials_file", nats.credentials_file.string()) +
           line_of("ca_file", nats.ca_file.string()) +
           line_of("certificate_file", nats.certificate_file.string()) +
           line_of("key_file", nats.key_file.string());
}

} // namespace

void read_routing(TableReader& hub_reader, HubConfig& hub, Mistakes& mistakes) {
    for (const toml::table* endpoint : hub_reader.tables("endpoint")) {
        hub.endpoints.push_back(read_endpoint(*endpoint, mistakes));
    }
    for (const toml::table* route : hub_reader.tables("route")) {
        hub.routes.push_back(read_route(*route, mistakes));
    }
    check_endpoints(hub, mistakes);
    check_routes(hub, mistakes);
}

std::string format_routing(const HubConfig& hub) {
    std::string out;
    for (const EndpointConfig& endpoint : hub.endpoints) {
        out += fmt::format("\n  [[hub.endpoint]]\n  name = {}\n", toml_text(endpoint.name));
        out +=
            std::visit([](const auto& target) { return format_target(target); }, endpoint.target);
    }
    for (const auto& [route, line] : hub.routes) {
        out += fmt::format("\n  [[hub.route]]\n  name = {}\n  source = \"{}\"\n",
                           toml_text(route.name), hub::route_source_name(route.source));
        out += line_of("condition", route.condition) + line_of("endpoint", route.endpoint) +
               fmt::format("  enabled = {}\n", route.enabled);
    }
    return out;
}

} // namespace muster::app
