#include "app/documents/difference.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace muster::app {

namespace {

using Changes = std::vector<MemberChange>;

/// What one may leave out because nobody should have to write it down, or write it twice. By path:
/// a twin may have members of the same names.
bool is_secret(std::string_view path) {
    const auto ends = [&](std::string_view end) { return path.ends_with(end); };
    return path.starts_with("attestation.symmetricKey") ||
           path == "customAllocationDefinition.signingKey" ||
           (path.starts_with("policies[") && (ends("].primaryKey") || ends("].secondaryKey"))) ||
           (path.starts_with("hubs[") && ends("].connectionString"));
}

// ---- values ----

enum class Absent : std::uint8_t {
    removes, // what the wanted object leaves out is taken away
    keeps,   // it stays
};

struct Comparison {
    Absent in_items; // of lists of named things
    Changes changes;

    void objects(const std::string& path, const JsonObject& before, const JsonObject& after,
                 Absent absent);
    void values(const std::string& path, const Json& before, const Json& after);
};

std::string joined(const std::string& path, std::string_view member) {
    return path.empty() ? std::string(member) : fmt::format("{}.{}", path, member);
}

void Comparison::objects(const std::string& path, const JsonObject& before, const JsonObject& after,
                         Absent absent) {
    for (const auto& member : before) {
        std::string at = joined(path, member.key());
        if (absent == Absent::removes && !after.contains(member.key()) && !is_secret(at)) {
            changes.push_back({std::move(at), member.value(), std::nullopt});
        }
    }
    for (const auto& member : after) {
        const std::string_view name = member.key();
        if (const Json* was = before.if_contains(name)) {
            values(joined(path, name), *was, member.value());
        } else {
            changes.push_back({joined(path, name), std::nullopt, member.value()});
        }
    }
}

/// Lists of things with names are compared by name, when each name stands once.
using Named = std::map<std::string, const JsonObject*>;

std::optional<Named> by_name(const JsonArray& array) {
    Named named;
    for (const Json& item : array) {
        const Json* name = item.is_object() ? item.as_object().if_contains("name") : nullptr;
        if (name == nullptr || !name->is_string() ||
            !named.emplace(to_lower(std::string(name->as_string())), &item.as_object()).second) {
            return std::nullopt;
        }
    }
    return named;
}

void compare_named(const std::string& path, const Named& before, const Named& after,
                   Comparison& comparison) {
    Changes& changes = comparison.changes;
    for (const auto& [name, object] : before) {
        if (!after.contains(name)) {
            changes.push_back({fmt::format("{}[{}]", path, name), Json(*object), std::nullopt});
        }
    }
    for (const auto& [name, object] : after) {
        const std::string at = fmt::format("{}[{}]", path, name);
        if (const auto was = before.find(name); was != before.end()) {
            comparison.objects(at, *was->second, *object, comparison.in_items);
        } else {
            changes.push_back({at, std::nullopt, Json(*object)});
        }
    }
}

void Comparison::values(const std::string& path, const Json& before, const Json& after) {
    if (before == after) {
        return;
    }
    if (before.is_object() && after.is_object()) {
        objects(path, before.as_object(), after.as_object(), Absent::removes);
        return;
    }
    const auto had = before.is_array() ? by_name(before.as_array()) : std::nullopt;
    const auto wants = after.is_array() ? by_name(after.as_array()) : std::nullopt;
    if (had && wants) {
        compare_named(path, *had, *wants, *this);
        return;
    }
    changes.push_back({path, before, after});
}

Changes changes_between(const Document& before, const Document& after) {
    const auto absent = after.kind == DocumentKind::instance ? Absent::keeps : Absent::removes;
    Comparison comparison{.in_items = absent, .changes = {}};
    comparison.objects("", before.spec, after.spec, absent);
    return std::move(comparison.changes);
}

/// The server takes a list as a whole and gives an item's open members their defaults, so what an
/// item leaves as it is must be said again. Secrets are kept by the server.
void complete_items(const std::string& path, const JsonObject& had, JsonObject& item) {
    for (const auto& member : had) {
        if (!item.contains(member.key()) && !is_secret(joined(path, member.key()))) {
            item[member.key()] = member.value();
        }
    }
}

Document completed(Document wanted, const Document& current) {
    for (auto& member : wanted.spec) {
        const Json* was = current.spec.if_contains(member.key());
        const auto had =
            was != nullptr && was->is_array() ? by_name(was->as_array()) : std::nullopt;
        if (!had || !member.value().is_array() || !by_name(member.value().as_array())) {
            continue;
        }
        for (Json& item : member.value().as_array()) {
            const auto same = had->find(to_lower(std::string(item.at("name").as_string())));
            if (same != had->end()) {
                complete_items(std::string(member.key()) + "[]", *same->second, item.as_object());
            }
        }
    }
    return wanted;
}

// ---- documents ----

using Key = std::pair<DocumentKind, std::string>;

/// Names of every kind compare without case.
Key key_of(const Document& document) {
    return {document.kind, to_lower(document.name)};
}

Result<std::map<Key, const Document*>> index(const std::vector<Document>& documents) {
    std::map<Key, const Document*> found;
    for (const Document& document : documents) {
        if (!found.emplace(key_of(document), &document).second) {
            return fail(Code::malformed, fmt::format("{} '{}' stands twice",
                                                     to_string(document.kind), document.name));
        }
    }
    return found;
}

/// Makers before users, users deleted before makers.
bool comes_before(const Step& left, const Step& right) {
    const auto rank = [](const Step& step) {
        const int kind = static_cast<int>(step.document.kind);
        const bool erases = step.action == Step::Action::erase;
        return std::tuple(erases, erases ? -kind : kind, to_lower(step.document.name));
    };
    return rank(left) < rank(right);
}

/// The value without the secrets in it.
Json masked(const std::string& path, const Json& value) {
    if (is_secret(path)) {
        return "(secret)";
    }
    if (const auto* array = value.if_array()) { // items that have no name of their own
        JsonArray items;
        for (const Json& item : *array) {
            items.push_back(masked(path + "[]", item));
        }
        return items;
    }
    const auto* object = value.if_object();
    if (object == nullptr) {
        return value;
    }
    JsonObject copy;
    for (const auto& member : *object) {
        copy[member.key()] = masked(joined(path, member.key()), member.value());
    }
    return copy;
}

std::string shown(const std::string& path, const Json& value) {
    constexpr std::size_t text_max = 100;
    std::string text = to_text(masked(path, value));
    return text.size() > text_max ? text.substr(0, text_max) + "..." : text;
}

std::string describe(const MemberChange& change) {
    if (!change.before) {
        return fmt::format("    + {}: {}\n", change.path, shown(change.path, *change.after));
    }
    if (!change.after) {
        return fmt::format("    - {}: {}\n", change.path, shown(change.path, *change.before));
    }
    return fmt::format("    ~ {}: {} -> {}\n", change.path, shown(change.path, *change.before),
                       shown(change.path, *change.after));
}

} // namespace

