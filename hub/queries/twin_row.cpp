#include "hub/queries/twin_row.h"

#include "hub/documents.h"
#include "hub/queries/json_part.h"

#include <array>
#include <utility>

namespace muster::hub {

namespace {

using query::Path;
using query::Step;
using query::Value;

constexpr JsonLimits stored_limits{.bytes_max = 4 * 1024 * 1024, .depth_max = 64};

bool names(const Path& path, std::size_t index, std::string_view name) {
    const auto* found =
        index < path.steps.size() ? std::get_if<std::string>(&path.steps[index]) : nullptr;
    return found != nullptr && *found == name;
}

/// The value behind the steps from `first` on.
Value value_in(std::optional<std::string_view> text, const Path& path, std::size_t first) {
    for (; text && first < path.steps.size(); ++first) {
        const auto* name = std::get_if<std::string>(&path.steps[first]);
        if (name == nullptr) {
            break;
        }
        text = member_text(*text, *name);
    }
    if (!text) {
        return {};
    }
    const auto value = parse_json(*text, stored_limits);
    const Json* found = value ? query::find_in(*value, path, first) : nullptr;
    return found == nullptr ? Value() : Value::of(*found);
}

Value section_value(std::string_view twin, const Path& path) {
    const auto section = member_text(twin, std::get<std::string>(path.steps[1]));
    if (!section) {
        return {};
    }
    if (names(path, 2, "$version")) {
        return value_in(member_text(*section, "version"), path, 3);
    }
    if (names(path, 2, "$metadata")) {
        return value_in(member_text(*section, "metadata"), path, 3);
    }
    return value_in(member_text(*section, "values"), path, 2);
}

} // namespace

std::string facts_text(const Device& device) {
    JsonObject document = to_stored_document(device);
    JsonObject& authentication = document["authentication"].as_object();
    authentication["primaryKey"] = "";
    authentication["secondaryKey"] = "";
    return to_text(document);
}

std::optional<Value> TwinRow::find_quickly(const Path& path) const {
    if (names(path, 0, "tags")) {
        return value_in(member_text(texts_.twin, "tags"), path, 1);
    }
    if (names(path, 0, "configurations")) { // stored as it is shown
        return value_in(texts_.twin, path, 0);
    }
    if (path.steps.size() > 2 && names(path, 0, "properties") &&
        (names(path, 1, "desired") || names(path, 1, "reported"))) {
        return section_value(texts_.twin, path);
    }
    if (path.steps.size() != 1) {
        return names(path, 0, "capabilities") && names(path, 1, "iotEdge") && path.steps.size() == 2
                   ? std::optional(value_in(member_text(texts_.facts, "iotEdge"), path, 2))
                   : std::nullopt;
    }
    if (names(path, 0, "deviceId")) {
        return query::text_value(texts_.id.substr(0, texts_.id.find('/')));
    }
    if (names(path, 0, "status")) {
        return value_in(member_text(texts_.facts, "status"), path, 1);
    }
    if (names(path, 0, "version") || names(path, 0, "modelId")) {
        return value_in(texts_.twin, path, 0);
    }
    if (names(path, 0, "connectionState")) {
        return query::text_value(texts_.presence.connected ? "Connected" : "Disconnected");
    }
    return std::nullopt;
}

Value TwinRow::find(const Path& path) const {
    if (path.root != query::Root::document || path.steps.empty()) {
        return {};
    }
    if (!document_) {
        if (auto value = find_quickly(path)) {
            return std::move(*value);
        }
    }
    return find_in_document(path);
}

Value TwinRow::find_in_document(const Path& path) const {
    if (!document_) {
        document_ = document();
    }
    return *document_ ? Value::at(query::find_in(**document_, path)) : Value();
}

Result<JsonObject> TwinRow::document() const {
    if (document_) {
        return *document_;
    }
    const auto facts = parse_json_object(texts_.facts, stored_limits);
    auto twin_document = parse_json_object(texts_.twin, stored_limits);
    if (!facts || !twin_document) {
        return fail(Code::internal, "a stored twin cannot be read", texts_.id);
    }
    auto device = stored_device(*facts);
    auto twin = stored_twin(*twin_document);
    if (!device || !twin) {
        return fail(Code::internal, "a stored twin cannot be read",
                    texts_.id + ": " + (device ? twin.error() : device.error()).detail);
    }
    return to_document(TwinView{.device = std::move(*device),
                                .twin = std::move(*twin),
                                .presence = texts_.presence,
                                .messages_waiting = texts_.messages_waiting});
}

} // namespace muster::hub
