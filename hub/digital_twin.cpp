#include "hub/digital_twin.h"

#include "base/text.h"
#include "hub/configurations/rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace muster::hub {

namespace {

constexpr std::string_view marker = "__t";

bool is_component(const Json* value) {
    const JsonObject* object = value == nullptr ? nullptr : value->if_object();
    const Json* mark = object == nullptr ? nullptr : object->if_contains(marker);
    return mark != nullptr && *mark == "c";
}

const JsonObject& object_at(const JsonObject& parent, std::string_view name) {
    static const JsonObject nothing;
    const Json* member = parent.if_contains(name);
    return member != nullptr && member->is_object() ? member->get_object() : nothing;
}

// ---- reading ----

/// The same part of both sections, with its metadata.
struct Part {
    const JsonObject& reported;
    const JsonObject& reported_metadata;
    const JsonObject& desired;
    const JsonObject& desired_metadata;

    [[nodiscard]] Part at(std::string_view name) const {
        return {object_at(reported, name), object_at(reported_metadata, name),
                object_at(desired, name), object_at(desired_metadata, name)};
    }
};

/// `{"value":..,"ac":..,"av":..,"ad":..}`, the answer to a desired property.
bool is_acknowledgement(const Json& value) {
    const JsonObject* object = value.if_object();
    return object != nullptr && object->contains("value") && object->contains("ac");
}

void copy_member(JsonObject& to, std::string_view as, const JsonObject& from,
                 std::string_view name) {
    if (const Json* member = from.if_contains(name)) {
        to[as] = *member;
    }
}

void add_reported(JsonObject& document, JsonObject& metadata, std::string_view name,
                  const Json& value) {
    JsonObject facts;
    if (is_acknowledgement(value)) {
        const JsonObject& answer = value.get_object();
        document[name] = answer.at("value");
        copy_member(facts, "ackVersion", answer, "av");
        copy_member(facts, "ackCode", answer, "ac");
        copy_member(facts, "ackDescription", answer, "ad");
    } else {
        document[name] = value;
    }
    metadata[name] = std::move(facts);
}

/// Members of a section that are neither components nor their mark.
template <class Visit>
void each_property(const JsonObject& section, Visit visit) {
    for (const auto& member : section) {
        if (member.key() != marker && !is_component(&member.value())) {
            visit(std::string_view(member.key()), member.value());
        }
    }
}

JsonObject rendered(const Part& part) {
    JsonObject document;
    JsonObject metadata;
    each_property(part.reported, [&](std::string_view name, const Json& value) {
        add_reported(document, metadata, name, value);
        copy_member(metadata[name].get_object(), "lastUpdateTime",
                    object_at(part.reported_metadata, name), "$lastUpdated");
    });
    each_property(part.desired, [&](std::string_view name, const Json& value) {
        if (!metadata.contains(name)) {
            metadata[name] = JsonObject();
        }
        JsonObject& facts = metadata[name].get_object();
        facts["desiredValue"] = value;
        copy_member(facts, "desiredVersion", object_at(part.desired_metadata, name),
                    "$lastUpdatedVersion");
    });
    document["$metadata"] = std::move(metadata);
    return document;
}

// ---- patching ----

/// The names of a JSON pointer (RFC 6901).
Result<std::vector<std::string>> names_of(std::string_view pointer) {
    if (!pointer.starts_with('/')) {
        return fail(Code::malformed, "a path begins with '/'");
    }
    std::vector<std::string> names;
    for (const std::string_view part : split(pointer.substr(1), '/')) {
        std::string name;
        for (std::size_t at = 0; at < part.size(); ++at) {
            const bool escaped = part[at] == '~';
            if (escaped &&
                (at + 1 == part.size() || (part[at + 1] != '0' && part[at + 1] != '1'))) {
                return fail(Code::malformed, "a path has '~' without 0 or 1");
            }
            name += !escaped ? part[at] : part[++at] == '0' ? '~' : '/';
        }
        if (name.empty() || name.starts_with('$')) {
            return fail(Code::malformed, "a path names properties and components");
        }
        names.push_back(std::move(name));
    }
    return names;
}

struct Operation {
    bool removes = false;
    std::vector<std::string> path;
    Json value;
};

Result<Operation> operation_from(const Json& document) {
    if (!document.is_object()) {
        return fail(Code::malformed, "an operation is an object");
    }
    const JsonObject& object = document.get_object();
    const auto op = string_member(object, "op");
    const auto pointer = string_member(object, "path");
    if (!op || !pointer) {
        return fail(Code::malformed, "op and path must be texts");
    }
    const bool removes = *op == "remove";
    if (!removes && *op != "add" && *op != "replace") {
        return fail(Code::malformed, "op must be add, replace or remove");
    }
    auto path = names_of(*pointer);
    if (!path) {
        return std::unexpected(std::move(path.error()));
    }
    const Json* value = find_member(object, "value");
    if (!removes && value == nullptr) {
        return fail(Code::malformed, "a value must be given");
    }
    return Operation{removes, std::move(*path), removes ? Json() : *value};
}

/// A component as a back end writes it: `$metadata` is what marks it there.
Json without_metadata(const Json& value) {
    if (!value.is_object() || !value.get_object().contains("$metadata")) {
        return value;
    }
    JsonObject component = value.get_object();
    component.stable_erase("$metadata");
    component[marker] = "c";
    return component;
}

void remove_at(JsonObject& values, const std::vector<std::string>& path) {
    JsonObject* parent = &values;
    for (std::size_t step = 0; step + 1 < path.size(); ++step) {
        Json* child = parent->if_contains(path[step]);
        if (child == nullptr || !child->is_object()) {
            return;
        }
        parent = &child->get_object();
    }
    parent->stable_erase(path.back());
}

/// Below a name that is no property of the device itself lies a component.
bool lies_in_component(const Operation& operation, const Twin& twin) {
    const std::string& name = operation.path.front();
    const Json* desired = twin.desired.values.if_contains(name);
    const Json* reported = twin.reported.values.if_contains(name);
    return operation.path.size() > 1 && (is_component(desired) || is_component(reported) ||
                                         (desired == nullptr && reported == nullptr));
}

void apply(const Operation& operation, const Twin& twin, JsonObject& desired) {
    if (operation.removes) {
        return remove_at(desired, operation.path);
    }
    set_at(desired, {operation.path, without_metadata(operation.value)});
    if (lies_in_component(operation, twin)) {
        desired[operation.path.front()].get_object()[marker] = "c";
    }
}

} // namespace

