#include "gateway/hub_http/event_documents.h"

#include "base/encoding.h"
#include "base/text.h"

#include <fmt/format.h>

#include <utility>

namespace muster::gateway {

namespace {

std::string shown(const std::string& bytes) {
    return is_valid_utf8(bytes) ? bytes : percent_encode(bytes);
}

JsonObject properties_document(const hub::EventProperties& properties) {
    JsonObject document;
    for (const auto& [name, value] : properties) {
        document[shown(name)] = shown(value);
    }
    return document;
}

void add_unless_empty(JsonObject& document, std::string_view name, const std::string& value) {
    if (!value.empty()) {
        document[name] = shown(value);
    }
}

} // namespace

JsonObject to_document(const hub::Event& event) {
    JsonObject document{{"sequence", event.sequence},
                        {"partition", event.partition},
                        {"source", name_of(event.source)},
                        {"deviceId", event.identity.device.text()}};
    add_unless_empty(document, "moduleId", event.identity.module.text());
    document["enqueuedTime"] = format_time(event.enqueued);
    document["properties"] = properties_document(event.properties);
    add_unless_empty(document, "authMethod", event.auth_method);
    add_unless_empty(document, "generationId", event.generation_id);
    add_unless_empty(document, "modelId", event.model_id);
    // A body is bytes; JSON can carry it as text only if it is text.
    if (is_valid_utf8(event.body)) {
        document["body"] = event.body;
    } else {
        document["bodyBase64"] = base64_encode(event.body);
    }
    return document;
}

JsonObject to_document(const hub::EventPosition& position) {
    JsonObject document;
    if (position.partition) {
        document["partition"] = *position.partition;
    }
    document["position"] = position.sequence;
    document["savedTime"] = format_time(position.saved);
    return document;
}

std::string event_frame(const hub::Event& event) {
    // JSON text holds no line break.
    return fmt::format("id: {}\ndata: {}\n\n", event.sequence, to_text(to_document(event)));
}

std::string heartbeat_frame(std::int64_t position) {
    return fmt::format(": still here\nid: {}\n\n", position);
}

std::string lost_frame(std::int64_t lost, std::int64_t first) {
    return fmt::format("event: lost\ndata: {{\"lost\":{},\"first\":{}}}\n\n", lost, first);
}

std::string end_frame(std::string_view reason) {
    return fmt::format("event: end\ndata: {}\n\n", to_text(JsonObject{{"reason", reason}}));
}

} // namespace muster::gateway
