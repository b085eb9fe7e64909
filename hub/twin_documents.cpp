#include "hub/twin_documents.h"

#include "hub/twin.h"
#include "hub/twin_limits.h"

#include <fmt/format.h>

#include <utility>

namespace muster::hub {

namespace {

/// The object under `key`, nothing if unset.
Result<const JsonObject*> object_member(const JsonObject& parent, std::string_view key,
                                        std::string_view name) {
    const Json* member = find_member(parent, key);
    if (member == nullptr) {
        return nullptr;
    }
    if (!member->is_object()) {
        return fail(Code::malformed, fmt::format("{} must be an object", name));
    }
    return &member->get_object();
}

/// One half as a client sent it. Clients send whole twins back, so that what only the hub writes is
/// dropped; any other `$` is a mistake (B.7).
Result<std::optional<JsonObject>> half_from(const JsonObject& parent, std::string_view key,
                                            std::string_view name) {
    const auto sent = object_member(parent, key, name);
    if (!sent) {
        return std::unexpected(sent.error());
    }
    if (*sent == nullptr) {
        return std::optional<JsonObject>();
    }
    JsonObject half = **sent;
    half.stable_erase("$metadata");
    half.stable_erase("$version");
    for (const auto& member : half) {
        if (member.key().starts_with('$')) {
            return fail(Code::malformed, fmt::format("{} has a key that starts with '$'", name));
        }
    }
    return std::optional(std::move(half));
}

JsonObject with_version(JsonObject values, std::int64_t version) {
    values["$version"] = version;
    return values;
}

} // namespace

Result<TwinUpdate> twin_update_from(const JsonObject& document) {
    TwinUpdate update;
    auto tags = half_from(document, "tags", tags_name);
    if (!tags) {
        return std::unexpected(std::move(tags.error()));
    }
    update.tags = std::move(*tags);

    const auto properties = object_member(document, "properties", "properties");
    if (!properties) {
        return std::unexpected(properties.error());
    }
    if (*properties != nullptr) {
        auto desired = half_from(**properties, "desired", desired_name);
        if (!desired) {
            return std::unexpected(std::move(desired.error()));
        }
        update.desired = std::move(*desired);
    }
    return update;
}

Result<TwinContent> twin_content_from(const JsonObject& document) {
    auto update = twin_update_from(document);
    if (!update) {
        return std::unexpected(std::move(update.error()));
    }
    TwinContent content{.tags = std::move(update->tags).value_or(JsonObject()),
                        .desired = std::move(update->desired).value_or(JsonObject()),
                        .reported = {}};
    const auto properties = object_member(document, "properties", "properties");
    if (!properties || *properties == nullptr) {
        return content;
    }
    auto reported = half_from(**properties, "reported", reported_name);
    if (!reported) {
        return std::unexpected(std::move(reported.error()));
    }
    content.reported = std::move(*reported).value_or(JsonObject());
    return content;
}

JsonObject to_device_document(const Twin& twin) {
    return {{"desired", with_version(twin.desired.values, twin.desired.version)},
            {"reported", with_version(twin.reported.values, twin.reported.version)}};
}

JsonObject to_desired_notification(const JsonObject& applied, std::int64_t version) {
    return with_version(applied, version);
}

JsonObject to_configurations_document(const Configured& configured) {
    JsonObject document;
    for (const auto& [id, state] : configured.states) {
        const bool applied = state == ConfigurationState::applied;
        document[id] = JsonObject{{"status", applied ? "Applied" : "Targeted"}};
    }
    return document;
}

JsonObject to_properties_document(const TwinSection& section) {
    JsonObject document = section.values;
    document["$metadata"] = section.metadata;
    document["$version"] = section.version;
    return document;
}

} // namespace muster::hub
