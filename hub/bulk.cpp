#include "hub/bulk.h"

#include "base/text.h"
#include "hub/documents.h"
#include "hub/retry.h"
#include "hub/twin_documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

namespace muster::hub {

namespace {

using enum ImportMode;

struct NamedMode {
    ImportMode mode;
    std::string_view name;
};

constexpr std::array named_modes{
    NamedMode{create, "create"},
    NamedMode{create_or_update, "createOrUpdate"},
    NamedMode{create_or_update_if_match, "createOrUpdateIfMatchETag"},
    NamedMode{update, "update"},
    NamedMode{update_if_match, "updateIfMatchETag"},
    NamedMode{erase, "delete"},
    NamedMode{erase_if_match, "deleteIfMatchETag"},
    NamedMode{update_twin, "updateTwin"},
    NamedMode{update_twin_if_match, "updateTwinIfMatchETag"},
};

/// Clients write it in any case; without one it is what import files mean then.
std::optional<ImportMode> mode_named(std::string_view name) {
    if (name.empty()) {
        return create_or_update;
    }
    const auto found = std::ranges::find_if(
        named_modes, [&](const NamedMode& one) { return equal_ignoring_case(one.name, name); });
    return found == named_modes.end() ? std::nullopt : std::optional(found->mode);
}

bool is_for_twin(ImportMode mode) {
    return mode == update_twin || mode == update_twin_if_match;
}

bool is_erasure(ImportMode mode) {
    return mode == erase || mode == erase_if_match;
}

bool is_creation(ImportMode mode) {
    return mode == create || mode == create_or_update || mode == create_or_update_if_match;
}

// ---- reading ----

/// The condition of a mode that has one: the named member.
Result<IfMatch> if_match_from(const JsonObject& document, ImportMode mode) {
    if (mode == create) {
        return IfMatch();
    }
    const bool is_conditional = mode == create_or_update_if_match || mode == update_if_match ||
                                mode == erase_if_match || mode == update_twin_if_match;
    if (!is_conditional) {
        return IfMatch{.kind = IfMatch::Kind::any, .etag = {}};
    }
    const std::string_view name = is_for_twin(mode) ? "twinETag" : "eTag";
    const auto etag = string_member(document, name);
    if (!etag) {
        return std::unexpected(etag.error());
    }
    const IfMatch condition = IfMatch::from_header(*etag);
    if (condition.kind != IfMatch::Kind::absent) {
        return condition;
    }
    if (mode == create_or_update_if_match) { // nothing matches, but it may be created
        return IfMatch{.kind = IfMatch::Kind::exactly, .etag = {}};
    }
    return fail(Code::malformed, fmt::format("{} is needed", name));
}

/// Whom an entry is about, as it is written there.
struct Names {
    std::string device;
    std::string module;
};

/// An entry names its device "id"; apart from that it is the document of an identity.
Result<Device> device_from(JsonObject document, const Names& names) {
    document["deviceId"] = names.device;
    document["moduleId"] = names.module;
    return device_from_document(document);
}

Result<BulkDeed> deed_from(const JsonObject& document, const Names& names, ImportMode mode) {
    BulkDeed deed;
    deed.mode = mode;
    auto if_match = if_match_from(document, mode);
    if (!if_match) {
        return std::unexpected(std::move(if_match.error()));
    }
    deed.if_match = std::move(*if_match);
    const bool only_names = is_for_twin(mode) || is_erasure(mode);
    auto device = device_from(only_names ? JsonObject() : document, names);
    if (!device) {
        return std::unexpected(std::move(device.error()));
    }
    deed.device = std::move(*device);
    if (is_creation(mode)) {
        auto content = twin_content_from(document);
        if (!content) {
            return std::unexpected(std::move(content.error()));
        }
        deed.initial = std::move(*content);
    }
    if (is_for_twin(mode) || mode == create_or_update || mode == create_or_update_if_match) {
        auto twin = twin_update_from(document);
        if (!twin) {
            return std::unexpected(std::move(twin.error()));
        }
        deed.twin = std::move(*twin);
    }
    return deed;
}

Result<BulkEntry> entry_from(const Json& element) {
    if (!element.is_object()) {
        return fail(Code::malformed, "the body must be an array of objects");
    }
    const JsonObject& document = element.get_object();
    const auto id = string_member(document, "id");
    const auto module = string_member(document, "moduleId");
    const auto named = string_member(document, "importMode");
    for (const auto* member : {&id, &module, &named}) {
        if (!*member) {
            return std::unexpected(member->error());
        }
    }
    if (id->empty()) {
        return fail(Code::malformed, "every entry needs an id");
    }
    const auto mode = mode_named(*named);
    BulkEntry entry{.device = *id,
                    .module = *module,
                    .mode = mode ? std::string(to_string(*mode)) : *named,
                    .deed = fail(Code::malformed, "importMode has an unknown value")};
    if (mode) {
        entry.deed = deed_from(document, {.device = *id, .module = *module}, *mode);
    }
    return entry;
}

// ---- doing ----

template <class T>
Result<Carried> outcome_of(const Result<T>& done) {
    return done ? Result<Carried>(Carried::whole) : std::unexpected(done.error());
}

bool has_twin(const BulkDeed& deed) {
    return deed.twin.tags || deed.twin.desired;
}

/// Whether the twin would be as it is wanted: asked before the identity is changed.
Result<void> check_twin_update(Service& hub, const BulkDeed& deed) {
    const auto current = hub.get_twin(deed.device.identity());
    if (!current) {
        return std::unexpected(current.error());
    }
    const auto next = apply_patch(current->twin, deed.twin, never(), hub.settings().twin_limits);
    return next ? Result<void>() : std::unexpected(next.error());
}

Result<Carried> update_both(Service& hub, const BulkDeed& deed) {
    if (auto fine = has_twin(deed) ? check_twin_update(hub, deed) : Result<void>(); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    const auto updated = hub.put_device(deed.device, deed.if_match);
    if (!updated || !has_twin(deed)) {
        return outcome_of(updated);
    }
    const bool took_twin = hub.patch_twin(deed.device.identity(), deed.twin, {}).has_value();
    return took_twin ? Carried::whole : Carried::without_twin;
}

/// One try to change what is there, else to create it; conflict if that has changed in between.
Result<Carried> put_once(Service& hub, const BulkDeed& deed) {
    auto updated = update_both(hub, deed);
    if (updated || updated.error().code != Code::not_found) {
        return updated;
    }
    auto created = outcome_of(hub.create_with_twin(deed.device, deed.initial));
    if (!created && created.error().code == Code::already_exists) {
        created.error().code = Code::conflict;
    }
    return created;
}

} // namespace

std::string_view to_string(ImportMode mode) {
    return std::ranges::find(named_modes, mode, &NamedMode::mode)->name;
}

Result<std::vector<BulkEntry>> bulk_entries_from(const JsonArray& documents) {
    if (documents.empty() || documents.size() > bulk_entries_max) {
        return fail(Code::malformed,
                    fmt::format("the body must be an array of 1 to {} entries", bulk_entries_max));
    }
    std::vector<BulkEntry> entries;
    for (const Json& document : documents) {
        auto entry = entry_from(document);
        if (!entry) {
            return std::unexpected(std::move(entry.error()));
        }
        entries.push_back(std::move(*entry));
    }
    return entries;
}

const BulkEntry* repeated(const std::vector<BulkEntry>& entries) {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    const auto found = std::ranges::find_if(entries, [&](const BulkEntry& entry) {
        return !seen.emplace(entry.device, entry.module).second;
    });
    return found == entries.end() ? nullptr : &*found;
}

Result<Carried> carry_out(Service& hub, const BulkDeed& deed) {
    switch (deed.mode) {
    case create: return outcome_of(hub.create_with_twin(deed.device, deed.initial));
    case create_or_update:
    case create_or_update_if_match: return retry_on_conflict([&] { return put_once(hub, deed); });
    case update:
    case update_if_match: return outcome_of(hub.put_device(deed.device, deed.if_match));
    case erase:
    case erase_if_match:
        return outcome_of(hub.delete_device(deed.device.identity(), deed.if_match));
    case update_twin:
    case update_twin_if_match:
        return outcome_of(hub.patch_twin(deed.device.identity(), deed.twin, deed.if_match));
    }
    return fail(Code::internal, "internal error", "no import mode");
}

} // namespace muster::hub
