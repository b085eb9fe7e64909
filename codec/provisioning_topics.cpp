// The provisioning service's topics and user name (dps-device 3.1 to 3.5).

#include "base/text.h"
#include "codec/query_parameters.h"
#include "codec/topics.h"

#include <algorithm>
#include <utility>

namespace muster::topics {

namespace {

constexpr std::string_view register_prefix = "$dps/registrations/PUT/iotdps-register/?";
constexpr std::string_view status_prefix = "$dps/registrations/GET/iotdps-get-operationstatus/?";
constexpr std::string_view response_prefix = "$dps/registrations/res/";

Result<ProvisioningTopic> parse_register(std::string_view query) {
    auto rid = parse_rid(query);
    if (!rid) {
        return std::unexpected(rid.error());
    }
    return RegisterTopic{.rid = std::move(*rid)};
}

Result<ProvisioningTopic> parse_status(std::string_view query) {
    auto rid = parse_rid(query);
    if (!rid) {
        return std::unexpected(rid.error());
    }
    const auto raw = find_parameter(query, "operationId");
    if (!raw || raw->empty()) {
        return fail(Code::malformed, "status topic without operationId");
    }
    auto operation_id = decode_text(*raw);
    if (!operation_id) {
        return std::unexpected(operation_id.error());
    }
    return StatusTopic{.rid = std::move(*rid), .operation_id = std::move(*operation_id)};
}

} // namespace

Result<ProvisioningUser> parse_provisioning_user(std::string_view user_name) {
    const auto scope = split_once(user_name, '/');
    if (!scope || !scope->second.starts_with("registrations/")) {
        return fail(Code::malformed, "user name is not {scope}/registrations/{registrationId}/...");
    }
    const auto id_and_query = scope->second.substr(scope->second.find('/') + 1);
    const auto id = id_and_query.substr(0, id_and_query.find('/'));
    if (scope->first.empty() || id.empty()) {
        return fail(Code::malformed, "user name without scope or registration id");
    }
    // The rest may hold any character, '/' too (dps-device 3.1).
    const auto query = id_and_query.substr(std::min(id.size() + 1, id_and_query.size()));
    return ProvisioningUser{
        .scope = std::string(scope->first),
        .registration_id = std::string(id),
        .api_version = decode_parameter_leniently(query, "api-version"),
        .client_version = decode_parameter_leniently(query, "ClientVersion"),
    };
}

Result<ProvisioningTopic> parse_provisioning_topic(std::string_view topic) {
    if (topic.starts_with(register_prefix)) {
        return parse_register(topic.substr(register_prefix.size()));
    }
    if (topic.starts_with(status_prefix)) {
        return parse_status(topic.substr(status_prefix.size()));
    }
    return fail(Code::malformed, "not a provisioning topic");
}

std::string provisioning_response(unsigned status, std::string_view rid,
                                  std::optional<unsigned> retry_after_seconds) {
    // $rid first, exactly two '$', no other key (dps-device 3.5, 1 to 4).
    std::string topic(response_prefix);
    topic.append(std::to_string(status)).append("/?$rid=").append(rid);
    if (retry_after_seconds) {
        topic.append("&retry-after=").append(std::to_string(*retry_after_seconds));
    }
    return topic;
}

} // namespace muster::topics
