#include "gateway/hub_http/event_batch.h"

#include "base/encoding.h"
#include "base/json.h"
#include "gateway/hub_http/message_headers.h"

#include <fmt/format.h>

#include <utility>

namespace muster::gateway {

namespace {

constexpr std::size_t batch_bytes_max = 256 * 1024;
constexpr std::size_t batch_messages_max = 1000;

Result<std::string> read_body(const JsonObject& document) {
    const Json* text = find_member(document, "body");
    if (text == nullptr || !text->is_string()) {
        return fail(Code::malformed, "a message of the batch has no body");
    }
    const Json* encoded = find_member(document, "base64Encoded");
    if (encoded != nullptr && !encoded->is_bool()) {
        return fail(Code::malformed, "base64Encoded must be true or false");
    }
    const std::string_view body = text->get_string();
    if (encoded != nullptr && !encoded->get_bool()) {
        return std::string(body);
    }
    auto bytes = base64_decode(body);
    if (!bytes) {
        return fail(Code::malformed, "the body of a message of the batch is not base64");
    }
    return bytes;
}

Result<topics::Properties> read_properties(const JsonObject& document) {
    topics::Properties properties;
    const Json* given = find_member(document, "properties");
    if (given == nullptr) {
        return properties;
    }
    if (!given->is_object()) {
        return fail(Code::malformed, "the properties of a message must be an object");
    }
    for (const auto& [name, value] : given->get_object()) {
        if (!value.is_string()) {
            return fail(Code::malformed, "the value of a property must be a string");
        }
        if (auto property = property_from(name, value.get_string())) {
            properties.push_back(std::move(*property));
        }
    }
    return properties;
}

Result<BatchedMessage> read_message(const Json& value) {
    if (!value.is_object()) {
        return fail(Code::malformed, "a message of the batch must be an object");
    }
    auto body = read_body(value.get_object());
    if (!body) {
        return std::unexpected(std::move(body.error()));
    }
    auto properties = read_properties(value.get_object());
    if (!properties) {
        return std::unexpected(std::move(properties.error()));
    }
    return BatchedMessage{.properties = std::move(*properties), .body = std::move(*body)};
}

} // namespace

Result<std::vector<BatchedMessage>> parse_event_batch(std::string_view body) {
    const auto document = parse_json(body, {.bytes_max = batch_bytes_max});
    if (!document) {
        return std::unexpected(document.error());
    }
    if (!document->is_array() || document->get_array().empty()) {
        return fail(Code::malformed, "a batch must be an array of messages");
    }
    if (document->get_array().size() > batch_messages_max) {
        return fail(Code::too_large,
                    fmt::format("a batch may hold {} messages", batch_messages_max));
    }
    std::vector<BatchedMessage> messages;
    for (const Json& value : document->get_array()) {
        auto message = read_message(value);
        if (!message) {
            return std::unexpected(std::move(message.error()));
        }
        messages.push_back(std::move(*message));
    }
    return messages;
}

} // namespace muster::gateway
