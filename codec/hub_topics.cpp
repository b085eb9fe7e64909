// The hub's topics and filters (iothub A.7).

#include "base/text.h"
#include "codec/query_parameters.h"
#include "codec/topics.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <system_error>
#include <utility>

namespace muster::topics {

namespace {

constexpr std::string_view twin_get_prefix = "$iothub/twin/GET/?";
constexpr std::string_view twin_patch_prefix = "$iothub/twin/PATCH/properties/reported/?";
constexpr std::string_view method_response_prefix = "$iothub/methods/res/";
constexpr std::string_view devices_prefix = "devices/";

std::unexpected<Error> not_a_hub_topic() {
    return fail(Code::malformed, "not a hub topic");
}

/// Takes `prefix` off the front of `text`, if it is there.
bool skip(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) {
        return false;
    }
    text.remove_prefix(prefix.size());
    return true;
}

/// Takes what stands before the next '/', and the '/', off the front of `text`.
std::string_view take_level(std::string_view& text) {
    const auto level = text.substr(0, text.find('/'));
    text.remove_prefix(level.size() == text.size() ? level.size() : level.size() + 1);
    return level;
}

template <class Topic>
Result<HubTopic> parse_twin_request(std::string_view query) {
    auto rid = parse_rid(query);
    if (!rid) {
        return std::unexpected(rid.error());
    }
    return Topic{.rid = std::move(*rid)};
}

// `{status}/?$rid={rid}`; the status is the device's own, any integer (iothub A.11).
Result<HubTopic> parse_method_response(std::string_view rest) {
    const auto status_text = take_level(rest);
    int status = 0;
    const auto* end = status_text.data() + status_text.size();
    const auto [stopped, error] = std::from_chars(status_text.data(), end, status);
    if (error != std::errc{} || stopped != end || !skip(rest, "?")) {
        return not_a_hub_topic();
    }
    auto rid = parse_rid(rest);
    if (!rid) {
        return std::unexpected(rid.error());
    }
    return MethodResponse{.status = status, .rid = std::move(*rid)};
}

// `{d}[/modules/{m}]/messages/events[/{bag}]`; the bag itself may hold a raw '/'.
Result<HubTopic> parse_telemetry(std::string_view rest) {
    Telemetry telemetry{.device_id = std::string(take_level(rest))};
    if (skip(rest, "modules/")) {
        telemetry.module_id = take_level(rest);
        if (telemetry.module_id.empty()) {
            return not_a_hub_topic();
        }
    }
    const bool is_events = skip(rest, "messages/events") && (rest.empty() || skip(rest, "/"));
    if (telemetry.device_id.empty() || !is_events) {
        return not_a_hub_topic();
    }
    auto properties = parse_property_bag(rest);
    if (!properties) {
        return std::unexpected(properties.error());
    }
    telemetry.properties = std::move(*properties);
    return telemetry;
}

bool names(std::string_view level, std::string_view id) {
    return level == "+" || level == id;
}

std::optional<HubFilter> parse_device_filter(std::string_view rest, std::string_view device_id,
                                             std::string_view module_id) {
    if (!names(take_level(rest), device_id)) {
        return std::nullopt;
    }
    if (module_id.empty()) {
        return rest == "messages/devicebound/#" ? std::optional(HubFilter::cloud_to_device)
                                                : std::nullopt;
    }
    if (!skip(rest, "modules/") || !names(take_level(rest), module_id)) {
        return std::nullopt;
    }
    // iothub A.7: Node and Python name the inputs, C and C# everything of the module.
    return rest == "inputs/#" || rest == "#" ? std::optional(HubFilter::module_inputs)
                                             : std::nullopt;
}

std::optional<HubFilter> find_filter(std::string_view filter, std::string_view device_id,
                                     std::string_view module_id) {
    if (filter == "$iothub/twin/res/#") {
        return HubFilter::twin_responses;
    }
    if (filter == "$iothub/twin/PATCH/properties/desired/#") {
        return HubFilter::desired_patches;
    }
    if (filter == "$iothub/methods/POST/#") {
        return HubFilter::methods;
    }
    return skip(filter, devices_prefix) ? parse_device_filter(filter, device_id, module_id)
                                        : std::nullopt;
}

} // namespace

Result<HubTopic> parse_hub_topic(std::string_view topic) {
    if (skip(topic, devices_prefix)) {
        return parse_telemetry(topic);
    }
    if (skip(topic, twin_get_prefix)) {
        return parse_twin_request<TwinGet>(topic);
    }
    if (skip(topic, twin_patch_prefix)) {
        return parse_twin_request<TwinPatch>(topic);
    }
    if (skip(topic, method_response_prefix)) {
        return parse_method_response(topic);
    }
    return not_a_hub_topic();
}

Result<HubFilter> parse_hub_filter(std::string_view filter, std::string_view device_id,
                                   std::string_view module_id) {
    const auto found = find_filter(filter, device_id, module_id);
    if (!found) {
        return fail(Code::unsupported, "not a filter that this identity may subscribe to");
    }
    return *found;
}

std::string twin_response(unsigned status, std::string_view rid,
                          std::optional<std::int64_t> version) {
    // The slash before '?', $rid first, $version unencoded (iothub A.10, response topic rules).
    std::string topic = "$iothub/twin/res/" + std::to_string(status) + "/?$rid=";
    topic.append(rid);
    if (version) {
        topic.append("&$version=").append(std::to_string(*version));
    }
    return topic;
}

std::string desired_patch(std::int64_t version) {
    return "$iothub/twin/PATCH/properties/desired/?$version=" + std::to_string(version);
}

std::string method_request(std::string_view name, std::string_view rid) {
    // Nothing may follow the rid: three clients take all of it as the id (iothub A.11).
    std::string topic = "$iothub/methods/POST/";
    topic.append(name).append("/?$rid=").append(rid);
    return topic;
}

std::string cloud_to_device(std::string_view device_id, const Properties& properties) {
    std::string topic = "devices/";
    topic.append(device_id).append("/messages/devicebound/");
    const auto is_to = [](const Property& property) { return property.first == "$.to"; };
    const auto is_system = [](const Property& property) {
        return property.first.starts_with("$.");
    };
    Properties ordered;
    const auto add = [&](auto wanted) {
        std::ranges::copy_if(properties, std::back_inserter(ordered), wanted);
    };
    add(is_to);
    if (ordered.empty()) {
        ordered.emplace_back("$.to", "/" + topic.substr(0, topic.size() - 1));
    }
    add([&](const Property& one) { return is_system(one) && !is_to(one); });
    add([&](const Property& one) { return !is_system(one); });
    return topic + format_property_bag(ordered);
}

} // namespace muster::topics
