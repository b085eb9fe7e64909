#include "hub/twin_merge.h"

namespace muster::hub {

namespace {

/// The object under `key`, made empty if something else or nothing is there.
JsonObject& object_at(JsonObject& parent, std::string_view key) {
    Json& member = parent[key];
    return member.is_object() ? member.get_object() : member.emplace_object();
}

void put_stamp(JsonObject& node, const Stamp& stamp) {
    node["$lastUpdated"] = stamp.time;
    if (stamp.version) {
        node["$lastUpdatedVersion"] = *stamp.version;
    }
}

void merge(JsonObject& values, JsonObject& metadata, const JsonObject& patch, const Stamp& stamp) {
    put_stamp(metadata, stamp);
    for (const auto& [key, value] : patch) {
        if (value.is_null()) {
            values.stable_erase(key);
            metadata.stable_erase(key);
            continue;
        }
        const Json* current = values.if_contains(key);
        const bool descends = value.is_object() && current != nullptr && current->is_object();
        if (!descends) {
            metadata[key] = JsonObject(); // what stood there is gone, and so are its nodes
        }
        if (value.is_object()) {
            merge(object_at(values, key), object_at(metadata, key), value.get_object(), stamp);
        } else {
            values[key] = value;
            put_stamp(object_at(metadata, key), stamp);
        }
    }
}

} // namespace

JsonObject metadata_node(const Stamp& stamp) {
    JsonObject node;
    put_stamp(node, stamp);
    return node;
}

void merge(JsonObject& values, const JsonObject& patch) {
    for (const auto& [key, value] : patch) {
        if (value.is_null()) {
            values.stable_erase(key);
        } else if (value.is_object()) {
            merge(object_at(values, key), value.get_object());
        } else {
            values[key] = value;
        }
    }
}

void merge(TwinSection& section, const JsonObject& patch, const Stamp& stamp) {
    merge(section.values, section.metadata, patch, stamp);
}

} // namespace muster::hub
