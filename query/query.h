#pragma once
// Queries (reference: iothub B.9):
//
//   query     = "SELECT" ["TOP" int] select "FROM" source ["WHERE" expr] ["GROUP" "BY" path]
//   source    = "devices" | "devices.modules" | "devices.jobs"
//   select    = "*" | item *( "," item )
//   item      = ( path | aggregate ) ["AS" name]
//   aggregate = "COUNT()" | ("AVG"|"SUM"|"MIN"|"MAX") "(" path ")"
//
// expr stands in condition.h. Paths and aggregates stand side by side only if every path is the one
// that is grouped by. From jobs everything is selected, and nothing is grouped.

#include "query/condition.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::query {

enum class Source : std::uint8_t { devices, modules, jobs };

enum class Selection : std::uint8_t { path, count, average, sum, minimum, maximum };

struct Item {
    Selection selection = Selection::path;
    Path path;        // of everything but count
    std::string name; // of the member in the result: the alias, else the path's last name or the
                      // aggregate's own

    friend bool operator==(const Item&, const Item&) = default;
};

struct Query {
    std::optional<std::uint64_t> top;
    std::vector<Item> items; // none: everything
    Source source = Source::devices;
    std::optional<Condition> where;
    std::optional<Path> group_by;

    /// Answers with the groups, or with the one row of the whole.
    [[nodiscard]] bool aggregates() const;

    friend bool operator==(const Query&, const Query&) = default;
};

inline constexpr std::size_t items_max = 256;

/// Error: malformed, with "line 1, column 7: expected .. but found ..".
Result<Query> parse_query(std::string_view text);

/// As it may be written; parsed again, it is equal.
std::string to_text(const Query& query);
std::string_view to_text(Source source);

/// What jobs and configurations aim at (B.10, B.11): `*`, the body of WHERE over devices, or
/// `FROM devices[.modules] [WHERE ..]`.
struct Target {
    Source source = Source::devices;
    std::optional<Condition> condition; // none: all of them

    friend bool operator==(const Target&, const Target&) = default;
};

/// An empty text is malformed: what it means is the caller's to say.
Result<Target> parse_target(std::string_view text);

} // namespace muster::query
