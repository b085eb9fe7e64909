#include "app/ready_file.h"

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "crypto/keys.h"

#include <fmt/format.h>

namespace muster::app {

namespace {

constexpr unsigned private_mode = 0600;
constexpr std::size_t file_bytes_max = 1024 * 1024;

Result<std::uint16_t> port_member(const JsonObject& object, std::string_view key) {
    const Json* port = find_member(object, key);
    if (port == nullptr || !port->is_int64() || port->as_int64() < 1 || port->as_int64() > 65535) {
        return fail(Code::malformed, fmt::format("'{}' is not a port", key));
    }
    return static_cast<std::uint16_t>(port->as_int64());
}

Result<ReadyHub> ready_hub_from(const Json& value) {
    if (!value.is_object()) {
        return fail(Code::malformed, "a hub is not an object");
    }
    const JsonObject& object = value.as_object();
    auto name = string_member(object, "name");
    auto host = string_member(object, "hostName");
    auto connection = string_member(object, "connectionString");
    if (!name || !host || !connection) {
        return fail(Code::malformed, "a hub lacks its name, hostName or connectionString");
    }
    return ReadyHub{*name, *host, Secret(std::move(*connection))};
}

Result<ReadyFile> ready_file_from(const JsonObject& object) {
    ReadyFile ready;
    for (const auto& [key, target] : {std::pair{"idScope", &ready.id_scope},
                                      std::pair{"provisioningHost", &ready.provisioning_host},
                                      std::pair{"provisioningAddress", &ready.provisioning_address},
                                      std::pair{"caFile", &ready.ca_file}}) {
        auto text = string_member(object, key);
        if (!text) {
            return std::unexpected(text.error());
        }
        *target = std::move(*text);
    }
    auto https_port = port_member(object, "httpsPort");
    auto mqtt_port = port_member(object, "mqttPort");
    auto connection = string_member(object, "serviceConnectionString");
    if (!https_port || !mqtt_port || !connection) {
        return fail(Code::malformed, "a port or the serviceConnectionString is missing");
    }
    ready.https_port = *https_port;
    ready.mqtt_port = *mqtt_port;
    ready.service_connection_string = Secret(std::move(*connection));

    auto instance = string_member(object, "instance", "");
    auto endpoint = string_member(object, "controlEndpoint", "");
    auto token = string_member(object, "adminToken", "");
    if (!instance || !endpoint || !token) {
        return fail(Code::malformed, "instance, controlEndpoint or adminToken is no text");
    }
    ready.instance = std::move(*instance);
    ready.control_endpoint = std::move(*endpoint);
    ready.admin_token = Secret(std::move(*token));

    const Json* hubs = find_member(object, "hubs");
    if (hubs == nullptr || !hubs->is_array()) {
        return fail(Code::malformed, "'hubs' is not an array");
    }
    for (const Json& value : hubs->as_array()) {
        auto hub = ready_hub_from(value);
        if (!hub) {
            return std::unexpected(hub.error());
        }
        ready.hubs.push_back(std::move(*hub));
    }
    return ready;
}

} // namespace

Secret connection_string(const std::string& host, const std::string& policy, const Secret& key) {
    return Secret(fmt::format("HostName={};SharedAccessKeyName={};SharedAccessKey={}", host, policy,
                              crypto::encode_key(key)));
}

Result<ConnectionString> parse_connection_string(std::string_view text) {
    ConnectionString connection;
    for (const std::string_view part : split(text, ';')) {
        const auto pair = split_once(part, '=');
        if (!pair) {
            continue;
        }
        if (equal_ignoring_case(pair->first, "HostName")) {
            connection.host = pair->second;
        } else if (equal_ignoring_case(pair->first, "SharedAccessKeyName")) {
            connection.policy = pair->second;
        } else if (equal_ignoring_case(pair->first, "SharedAccessKey")) {
            auto key = crypto::decode_key(pair->second);
            if (!key) {
                return fail(Code::malformed, "the connection string's key is not valid base64");
            }
            connection.key = std::move(*key);
        }
    }
    if (connection.host.empty() || connection.policy.empty() || connection.key.empty()) {
        return fail(Code::malformed, "a connection string needs HostName, SharedAccessKeyName and "
                                     "SharedAccessKey");
    }
    return connection;
}

Result<void> write_ready_file(const std::filesystem::path& path, const ReadyFile& ready) {
    JsonArray hubs;
    for (const ReadyHub& hub : ready.hubs) {
        hubs.push_back(JsonObject{{"name", hub.name},
                                  {"hostName", hub.host_name},
                                  {"connectionString", hub.connection_string.reveal()}});
    }
    const JsonObject document{
        {"idScope", ready.id_scope},
        {"provisioningHost", ready.provisioning_host},
        {"provisioningAddress", ready.provisioning_address},
        {"httpsPort", ready.https_port},
        {"mqttPort", ready.mqtt_port},
        {"caFile", ready.ca_file},
        {"serviceConnectionString", ready.service_connection_string.reveal()},
        {"instance", ready.instance},
        {"controlEndpoint", ready.control_endpoint},
        {"adminToken", ready.admin_token.reveal()},
        {"hubs", std::move(hubs)},
    };
    return write_file_atomically(path, to_text(document) + '\n', private_mode);
}

Result<ReadyFile> read_ready_file(const std::filesystem::path& path) {
    auto text = read_file(path, file_bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    auto object = parse_json_object(*text, {.bytes_max = file_bytes_max});
    if (!object) {
        return fail(Code::malformed, fmt::format("{}: {}", path.string(), object.error().detail));
    }
    auto ready = ready_file_from(*object);
    if (!ready) {
        return fail(Code::malformed, fmt::format("{}: {}", path.string(), ready.error().detail));
    }
    return ready;
}

} // namespace muster::app
