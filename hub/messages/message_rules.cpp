#include "hub/messages/message_rules.h"

#include "base/encoding.h"
#include "base/text.h"
#include "hub/messages/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace muster::hub {

namespace {

constexpr std::size_t id_bytes_max = 128;
constexpr std::array<std::string_view, 8> system_names{"$.mid", "$.cid", "$.uid",   "$.to",
                                                       "$.ct",  "$.ce",  "$.ctime", "$.exp"};

/// The characters of an HTTP header's name (RFC 9110 5.6.2), which are those that the service
/// documents for properties.
bool is_name(std::string_view name) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::ranges::all_of(name, [&](char letter) {
        return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
               (letter >= 'A' && letter <= 'Z') || marks.contains(letter);
    });
}

/// Fits a header and a topic.
bool is_value(std::string_view value) {
    const auto is_control = [](char letter) {
        return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f;
    };
    return is_valid_utf8(value) && std::ranges::none_of(value, is_control);
}

Result<void> check_property(const std::string& name, const std::string& value) {
    const bool is_system = name.starts_with("$.");
    if (is_system ? std::ranges::find(system_names, name) == system_names.end() : !is_name(name)) {
        return fail(Code::malformed, "a property has a name that is not allowed");
    }
    if (!is_value(value)) {
        return fail(Code::malformed,
                    fmt::format("the value of the property {} is not plain text", name));
    }
    if ((name == "$.mid" || name == "$.cid" || name == "$.uid") && value.size() > id_bytes_max) {
        return fail(Code::malformed, fmt::format("{} is over {} bytes", name, id_bytes_max));
    }
    return {};
}

void set(MessageProperties& properties, std::string_view name, std::string value) {
    std::erase_if(properties, [&](const auto& property) { return property.first == name; });
    properties.emplace_back(name, std::move(value));
}

/// Without duplicates: the last of a name counts.
Result<MessageProperties> checked(const MessageProperties& given) {
    MessageProperties properties;
    for (const auto& [name, value] : given) {
        if (auto fine = check_property(name, value); !fine) {
            return std::unexpected(std::move(fine.error()));
        }
        set(properties, name, value);
    }
    return properties;
}

Result<void> check_size(const CloudMessage& message, const MessageLimits& limits) {
    std::size_t encoded = 0;
    std::size_t bytes = message.body.size();
    for (const auto& [name, value] : message.properties) {
        encoded += percent_encode(name).size() + percent_encode(value).size() + 2;
        bytes += name.size() + value.size();
    }
    if (bytes > limits.message_bytes_max || encoded > limits.property_bytes_max) {
        return fail(Code::too_large,
                    fmt::format("the message is over {} bytes", limits.message_bytes_max));
    }
    return {};
}

Result<void> set_expiry(CloudMessage& message, const SendRequest& request,
                        const MessageLimits& limits) {
    message.expires = message.enqueued + limits.time_to_live;
    const std::string_view named = property_of(message.properties, "$.exp");
    if (request.time_to_live) {
        if (*request.time_to_live > limits.time_to_live_max) {
            return fail(Code::forbidden, "the message would live too long");
        }
        message.expires = message.enqueued + *request.time_to_live;
    } else if (!named.empty()) {
        const auto at = parse_time(named);
        if (!at) {
            return fail(Code::malformed, "the expiry is not an ISO 8601 time");
        }
        message.expires = *at;
    } else {
        std::erase_if(message.properties, [](const auto& one) { return one.first == "$.exp"; });
        return {};
    }
    if (message.expires > message.enqueued + limits.time_to_live_max) {
        return fail(Code::forbidden, "the message would live too long");
    }
    set(message.properties, "$.exp", format_time(message.expires));
    return {};
}

/// One client insists on this form (iothub A.9).
Result<void> set_creation(MessageProperties& properties) {
    const std::string_view named = property_of(properties, "$.ctime");
    if (named.empty()) {
        std::erase_if(properties, [](const auto& one) { return one.first == "$.ctime"; });
        return {};
    }
    const auto at = parse_time(named);
    if (!at) {
        return fail(Code::malformed, "the creation time is not an ISO 8601 time");
    }
    set(properties, "$.ctime", format_time(*at));
    return {};
}

Result<void> set_acknowledgement(CloudMessage& message) {
    const std::string_view named = property_of(message.properties, "iothub-ack");
    if (named.empty()) {
        std::erase_if(message.properties,
                      [](const auto& one) { return one.first == "iothub-ack"; });
        return {};
    }
    const auto wanted = acknowledgement_named(named);
    if (!wanted) {
        return fail(Code::malformed, "iothub-ack must be none, negative, positive or full");
    }
    message.acknowledgement = *wanted;
    return {};
}

} // namespace

Result<CloudMessage> message_to_send(SendRequest request, const MessageLimits& limits,
                                     const std::string& new_message_id, WallTime now) {
    auto properties = checked(request.properties);
    if (!properties) {
        return std::unexpected(std::move(properties.error()));
    }
    CloudMessage message;
    message.enqueued = now;
    message.properties = std::move(*properties);
    message.body = std::move(request.body);
    if (property_of(message.properties, "$.mid").empty()) {
        set(message.properties, "$.mid", new_message_id);
    }
    for (const auto& fine : {set_expiry(message, request, limits), set_creation(message.properties),
                             set_acknowledgement(message)}) {
        if (!fine) {
            return std::unexpected(fine.error());
        }
    }
    if (auto fine = check_size(message, limits); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    return message;
}

} // namespace muster::hub
