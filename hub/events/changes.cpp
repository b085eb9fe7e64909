#include "hub/events/changes.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace muster::hub {

namespace {

constexpr std::string_view stamp_members[] = {"$lastUpdated", "$lastUpdatedVersion"};

struct ChangeName {
    EventSource source;
    std::string_view schema;
    std::string_view operation;
};

Event event_of(const ChangeOrigin& origin, const ChangeName& name, const JsonObject& body) {
    const std::string hub = short_name_of(origin.hub);
    Event event{.source = name.source, .identity = origin.identity, .body = to_text(body)};
    event.properties = {{"$.ct", "application/json"},
                        {"$.ce", "utf-8"},
                        {"$.cid", origin.correlation},
                        {"$.uid", hub},
                        {"hubName", hub},
                        {"deviceId", origin.identity.device.text()}};
    if (origin.identity.is_module()) {
        event.properties.emplace_back("moduleId", origin.identity.module.text());
    }
    event.properties.emplace_back("operationTimestamp", format_time(origin.at));
    event.properties.emplace_back("opType", name.operation);
    event.properties.emplace_back("iothub-message-schema", name.schema);
    return event;
}

/// The twin as lifecycle and replacement events show it.
JsonObject whole_twin(const IdentityId& identity, const Twin& twin) {
    JsonObject document{{"deviceId", identity.device.text()}};
    if (identity.is_module()) {
        document["moduleId"] = identity.module.text();
    }
    document["etag"] = etag_of(twin).text();
    document["version"] = twin.version;
    if (!twin.model_id.empty()) {
        document["modelId"] = twin.model_id;
    }
    if (!twin.tags.empty()) {
        document["tags"] = twin.tags;
    }
    document["properties"] = JsonObject{{"desired", to_properties_document(twin.desired)},
                                        {"reported", to_properties_document(twin.reported)}};
    return document;
}

/// The metadata of those nodes that the patch names, and of all above them.
JsonObject metadata_of(const JsonObject& patch, const JsonObject& metadata) {
    JsonObject node;
    for (const std::string_view member : stamp_members) {
        if (const Json* stamp = metadata.if_contains(member)) {
            node[member] = *stamp;
        }
    }
    for (const auto& [key, value] : patch) {
        const Json* below = metadata.if_contains(key);
        if (!value.is_null() && below != nullptr && below->is_object()) {
            const JsonObject nothing;
            node[key] =
                metadata_of(value.is_object() ? value.get_object() : nothing, below->get_object());
        }
    }
    return node;
}

JsonObject changed_section(const JsonObject& patch, const TwinSection& next) {
    JsonObject document = patch;
    document["$metadata"] = metadata_of(patch, next.metadata);
    document["$version"] = next.version;
    return document;
}

std::string_view lifecycle_operation(const IdentityId& identity, LifecycleChange change) {
    if (change == LifecycleChange::created) {
        return identity.is_module() ? "createModuleIdentity" : "createDeviceIdentity";
    }
    return identity.is_module() ? "deleteModuleIdentity" : "deleteDeviceIdentity";
}

std::string_view connection_operation(const IdentityId& identity, ConnectionChange change) {
    if (change == ConnectionChange::connected) {
        return identity.is_module() ? "moduleConnected" : "deviceConnected";
    }
    return identity.is_module() ? "moduleDisconnected" : "deviceDisconnected";
}

} // namespace

std::string short_name_of(const HubName& hub) {
    const std::string_view text = hub.text();
    const bool address =
        text.contains(':') || text.find_first_not_of("0123456789.") == std::string_view::npos;
    return std::string(address ? text : text.substr(0, text.find('.')));
}

Event lifecycle_event(const ChangeOrigin& origin, LifecycleChange change, const Twin& twin) {
    return event_of(origin,
                    {.source = EventSource::lifecycle,
                     .schema = origin.identity.is_module() ? "moduleLifecycleNotification"
                                                           : "deviceLifecycleNotification",
                     .operation = lifecycle_operation(origin.identity, change)},
                    whole_twin(origin.identity, twin));
}

Event twin_updated_event(const ChangeOrigin& origin, const TwinChange& change, const Twin& next) {
    JsonObject body{{"version", next.version}};
    if (change.model_id) {
        body["modelId"] = next.model_id;
    }
    if (change.tags) {
        body["tags"] = *change.tags;
    }
    JsonObject properties;
    if (change.desired) {
        properties["desired"] = changed_section(*change.desired, next.desired);
    }
    if (change.reported) {
        properties["reported"] = changed_section(*change.reported, next.reported);
    }
    if (!properties.empty()) {
        body["properties"] = std::move(properties);
    }
    return event_of(origin,
                    {.source = EventSource::twin_change,
                     .schema = "twinChangeNotification",
                     .operation = "updateTwin"},
                    body);
}

Event twin_replaced_event(const ChangeOrigin& origin, const Twin& next) {
    return event_of(origin,
                    {.source = EventSource::twin_change,
                     .schema = "twinChangeNotification",
                     .operation = "replaceTwin"},
                    whole_twin(origin.identity, next));
}

Event connection_event(const ChangeOrigin& origin, ConnectionChange change,
                       const ConnectionOrder& order) {
    // As wide as the real one: 64 digits, compared as text.
    const JsonObject body{
        {"sequenceNumber", fmt::format("{:048X}{:016X}", order.start, order.counter)}};
    return event_of(origin,
                    {.source = EventSource::connection_state,
                     .schema = "deviceConnectionStateNotification",
                     .operation = connection_operation(origin.identity, change)},
                    body);
}

} // namespace muster::hub
