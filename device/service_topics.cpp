#include "device/service_topics.h"

#include "base/encoding.h"
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace muster::device {

namespace {

struct Response {
    unsigned status = 0;
    std::string rid;
    std::string_view more; // parameters after the rid
};

/// `{prefix}{status}/?$rid={rid}[&...]`
std::optional<Response> parse_response(std::string_view topic, std::string_view prefix) {
    if (!topic.starts_with(prefix)) {
        return std::nullopt;
    }
    constexpr std::string_view rid_begins = "/?$rid=";
    topic.remove_prefix(prefix.size());
    const std::size_t at = topic.find(rid_begins);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    const auto status = parse_decimal(topic.substr(0, at));
    if (!status || *status < 100 || *status > 599) {
        return std::nullopt;
    }
    const std::string_view parameters = topic.substr(at + rid_begins.size());
    const std::size_t rid_end = std::min(parameters.find('&'), parameters.size());
    return Response{.status = static_cast<unsigned>(*status),
                    .rid = std::string(parameters.substr(0, rid_end)),
                    .more = parameters.substr(rid_end)};
}

std::optional<unsigned long long> number_parameter(std::string_view more, std::string_view name) {
    for (const std::string_view parameter : split(more, '&')) {
        const auto pair = split_once(parameter, '=');
        if (pair && pair->first == name) {
            return parse_decimal(pair->second);
        }
    }
    return std::nullopt;
}

} // namespace

std::string register_topic(std::string_view rid) {
    return fmt::format("$dps/registrations/PUT/iotdps-register/?$rid={}", rid);
}

std::string operation_status_topic(std::string_view rid, std::string_view operation_id) {
    return fmt::format("$dps/registrations/GET/iotdps-get-operationstatus/?$rid={}&operationId={}",
                       rid, percent_encode(operation_id));
}

std::optional<RegistrationResponseTopic> parse_registration_response(std::string_view topic) {
    auto response = parse_response(topic, "$dps/registrations/res/");
    if (!response) {
        return std::nullopt;
    }
    RegistrationResponseTopic parsed{response->status, std::move(response->rid), std::nullopt};
    constexpr unsigned long long day = 86'400; // no sane hint is longer
    if (const auto seconds = number_parameter(response->more, "retry-after")) {
        parsed.retry_after = std::chrono::seconds(std::min(*seconds, day));
    }
    return parsed;
}

std::string twin_get_topic(std::string_view rid) {
    return fmt::format("$iothub/twin/GET/?$rid={}", rid);
}

std::string reported_patch_topic(std::string_view rid) {
    return fmt::format("$iothub/twin/PATCH/properties/reported/?$rid={}", rid);
}

std::string method_response_topic(int status, std::string_view rid) {
    return fmt::format("$iothub/methods/res/{}/?$rid={}", status, rid);
}

std::optional<TwinResponseTopic> parse_twin_response(std::string_view topic) {
    auto response = parse_response(topic, "$iothub/twin/res/");
    if (!response) {
        return std::nullopt;
    }
    TwinResponseTopic parsed{response->status, std::move(response->rid), std::nullopt};
    constexpr auto version_max =
        static_cast<unsigned long long>(std::numeric_limits<std::int64_t>::max());
    if (const auto version = number_parameter(response->more, "$version");
        version && *version <= version_max) {
        parsed.version = static_cast<std::int64_t>(*version);
    }
    return parsed;
}

std::optional<MethodRequestTopic> parse_method_request(std::string_view topic) {
    constexpr std::string_view prefix = "$iothub/methods/POST/";
    constexpr std::string_view rid_begins = "/?$rid=";
    if (!topic.starts_with(prefix)) {
        return std::nullopt;
    }
    topic.remove_prefix(prefix.size());
    const std::size_t at = topic.find(rid_begins);
    if (at == std::string_view::npos || at == 0) {
        return std::nullopt;
    }
    return MethodRequestTopic{std::string(topic.substr(0, at)),
                              std::string(topic.substr(at + rid_begins.size()))};
}

bool is_desired_patch(std::string_view topic) {
    return topic.starts_with("$iothub/twin/PATCH/properties/desired/?");
}

} // namespace muster::device
