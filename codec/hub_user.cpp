// The hub's MQTT user name (iothub A.3).

#include "base/text.h"
#include "codec/query_parameters.h"
#include "codec/topics.h"

#include <utility>

namespace muster::topics {

namespace {

struct IdsAndQuery {
    std::string_view ids;
    std::string_view query;
};

// A device id may hold '?' (iothub B.3), so "/?" is looked for first; '?' alone is the lenient
// form.
IdsAndQuery split_query(std::string_view path) {
    if (const auto at = path.find("/?", 1); at != std::string_view::npos) {
        return {.ids = path.substr(0, at), .query = path.substr(at + 2)};
    }
    const auto at = path.find('?');
    const auto ids = path.substr(0, at);
    return {.ids = ids.ends_with('/') ? ids.substr(0, ids.size() - 1) : ids,
            .query = at == std::string_view::npos ? std::string_view{} : path.substr(at + 1)};
}

// `name`, `name:port`, `[v6]:port`; empty if it is none of them.
std::string parse_host(std::string_view host) {
    const auto name_end = host.starts_with('[') ? host.find(']') : 0;
    if (name_end == std::string_view::npos) {
        return {};
    }
    const auto colon = host.find(':', name_end);
    if (colon != std::string_view::npos && !parse_decimal(host.substr(colon + 1))) {
        return {};
    }
    return to_lower(host.substr(0, colon));
}

} // namespace

Result<HubUser> parse_hub_user(std::string_view user_name) {
    const auto host = split_once(user_name, '/');
    if (!host) {
        return fail(Code::malformed, "user name is not {host}/{deviceId}/?...");
    }
    const auto [ids, query] = split_query(host->second);
    const auto device_and_module = split_once(ids, '/');
    HubUser user{
        .host = parse_host(host->first),
        .device_id = std::string(device_and_module ? device_and_module->first : ids),
        .module_id = std::string(device_and_module ? device_and_module->second : ""),
        .api_version = decode_parameter_leniently(query, "api-version"),
        .model_id = decode_parameter_leniently(query, "model-id"),
        .client_type = decode_parameter_leniently(query, "DeviceClientType"),
    };
    if (user.host.empty() || user.device_id.empty()) {
        return fail(Code::malformed, "user name without host or device id");
    }
    if (device_and_module && (user.module_id.empty() || user.module_id.contains('/'))) {
        return fail(Code::malformed, "user name with a malformed module id");
    }
    return user;
}

} // namespace muster::topics
