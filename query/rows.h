#pragma once
// From rows to what a query answers with: projections, aggregates, groups.

#include "query/query.h"

#include <map>
#include <vector>

namespace muster::query {

/// The members that a query selects of a row; what the row does not have is left out. Not for `*`.
JsonObject projection(const Query& query, const Facts& row);

inline constexpr std::size_t groups_max = 10'000;
inline constexpr std::size_t group_key_bytes_max = 4096;

/// Counts, sums and the rest over rows, taken in one after the other, group by group.
///
/// COUNT counts rows. The others look at numbers only: sums stay integers while they fit, an
/// average is a double unless it comes out even, and what had no number is left out of the result.
/// A group's key is the value at the path; where there is none, the group's row does not have the
/// member.
class Aggregation {
  public:
    explicit Aggregation(const Query& query);

    /// Error: too_large, over groups_max groups or with a key over group_key_bytes_max.
    Result<void> take(const Facts& row);

    /// `count` rows at once, for a query that asks for nothing but their count.
    void take_count(std::int64_t count);

    /// Ordered by the keys as JSON texts, the group without a key first. Without GROUP BY one row,
    /// of nothing too.
    [[nodiscard]] std::vector<JsonObject> rows() const;

  private:
    struct Part {
        std::int64_t count = 0; // of numbers
        Value sum;
        Value minimum;
        Value maximum;
    };

    struct Group {
        Value key;
        std::int64_t count = 0;  // of rows
        std::vector<Part> parts; // one for each item
    };

    Group& group(std::string key_text, Value key);
    void take(Group& group, const Facts& row) const;
    [[nodiscard]] JsonObject row_of(const Group& group) const;
    [[nodiscard]] Value value_of(const Group& group, std::size_t index) const;

    const Query& query_; // must outlive this
    std::map<std::string, Group> groups_;
};

} // namespace muster::query
