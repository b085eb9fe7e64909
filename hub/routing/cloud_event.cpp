#include "hub/routing/cloud_event.h"

#include "base/encoding.h"
#include "base/json.h"
#include "base/text.h"
#include "hub/routing/event_facts.h"

#include <fmt/format.h>

#include <array>

namespace muster::hub {

namespace {

/// JSON has no other strings than text. What is none is shown as it was on the wire.
std::string as_text(const std::string& bytes) {
    return is_valid_utf8(bytes) ? bytes : percent_encode(bytes);
}

struct SystemName {
    std::string_view key;
    std::string_view name;
};

/// What a sender may say of its message; other names that start with `$.` are dropped.
constexpr std::array system_names{
    SystemName{"$.ct", "iothub-content-type"},
    SystemName{"$.ce", "iothub-content-encoding"},
    SystemName{"$.mid", "message-id"},
    SystemName{"$.cid", "correlation-id"},
    SystemName{"$.uid", "user-id"},
    SystemName{"$.ctime", "iothub-creation-time-utc"},
    SystemName{"$.on", "iothub-output-name"},
    SystemName{"$.ifid", "iothub-interface-id"},
    SystemName{"$.sub", "dt-subject"},
    SystemName{"$.schema", "iothub-message-schema"},
};

void put(JsonObject& object, std::string_view name, const std::string& value) {
    if (!value.empty()) {
        object[name] = as_text(value);
    }
}

JsonObject system_properties(const Event& event) {
    JsonObject system;
    for (const SystemName& known : system_names) {
        if (const std::string* value = wire_property(event, known.key)) {
            system[known.name] = as_text(*value);
        }
    }
    // Never by the device's word (A.8).
    system["iothub-connection-device-id"] = event.identity.device.text();
    put(system, "iothub-connection-module-id", event.identity.module.text());
    put(system, "iothub-connection-auth-method", event.auth_method);
    put(system, "iothub-connection-auth-generation-id", event.generation_id);
    put(system, "dt-dataschema", event.model_id);
    system["iothub-enqueuedtime"] = format_time(event.enqueued);
    system["iothub-message-source"] = name_of(event.source);
    return system;
}

JsonObject application_properties(const Event& event) {
    JsonObject properties;
    for (const auto& [name, value] : event.properties) {
        if (!name.starts_with("$.")) {
            properties[as_text(name)] = as_text(value);
        }
    }
    return properties;
}

struct TypeName {
    std::string_view operation; // `opType` of D.2
    std::string_view type;
};

constexpr std::array type_names{
    TypeName{"createDeviceIdentity", "Microsoft.Devices.DeviceCreated"},
    TypeName{"deleteDeviceIdentity", "Microsoft.Devices.DeviceDeleted"},
    TypeName{"deviceConnected", "Microsoft.Devices.DeviceConnected"},
    TypeName{"deviceDisconnected", "Microsoft.Devices.DeviceDisconnected"},
    TypeName{"createModuleIdentity", "Muster.Devices.ModuleCreated"},
    TypeName{"deleteModuleIdentity", "Muster.Devices.ModuleDeleted"},
    TypeName{"moduleConnected", "Muster.Devices.ModuleConnected"},
    TypeName{"moduleDisconnected", "Muster.Devices.ModuleDisconnected"},
    TypeName{"updateTwin", "Muster.Devices.TwinUpdated"},
    TypeName{"replaceTwin", "Muster.Devices.TwinReplaced"},
};

std::string_view type_of(const Event& event) {
    const std::string* operation = wire_property(event, "opType");
    if (event.source == EventSource::telemetry || operation == nullptr) {
        return "Microsoft.Devices.DeviceTelemetry";
    }
    for (const TypeName& known : type_names) {
        if (known.operation == *operation) {
            return known.type;
        }
    }
    return "Muster.Devices.Event";
}

std::string subject_of(const IdentityId& identity) {
    return identity.is_module() ? fmt::format("devices/{}/modules/{}", identity.device.text(),
                                              identity.module.text())
                                : fmt::format("devices/{}", identity.device.text());
}

/// What the body is called in `data`.
std::string_view body_member(EventSource source) {
    switch (source) {
    case EventSource::lifecycle: return "twin";
    case EventSource::connection_state: return "deviceConnectionStateEventInfo";
    default: return "body";
    }
}

/// A JSON body goes out as it came: read and written again, its numbers might look different.
std::string body_text(const Event& event) {
    return json_body(event) ? event.body : to_text(Json(base64_encode(event.body)));
}

std::string data_of(const HubName& hub, const Event& event) {
    JsonObject data;
    if (event.source == EventSource::lifecycle || event.source == EventSource::connection_state) {
        data["hubName"] = hub.text();
        data["deviceId"] = event.identity.device.text();
        put(data, "moduleId", event.identity.module.text());
    }
    data["properties"] = application_properties(event);
    data["systemProperties"] = system_properties(event);
    std::string text = to_text(data);
    text.pop_back();
    return text + fmt::format(R"(,"{}":{}}})", body_member(event.source), body_text(event));
}

} // namespace

std::string event_id(const HubName& hub, const Event& event) {
    return fmt::format("{}:{}", hub.text(), event.sequence);
}

std::string to_cloud_event(const HubName& hub, const Event& event) {
    const JsonObject attributes{{"specversion", "1.0"},
                                {"id", event_id(hub, event)},
                                {"source", "/hubs/" + hub.text()},
                                {"type", type_of(event)},
                                {"subject", subject_of(event.identity)},
                                {"time", format_time(event.enqueued)},
                                {"datacontenttype", "application/json"},
                                {"sequence", std::to_string(event.sequence)},
                                {"partitionkey", event.identity.device.text()}};
    std::string text = to_text(attributes);
    text.pop_back();
    return text + R"(,"data":)" + data_of(hub, event) + '}';
}

std::string to_cloud_events(const HubName& hub, std::span<const Event> events) {
    std::string text = "[";
    for (const Event& event : events) {
        if (text.size() > 1) {
            text += ',';
        }
        text += to_cloud_event(hub, event);
    }
    return text + ']';
}

} // namespace muster::hub
