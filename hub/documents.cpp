#include "hub/documents.h"

#include "crypto/keys.h"
#include "hub/device_names.h"

#include <optional>

namespace muster::hub {

namespace {

/// An unset text is null in these documents.
Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json key_or_null(const Secret& key) {
    return key.empty() ? Json(nullptr) : Json(crypto::encode_key(key));
}

/// Clients cannot read null here (B.1).
std::string time_text(WallTime time) {
    return time == never() ? format_time_seconds(time) : format_time(time);
}

std::string time_text(const std::optional<WallTime>& time) {
    return time_text(time.value_or(never()));
}

std::string_view connection_state(const Live::Presence& presence) {
    return presence.connected ? "Connected" : "Disconnected";
}

JsonObject thumbprints(const Authentication& authentication) {
    return {{"primaryThumbprint", text_or_null(authentication.primary_thumbprint)},
            {"secondaryThumbprint", text_or_null(authentication.secondary_thumbprint)}};
}

/// All three parts always, with nulls inside (B.4).
JsonObject to_document(const Authentication& authentication) {
    return {
        {"symmetricKey", JsonObject{{"primaryKey", key_or_null(authentication.primary_key)},
                                    {"secondaryKey", key_or_null(authentication.secondary_key)}}},
        {"x509Thumbprint", thumbprints(authentication)},
        {"type", to_text(authentication.type)}};
}

/// Last members of both documents, only where they mean something.
void add_scopes(JsonObject& document, const Device& device) {
    if (!device.device_scope.empty()) {
        document["deviceScope"] = device.device_scope;
    }
    if (!device.parent_scopes.empty()) {
        document["parentScopes"] =
            JsonArray(device.parent_scopes.begin(), device.parent_scopes.end());
    }
}

/// B.6: without what is its device's.
JsonObject to_module_document(const DeviceView& view) {
    const Device& module = view.device;
    return {
        {"moduleId", module.module.text()},
        {"managedBy", text_or_null(module.managed_by)},
        {"deviceId", module.id.text()},
        {"generationId", module.generation_id},
        {"etag", module.etag.text()},
        {"connectionState", connection_state(view.presence)},
        {"connectionStateUpdatedTime", time_text(view.presence.connection_updated)},
        {"lastActivityTime", time_text(view.presence.last_activity)},
        {"cloudToDeviceMessageCount", 0},
        {"authentication", to_document(module.authentication)},
    };
}

} // namespace

JsonObject to_document(const DeviceView& view) {
    const Device& device = view.device;
    if (device.identity().is_module()) {
        return to_module_document(view);
    }
    JsonObject document{
        {"deviceId", device.id.text()},
        {"generationId", device.generation_id},
        {"etag", device.etag.text()},
        {"connectionState", connection_state(view.presence)},
        {"status", to_text(device.status)},
        {"statusReason", text_or_null(device.status_reason)},
        {"connectionStateUpdatedTime", time_text(view.presence.connection_updated)},
        {"statusUpdatedTime", time_text(device.status_updated)},
        {"lastActivityTime", time_text(view.presence.last_activity)},
        {"cloudToDeviceMessageCount", view.messages_waiting},
        {"authentication", to_document(device.authentication)},
        {"capabilities", JsonObject{{"iotEdge", device.iot_edge}}},
    };
    add_scopes(document, device);
    return document;
}

JsonObject to_document(const TwinView& view) {
    const Device& device = view.device;
    const Twin& twin = view.twin;
    JsonObject document{{"deviceId", device.id.text()}};
    if (device.identity().is_module()) {
        document["moduleId"] = device.module.text();
    }
    JsonObject rest{
        {"etag", etag_of(twin).text()},
        {"deviceEtag", device.etag.text()},
        {"status", to_text(device.status)},
        {"statusReason", text_or_null(device.status_reason)},
        {"statusUpdateTime", time_text(device.status_updated)},
        {"connectionState", connection_state(view.presence)},
        {"lastActivityTime", time_text(view.presence.last_activity)},
        {"cloudToDeviceMessageCount", view.messages_waiting},
        {"authenticationType", to_text(device.authentication.type)},
        {"x509Thumbprint", thumbprints(device.authentication)},
        {"modelId", twin.model_id},
        {"version", twin.version},
        {"tags", twin.tags},
        {"properties", JsonObject{{"desired", to_properties_document(twin.desired)},
                                  {"reported", to_properties_document(twin.reported)}}},
        {"capabilities", JsonObject{{"iotEdge", device.iot_edge}}},
    };
    for (auto& member : rest) {
        document.emplace(member.key(), std::move(member.value()));
    }
    if (!twin.configured.states.empty()) {
        document["configurations"] = to_configurations_document(twin.configured);
    }
    add_scopes(document, device);
    return document;
}

} // namespace muster::hub
