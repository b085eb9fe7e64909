#pragma once
// A place in what a query looks at: `tags.site`, `properties.reported.[[a b]].x`, `$body.list[0]`.
//
//   path = name *( "." name | "[" digits "]" )        name = ident | "[[" text "]]"

#include "base/json.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace muster::query {

/// What the first step is looked up in. Everything but `document` belongs to routing conditions.
enum class Root : std::uint8_t {
    document, // the row: a twin or a job
    property, // an application property of a message; names compare without case
    system,   // `$contentType` and the like, the name without its `$`; compares without case
    body,     // `$body.x`: the message's body, if it is JSON
    twin,     // `$twin.tags.x`: the twin of the message's device
};

/// A member's name, or the index of an array's element.
using Step = std::variant<std::string, std::size_t>;

struct Path {
    Root root = Root::document;
    std::vector<Step> steps; // at least one, except for a bare `$body`

    friend bool operator==(const Path&, const Path&) = default;
};

/// The value at the end of the path; nothing if there is none. Names compare exactly.
const Json* find_in(const JsonObject& document, const Path& path);
/// The same from step `first` on; the value itself if there are no more steps.
const Json* find_in(const Json& value, const Path& path, std::size_t first);

/// Twins and jobs spell the names of their top level in one way, whatever the query writes; a
/// leading `devices.`, `devices.modules.` or `devices.jobs.` is dropped (iothub B.9).
Path with_own_spelling(Path path);

/// The name that a result has by default: that of the last step, empty if it has none.
std::string last_name(const Path& path);

/// As a query may write it.
std::string to_text(const Path& path);

/// Letters, digits and `_`, the first no digit; `$` in front; bytes above ASCII count as letters.
bool is_plain_name(std::string_view text);

/// The words that end or join expressions; they name nothing unless written in `[[ ]]`.
bool is_reserved_word(std::string_view name);

} // namespace muster::query