JsonObject to_digital_twin_document(const DeviceId& id, const Twin& twin) {
    const Part root{twin.reported.values, twin.reported.metadata, twin.desired.values,
                    twin.desired.metadata};
    JsonObject document{{"$dtId", id.text()}};
    JsonObject properties = rendered(root);
    for (const JsonObject* section : {&twin.reported.values, &twin.desired.values}) {
        for (const auto& member : *section) {
            if (is_component(&member.value())) {
                properties[member.key()] = rendered(root.at(member.key()));
            }
        }
    }
    JsonObject metadata{{"$model", twin.model_id}};
    for (const auto& member : properties.at("$metadata").get_object()) {
        metadata[member.key()] = member.value();
    }
    for (const auto& member : properties) {
        if (member.key() != "$metadata") {
            document[member.key()] = member.value();
        }
    }
    document["$metadata"] = std::move(metadata);
    return document;
}

Result<JsonObject> desired_patch_from(const JsonArray& operations, const Twin& twin) {
    if (operations.size() > json_patch_operations_max) {
        return fail(Code::malformed,
                    fmt::format("there can be {} operations at most", json_patch_operations_max));
    }
    JsonObject desired = twin.desired.values;
    for (std::size_t number = 0; number < operations.size(); ++number) {
        const auto operation = operation_from(operations[number]);
        if (!operation) {
            return fail(Code::malformed,
                        fmt::format("operation {}: {}", number + 1, operation.error().detail));
        }
        apply(*operation, twin, desired);
    }
    return patch_between(twin.desired.values, desired);
}

std::string command_method_name(std::string_view component, std::string_view command) {
    return component.empty() ? std::string(command) : fmt::format("{}*{}", component, command);
}

} // namespace muster::hub
