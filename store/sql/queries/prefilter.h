#pragma once
// What of a condition the database can look up. Only comparisons with constants that must hold for
// the whole to hold (the whole itself, or sides of its outermost ANDs) are considered; the rows
// that are found are a superset of those that match.

#include "query/query.h"
#include "store/sql/queries/tag_index.h"

#include <optional>
#include <string>
#include <vector>

namespace muster::store::sql {

// Of IN; longer lists are not looked up.
inline constexpr std::size_t ids_max = 1000;
inline constexpr std::size_t tag_values_max = 32;

struct TagLookup {
    std::string path;
    std::vector<std::string> values; // any of them
    bool is_exact = true;            // finds nothing else
};

struct Prefilter {
    std::vector<std::string> device_ids;  // any of them, if there are any
    std::optional<std::string> id_from;   // at least
    std::optional<std::string> id_before; // less than
    std::optional<TagLookup> tag;         // the one with the fewest values
    bool only_connected = false;
    bool only_disabled = false;
    /// What was found is the whole condition.
    bool is_whole = false;
};

Prefilter prefilter_of(const query::Condition* condition);

} // namespace muster::store::sql