Result<std::vector<Step>> compare(const std::vector<Document>& current,
                                  const std::vector<Document>& wanted,
                                  const CompareOptions& options) {
    const auto had = index(current);
    const auto wants = index(wanted);
    if (!had || !wants) {
        return std::unexpected(had ? wants.error() : had.error());
    }
    std::vector<Step> steps;
    for (const auto& [key, document] : *wants) {
        const auto found = had->find(key);
        if (found == had->end()) {
            steps.push_back({.action = Step::Action::create, .document = *document});
            continue;
        }
        auto changes = changes_between(*found->second, *document);
        if (!changes.empty()) {
            const bool is_instance = document->kind == DocumentKind::instance;
            steps.push_back(
                {.action = Step::Action::update,
                 .document = is_instance ? completed(*document, *found->second) : *document,
                 .etag = found->second->etag,
                 .changes = std::move(changes)});
        }
    }
    for (const auto& [key, document] : *had) {
        if (options.prune.contains(key.first) && !wants->contains(key)) {
            steps.push_back({.action = Step::Action::erase,
                             .document = *document,
                             .etag = document->etag,
                             .changes = {}});
        }
    }
    std::ranges::sort(steps, comes_before);
    return steps;
}

std::string describe(const std::vector<Step>& steps) {
    std::string text;
    for (const Step& step : steps) {
        const char* sign = step.action == Step::Action::create   ? "+"
                           : step.action == Step::Action::update ? "~"
                                                                 : "-";
        text += fmt::format("{} {} {}\n", sign, to_string(step.document.kind), step.document.name);
        for (const MemberChange& change : step.changes) {
            text += describe(change);
        }
    }
    return text;
}

} // namespace muster::app
