// Identities and twins as the stores keep them. Reading is strict: what was written is all there,
// so that a missing or odd member means damage.

#include "base/encoding.h"
#include "hub/device_names.h"
#include "hub/documents.h"

#include <fmt/format.h>

#include <utility>

namespace muster::hub {

namespace {

using boost::json::kind;

std::int64_t to_number(WallTime time) {
    return time.time_since_epoch().count();
}

WallTime to_time(std::int64_t microseconds) {
    return WallTime(WallTime::duration(microseconds));
}

/// Reads members that must be there. After the first mistake every answer is an empty value.
class Record {
  public:
    explicit Record(const JsonObject& document) : document_(document) {}

    std::string text(std::string_view name) {
        const Json* value = get(name, kind::string);
        return value == nullptr ? std::string() : std::string(value->get_string());
    }

    std::int64_t number(std::string_view name) {
        const Json* value = get(name, kind::int64);
        return value == nullptr ? 0 : value->get_int64();
    }

    bool flag(std::string_view name) {
        const Json* value = get(name, kind::bool_);
        return value != nullptr && value->get_bool();
    }

    /// Empty if it is not there: a member that only some have, or only newer versions write.
    std::string text_if_any(std::string_view name) {
        return document_.contains(name) ? text(name) : std::string();
    }

    JsonObject object(std::string_view name) {
        const Json* value = get(name, kind::object);
        return value == nullptr ? JsonObject() : value->get_object();
    }

    Secret secret(std::string_view name) {
        auto bytes = base64_decode(text(name));
        if (!bytes) {
            note(name);
            return {};
        }
        return Secret(std::move(*bytes));
    }

    std::vector<std::string> texts(std::string_view name) {
        std::vector<std::string> result;
        const Json* value = get(name, kind::array);
        for (const Json& element : value == nullptr ? JsonArray() : value->get_array()) {
            if (!element.is_string()) {
                note(name);
                return {};
            }
            result.emplace_back(element.get_string());
        }
        return result;
    }

    /// The enumerator that `named` finds for a text member.
    template <class Enum>
    Enum word(std::string_view name, std::optional<Enum> (*named)(std::string_view)) {
        const auto value = named(text(name));
        if (!value) {
            note(name);
        }
        return value.value_or(Enum{});
    }

    TwinSection section(std::string_view name) {
        const JsonObject document = object(name);
        Record part(document);
        TwinSection section{.values = part.object("values"),
                            .metadata = part.object("metadata"),
                            .version = part.number("version")};
        if (!part.first_damaged_.empty()) {
            note(name);
        }
        return section;
    }

    /// `value` if nothing was wrong.
    template <class T>
    Result<T> finish(T value) const {
        if (!first_damaged_.empty()) {
            return fail(Code::malformed, fmt::format("{} is missing or damaged", first_damaged_));
        }
        return value;
    }

  private:
    const Json* get(std::string_view name, kind wanted) {
        const Json* value = document_.if_contains(name);
        if (value != nullptr && value->kind() == wanted) {
            return value;
        }
        note(name);
        return nullptr;
    }

    void note(std::string_view name) {
        if (first_damaged_.empty()) {
            first_damaged_ = name;
        }
    }

    const JsonObject& document_;
    std::string first_damaged_;
};

JsonObject stored(const Authentication& authentication) {
    return {{"type", to_text(authentication.type)},
            {"primaryKey", base64_encode(authentication.primary_key.reveal())},
            {"secondaryKey", base64_encode(authentication.secondary_key.reveal())},
            {"primaryThumbprint", authentication.primary_thumbprint},
            {"secondaryThumbprint", authentication.secondary_thumbprint}};
}

Result<Authentication> stored_authentication(const JsonObject& document) {
    Record record(document);
    Authentication authentication;
    authentication.type = record.word("type", authentication_type_named);
    authentication.primary_key = record.secret("primaryKey");
    authentication.secondary_key = record.secret("secondaryKey");
    authentication.primary_thumbprint = record.text("primaryThumbprint");
    authentication.secondary_thumbprint = record.text("secondaryThumbprint");
    return record.finish(std::move(authentication));
}

JsonObject stored(const TwinSection& section) {
    return {
        {"values", section.values}, {"metadata", section.metadata}, {"version", section.version}};
}

} // namespace

JsonObject to_stored_document(const Device& device) {
    JsonObject document{
        {"deviceId", device.id.text()},
        {"generationId", device.generation_id},
        {"version", device.version},
        {"etag", device.etag.text()},
        {"status", to_text(device.status)},
        {"statusReason", device.status_reason},
        {"statusUpdated", to_number(device.status_updated)},
        {"authentication", stored(device.authentication)},
        {"iotEdge", device.iot_edge},
        {"deviceScope", device.device_scope},
        {"parentScopes", JsonArray(device.parent_scopes.begin(), device.parent_scopes.end())},
        {"created", to_number(device.created)}};
    if (device.identity().is_module()) {
        document["moduleId"] = device.module.text();
        document["managedBy"] = device.managed_by;
    }
    return document;
}

Result<Device> stored_device(const JsonObject& document) {
    Record record(document);
    auto authentication = stored_authentication(record.object("authentication"));
    if (!authentication) {
        return std::unexpected(std::move(authentication.error()));
    }
    Device device;
    device.id = DeviceId(record.text("deviceId"));
    device.generation_id = record.text("generationId");
    device.version = record.number("version");
    device.etag = ETag(record.text("etag"));
    device.status = record.word("status", status_named);
    device.status_reason = record.text("statusReason");
    device.status_updated = to_time(record.number("statusUpdated"));
    device.authentication = std::move(*authentication);
    device.iot_edge = record.flag("iotEdge");
    device.device_scope = record.text("deviceScope");
    device.parent_scopes = record.texts("parentScopes");
    device.created = to_time(record.number("created"));
    device.module = ModuleId(record.text_if_any("moduleId"));
    device.managed_by = record.text_if_any("managedBy");
    return record.finish(std::move(device));
}

JsonObject to_stored_document(const Twin& twin) {
    JsonObject document{{"version", twin.version},
                        {"tags", twin.tags},
                        {"desired", stored(twin.desired)},
                        {"reported", stored(twin.reported)},
                        {"modelId", twin.model_id}};
    // Most twins are of no configuration; what is written here is what queries look at.
    if (twin.configured != Configured()) {
        document["configurations"] = to_configurations_document(twin.configured);
        document["configuredPaths"] =
            JsonArray(twin.configured.paths.begin(), twin.configured.paths.end());
    }
    return document;
}

namespace {

Configured stored_configured(Record& record, const JsonObject& document) {
    Configured configured;
    if (!document.contains("configurations")) {
        return configured;
    }
    configured.paths = record.texts("configuredPaths");
    for (const auto& member : record.object("configurations")) {
        const bool applied = member.value() == Json(JsonObject{{"status", "Applied"}});
        configured.states.emplace(member.key(), applied ? ConfigurationState::applied
                                                        : ConfigurationState::targeted);
    }
    return configured;
}

} // namespace

Result<Twin> stored_twin(const JsonObject& document) {
    Record record(document);
    Twin twin;
    twin.version = record.number("version");
    twin.tags = record.object("tags");
    twin.desired = record.section("desired");
    twin.reported = record.section("reported");
    twin.model_id = record.text("modelId");
    twin.configured = stored_configured(record, document);
    return record.finish(std::move(twin));
}

} // namespace muster::hub
