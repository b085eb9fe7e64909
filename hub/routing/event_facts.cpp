#include "hub/routing/event_facts.h"

#include "base/text.h"

#include <array>
#include <utility>

namespace muster::hub {

namespace {

// A message is at most 256 KiB; what is larger is no message.
constexpr JsonLimits body_limits{.bytes_max = 512 * 1024, .depth_max = 64};

/// "iothub-connection-device-id" and "connectionDeviceId" are "connectiondeviceid".
std::string plain_name(std::string_view name) {
    constexpr std::string_view prefix = "iothub-";
    if (starts_with_ignoring_case(name, prefix)) {
        name.remove_prefix(prefix.size());
    }
    std::string plain = to_lower(name);
    std::erase(plain, '-');
    return plain;
}

struct WireName {
    std::string_view plain;
    std::string_view key;
};

/// What the sender says of the message (iothub A.8).
constexpr std::array wire_names{
    WireName{"contenttype", "$.ct"},      WireName{"contentencoding", "$.ce"},
    WireName{"messageid", "$.mid"},       WireName{"correlationid", "$.cid"},
    WireName{"userid", "$.uid"},          WireName{"creationtimeutc", "$.ctime"},
    WireName{"outputname", "$.on"},       WireName{"interfaceid", "$.ifid"},
    WireName{"dtsubject", "$.sub"},       WireName{"messageschema", "$.schema"},
    WireName{"diagnosticid", "$.diagid"},
};

query::Value text_or_undefined(std::string_view text) {
    return text.empty() ? query::Value() : query::text_value(text);
}

/// What the hub says of the event (iothub A.8, D.2); nothing if this is no such name.
std::optional<query::Value> stamped(const Event& event, std::string_view plain) {
    if (plain == "connectiondeviceid") {
        return query::text_value(event.identity.device.text());
    }
    if (plain == "connectionmoduleid") {
        return text_or_undefined(event.identity.module.text());
    }
    if (plain == "enqueuedtime") {
        return query::text_value(format_time(event.enqueued));
    }
    if (plain == "messagesource") {
        return query::text_value(name_of(event.source));
    }
    if (plain == "connectionauthmethod") {
        return text_or_undefined(event.auth_method);
    }
    if (plain == "connectionauthgenerationid") {
        return text_or_undefined(event.generation_id);
    }
    if (plain == "dtdataschema") {
        return text_or_undefined(event.model_id);
    }
    return std::nullopt;
}

const std::string* only_name(const query::Path& path) {
    return path.steps.size() == 1 ? std::get_if<std::string>(&path.steps.front()) : nullptr;
}

bool is_json_in_utf8(const Event& event) {
    const std::string* type = wire_property(event, "$.ct");
    const std::string* encoding = wire_property(event, "$.ce");
    if (type == nullptr) {
        return false;
    }
    const auto parts = split(*type, ';');
    if (!equal_ignoring_case(trim(parts.front()), "application/json")) {
        return false;
    }
    return encoding == nullptr || encoding->empty() || equal_ignoring_case(*encoding, "utf-8") ||
           equal_ignoring_case(*encoding, "utf8");
}

} // namespace

const std::string* wire_property(const Event& event, std::string_view key) {
    const std::string* found = nullptr;
    for (const auto& [name, value] : event.properties) {
        found = name == key ? &value : found;
    }
    return found;
}

std::optional<Json> json_body(const Event& event) {
    if (!is_json_in_utf8(event)) {
        return std::nullopt;
    }
    auto parsed = parse_json(event.body, body_limits);
    return parsed ? std::optional(std::move(*parsed)) : std::nullopt;
}

query::Value EventFacts::find(const query::Path& path) const {
    switch (path.root) {
    case query::Root::property: return property(path);
    case query::Root::system: return system_property(path);
    case query::Root::body:
        return body() == nullptr ? query::Value() : query::Value::at(find_in(*body(), path, 0));
    case query::Root::twin:
        return twin() == nullptr ? query::Value() : query::Value::at(find_in(*twin(), path));
    case query::Root::document: return {};
    }
    return {};
}

query::Value EventFacts::property(const query::Path& path) const {
    const std::string* wanted = only_name(path);
    const std::string* found = nullptr;
    for (const auto& [name, value] : event_.properties) {
        const bool is_it =
            wanted != nullptr && !name.starts_with("$.") && equal_ignoring_case(name, *wanted);
        found = is_it ? &value : found;
    }
    return found == nullptr ? query::Value() : query::text_value(*found);
}

query::Value EventFacts::system_property(const query::Path& path) const {
    const std::string* name = only_name(path);
    if (name == nullptr) {
        return {};
    }
    const std::string plain = plain_name(*name);
    if (auto value = stamped(event_, plain)) {
        return std::move(*value);
    }
    for (const WireName& known : wire_names) {
        if (known.plain == plain) {
            const std::string* value = wire_property(event_, known.key);
            return value == nullptr ? query::Value() : query::text_value(*value);
        }
    }
    return {};
}

const Json* EventFacts::body() const {
    if (!std::exchange(body_was_read_, true)) {
        body_ = json_body(event_);
    }
    return body_ ? &*body_ : nullptr;
}

const JsonObject* EventFacts::twin() const {
    if (!std::exchange(twin_was_read_, true)) {
        auto read = twins_(event_.identity);
        if (read) {
            twin_ = std::move(*read);
        } else {
            failure_ = std::move(read).error();
        }
    }
    return twin_ ? &*twin_ : nullptr;
}

} // namespace muster::hub
