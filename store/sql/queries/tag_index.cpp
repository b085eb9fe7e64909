#include "store/sql/queries/tag_index.h"

#include "base/encoding.h"
#include "crypto/keys.h"
#include "query/value.h"
#include "store/sql/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace muster::store::sql {

namespace {

constexpr std::size_t value_bytes_max = 100;
constexpr std::size_t path_bytes_max = 200;

constexpr Statement select_digest{"SELECT tags_digest FROM twin WHERE hub = $1 AND device = $2"};
constexpr Statement update_digest{
    "UPDATE twin SET tags_digest = $3 WHERE hub = $1 AND device = $2"};
constexpr Statement delete_entries{"DELETE FROM twin_tag WHERE hub = $1 AND device = $2"};
constexpr Statement insert_entry{
    "INSERT INTO twin_tag (hub, is_module, path, value, device) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (hub, is_module, path, value, device) DO NOTHING"};

/// The text of a number: the same for 3 and 3.0. Integers that a double cannot hold share the text
/// of the nearest.
TagValue number_value(const Json& number) {
    constexpr double exact_max = 9007199254740992.0; // 2^53
    const double value = query::to_double(number);
    const bool is_exact = std::abs(value) < exact_max;
    if (is_exact && std::trunc(value) == value) {
        return {.text = fmt::format("n{}", static_cast<std::int64_t>(value))};
    }
    return {.text = fmt::format("n{}", value), .is_exact = is_exact};
}

/// Not in the middle of a character.
std::string_view cut(std::string_view text) {
    std::size_t end = std::min(text.size(), value_bytes_max);
    while (end < text.size() && end > 0 &&
           (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return text.substr(0, end);
}

/// `prefix` ends with a dot, or is that of `tags` itself.
void collect(const JsonObject& object, const std::string& prefix, std::vector<TagEntry>& entries) {
    for (const auto& member : object) {
        std::string path = prefix + std::string(member.key());
        if (const auto* inner = member.value().if_object()) {
            collect(*inner, path + ".", entries);
        } else if (auto value = tag_value(member.value()); value && path.size() <= path_bytes_max) {
            entries.push_back({.path = std::move(path), .value = std::move(value->text)});
        }
    }
}

/// Lengths in front, so that no two lists read the same.
std::string digest_of(const std::vector<TagEntry>& entries) {
    std::string text;
    for (const TagEntry& entry : entries) {
        text += fmt::format("{}:{}{}:{}", entry.path.size(), entry.path, entry.value.size(),
                            entry.value);
    }
    return hex_encode_lower(crypto::sha256(text));
}

Result<std::string> known_digest(Connection& connection, const HubName& hub, std::string_view key) {
    std::string digest;
    const auto ran = connection.run(select_digest, {hub.text(), key},
                                    [&](const Row& row) { digest = row.text(0); });
    return ran ? Result<std::string>(std::move(digest)) : std::unexpected(ran.error());
}

} // namespace

std::optional<TagValue> tag_value(const Json& value) {
    if (value.is_bool()) {
        return TagValue{.text = value.get_bool() ? "bt" : "bf"};
    }
    if (value.is_number()) {
        return number_value(value);
    }
    if (const auto* text = value.if_string()) {
        const std::string_view whole(text->data(), text->size());
        const std::string_view kept = cut(whole);
        return TagValue{.text = "s" + std::string(kept),
                        .is_exact = whole.size() < value_bytes_max};
    }
    return std::nullopt;
}

std::optional<std::string> tag_path(const query::Path& path) {
    const bool is_tag = path.root == query::Root::document && path.steps.size() > 1 &&
                        path.steps.front() == query::Step("tags");
    if (!is_tag) {
        return std::nullopt;
    }
    std::string text;
    for (std::size_t i = 1; i < path.steps.size(); ++i) {
        const auto* name = std::get_if<std::string>(&path.steps[i]);
        if (name == nullptr || name->find('.') != std::string::npos) {
            return std::nullopt;
        }
        text += (i == 1 ? "" : ".") + *name;
    }
    return text.size() <= path_bytes_max ? std::optional(std::move(text)) : std::nullopt;
}

std::vector<TagEntry> tag_entries(const JsonObject& tags) {
    std::vector<TagEntry> entries;
    collect(tags, "", entries);
    return entries;
}

Result<void> index_tags(Connection& connection, const HubName& hub, const hub::IdentityId& id,
                        const JsonObject& tags) {
    const std::string key = id.text();
    const auto entries = tag_entries(tags);
    const std::string digest = digest_of(entries);
    const auto known = known_digest(connection, hub, key);
    if (!known) {
        return std::unexpected(known.error());
    }
    if (*known == digest) {
        return {};
    }
    Result<void> done =
        known->empty() ? Result<void>() : run_only(connection, delete_entries, {hub.text(), key});
    const std::int64_t is_module = id.is_module() ? 1 : 0;
    for (const TagEntry& entry : entries) {
        if (done) {
            done = run_only(connection, insert_entry,
                            {hub.text(), is_module, entry.path, entry.value, key});
        }
    }
    return done ? run_only(connection, update_digest, {hub.text(), key, digest}) : done;
}

} // namespace muster::store::sql
