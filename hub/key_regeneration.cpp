#include "hub/key_regeneration.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace muster::hub {

namespace {

std::optional<KeySlots> slots_named(std::string_view name) {
    for (const KeySlots which : {KeySlots::primary, KeySlots::secondary, KeySlots::both}) {
        if (to_string(which) == name) {
            return which;
        }
    }
    return std::nullopt;
}

Result<IdentityId> id_of(const std::string& device, const std::string& module) {
    return parse_identity_id(module.empty() ? device : device + '/' + module);
}

Result<KeyRegeneration::Entry> entry_from(const Json& element) {
    if (!element.is_object()) {
        return fail(Code::malformed, "devices must be an array of objects");
    }
    auto device = string_member(element.get_object(), "id");
    auto module = string_member(element.get_object(), "moduleId");
    for (const auto* member : {&device, &module}) {
        if (!*member) {
            return std::unexpected(member->error());
        }
    }
    auto id = id_of(*device, *module);
    return KeyRegeneration::Entry{
        .device = std::move(*device), .module = std::move(*module), .id = std::move(id)};
}

} // namespace

std::string_view to_string(KeySlots which) {
    switch (which) {
    case KeySlots::primary: return "primaryKey";
    case KeySlots::secondary: return "secondaryKey";
    case KeySlots::both: break;
    }
    return "both";
}

Result<KeyRegeneration> key_regeneration_from(const JsonObject& document) {
    const auto name = string_member(document, "policyKey");
    const auto which = name ? slots_named(*name) : std::nullopt;
    if (!which) {
        return fail(Code::malformed, std::string(unknown_policy_key));
    }
    const Json* devices = find_member(document, "devices");
    const JsonArray* elements = devices == nullptr ? nullptr : devices->if_array();
    if (elements == nullptr || elements->empty() || elements->size() > regenerations_max) {
        return fail(Code::malformed,
                    fmt::format("devices must be an array of 1 to {} entries", regenerations_max));
    }
    KeyRegeneration regeneration{.which = *which, .entries = {}};
    for (const Json& element : *elements) {
        auto entry = entry_from(element);
        if (!entry) {
            return std::unexpected(std::move(entry.error()));
        }
        regeneration.entries.push_back(std::move(*entry));
    }
    return regeneration;
}

} // namespace muster::hub
