#pragma once
// Table twin_tag: the scalar values of a twin's tags, kept in the twin's own transactions, so that
// `tags.site = 'north'` need not look at every twin.
//
// A path is the names from `tags` on, joined by dots (no name holds one). A value is its kind and
// itself ("sNorth", "n21.5", "bt"); equal values have equal texts, and texts cut at 100 bytes may
// stand for different ones: whoever looks here looks at the twin afterwards.

#include "base/ids.h"
#include "hub/identity_id.h"
#include "query/path.h"
#include "store/sql/database.h"

#include <optional>
#include <string>
#include <vector>

namespace muster::store::sql {

struct TagEntry {
    std::string path;
    std::string value;

    friend auto operator<=>(const TagEntry&, const TagEntry&) = default;
};

struct TagValue {
    std::string text;
    bool is_exact = true; // no other value has this text
};

/// Nothing for null, arrays and objects, which are not in the table.
std::optional<TagValue> tag_value(const Json& value);

/// Nothing for what is not in the table: other paths than into tags, indexes of arrays, paths over
/// 200 bytes.
std::optional<std::string> tag_path(const query::Path& path);

std::vector<TagEntry> tag_entries(const JsonObject& tags);

/// Makes the table say what the tags are. The twin's row is there already; where it says that its
/// tags have not changed, nothing is written.
Result<void> index_tags(Connection& connection, const HubName& hub, const hub::IdentityId& id,
                        const JsonObject& tags);

} // namespace muster::store::sql
