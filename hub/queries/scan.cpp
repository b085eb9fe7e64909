#include "hub/queries/scan.h"

#include "base/text.h"
#include "hub/queries/continuation.h"
#include "query/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>

namespace muster::hub {

namespace {

using query::Condition;
using query::Query;

/// Looks at candidates one after the other; the steps grow while little is found.
class Walk {
  public:
    Walk(const Scan& scan, const Condition* condition, std::string after)
        : scan_(scan), condition_(condition), after_(std::move(after)),
          begun_(scan.clock.steady()) {}

    /// False from the visitor ends the walk. A step asks for `wanted` rows at first.
    Result<void> run(std::size_t wanted, const std::function<Result<bool>(const TwinRow&)>& visit,
                     const std::function<bool(const Walk&)>& is_over) {
        std::size_t step = std::clamp<std::size_t>(wanted, 1, scan_.limits.rows_per_step);
        while (!is_last_) {
            auto rows = scan_.candidates.next(after_, step);
            if (!rows) {
                return std::unexpected(std::move(rows.error()));
            }
            is_last_ = rows->size() < step;
            for (std::size_t i = 0; i < rows->size(); ++i) {
                const bool ends_step = i + 1 == rows->size();
                const auto goes_on = look_at(std::move((*rows)[i]), visit);
                if (!goes_on) {
                    return std::unexpected(goes_on.error());
                }
                if (!*goes_on || is_over(*this)) {
                    is_last_ = is_last_ && ends_step;
                    return {};
                }
            }
            step = std::min(step * 2, scan_.limits.rows_per_step);
        }
        return {};
    }

    /// Everything was looked at.
    [[nodiscard]] bool is_last() const { return is_last_; }

    [[nodiscard]] const std::string& after() const { return after_; }

    [[nodiscard]] std::size_t looked_at() const { return looked_at_; }

    [[nodiscard]] std::chrono::steady_clock::duration elapsed() const {
        return scan_.clock.steady() - begun_;
    }

  private:
    Result<bool> look_at(TwinRowTexts texts,
                         const std::function<Result<bool>(const TwinRow&)>& visit) {
        const TwinRow row(std::move(texts));
        after_ = row.id();
        ++looked_at_;
        const bool wanted = condition_ == nullptr || query::matches(*condition_, row);
        return wanted ? visit(row) : Result<bool>(true);
    }

    const Scan& scan_;
    const Condition* condition_;
    std::string after_;
    SteadyTime begun_;
    std::size_t looked_at_ = 0;
    bool is_last_ = false;
};

const Condition* condition_of(const Query& query) {
    return query.where ? &*query.where : nullptr;
}

/// Whether a page has looked at enough twins.
bool is_over(const Walk& walk, const ScanLimits& limits, bool is_empty) {
    const auto time_max = is_empty ? limits.time_max_while_empty : limits.time_max;
    return walk.looked_at() >= limits.rows_max || walk.elapsed() >= time_max;
}

Result<JsonObject> row_of(const Query& query, const TwinRow& row) {
    return query.items.empty() ? row.document() : Result<JsonObject>(projection(query, row));
}

Result<QueryPage> rows_page(const Scan& scan, const Query& query, std::size_t rows_max,
                            QueryPosition position) {
    QueryPage page;
    const std::uint64_t left = position.rows_left.value_or(rows_max);
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(rows_max, left));
    if (wanted == 0) {
        return page;
    }
    // One more than wanted tells whether there is another page; under TOP that may be known.
    const bool is_known_last = position.rows_left && *position.rows_left == wanted;
    bool has_more = false;
    std::string last_shown;
    Walk walk(scan, condition_of(query), position.after);
    const auto visit = [&](const TwinRow& row) -> Result<bool> {
        has_more = page.rows.size() == wanted;
        if (has_more) {
            return false;
        }
        auto selected = row_of(query, row);
        if (!selected) {
            return std::unexpected(std::move(selected.error()));
        }
        page.rows.push_back(std::move(*selected));
        last_shown = row.id();
        return page.rows.size() < wanted || !is_known_last;
    };
    const auto enough = [&](const Walk& at) { return is_over(at, scan.limits, page.rows.empty()); };
    if (const auto walked = walk.run(wanted + 1, visit, enough); !walked) {
        return std::unexpected(walked.error());
    }
    if (position.rows_left) {
        *position.rows_left -= page.rows.size();
    }
    if (has_more || (!walk.is_last() && position.rows_left != 0U)) {
        position.after = has_more ? last_shown : walk.after();
        page.continuation = continuation_of(scan.hub, query, position);
    }
    return page;
}

/// Nothing but rows are counted, and all of them: the store may know.
bool only_counts(const Query& query) {
    return !query.group_by && std::ranges::all_of(query.items, [](const query::Item& item) {
        return item.selection == query::Selection::count;
    });
}

Result<void> aggregate(const Scan& scan, const Query& query, query::Aggregation& aggregation) {
    if (only_counts(query)) {
        const auto count = scan.candidates.exact_count();
        if (!count) {
            return std::unexpected(count.error());
        }
        if (*count) {
            aggregation.take_count(**count);
            return {};
        }
    }
    Walk walk(scan, condition_of(query), {});
    const auto visit = [&](const TwinRow& row) -> Result<bool> {
        const auto taken = aggregation.take(row);
        return taken ? Result<bool>(true) : std::unexpected(taken.error());
    };
    const auto enough = [&](const Walk& at) {
        return at.elapsed() >= scan.limits.aggregate_time_max;
    };
    auto walked = walk.run(scan.limits.rows_per_step, visit, enough);
    if (walked && !walk.is_last()) {
        return fail(Code::too_large,
                    fmt::format("the query was given up after {} twins; narrow it by deviceId or "
                                "by the value of a tag",
                                walk.looked_at()));
    }
    return walked;
}

/// Groups are all made at once and shown page by page.
Result<QueryPage> groups_page(const Scan& scan, const Query& query, std::size_t rows_max,
                              QueryPosition position) {
    query::Aggregation aggregation(query);
    if (const auto done = aggregate(scan, query, aggregation); !done) {
        return std::unexpected(done.error());
    }
    std::vector<JsonObject> rows = aggregation.rows();
    const std::uint64_t end = std::min<std::uint64_t>(rows.size(), query.top.value_or(rows.size()));
    const std::uint64_t begin =
        std::min<std::uint64_t>(end, parse_decimal(position.after).value_or(0));
    const std::uint64_t page_end = std::min<std::uint64_t>(end, begin + rows_max);
    QueryPage page;
    for (std::uint64_t i = begin; i < page_end; ++i) {
        page.rows.push_back(std::move(rows[static_cast<std::size_t>(i)]));
    }
    if (page_end < end) {
        position.after = fmt::to_string(page_end);
        page.continuation = continuation_of(scan.hub, query, position);
    }
    return page;
}

} // namespace

Result<QueryPage> run_query(const Scan& scan, const Query& query, const QueryPageRequest& request) {
    auto position = position_of(scan.hub, query, request.continuation);
    if (!position) {
        return std::unexpected(std::move(position.error()));
    }
    const std::size_t rows_max = std::clamp<std::size_t>(request.rows_max, 1, query_rows_max);
    return query.aggregates() ? groups_page(scan, query, rows_max, std::move(*position))
                              : rows_page(scan, query, rows_max, std::move(*position));
}

Result<IdentityPage> matching_identities(const Scan& scan, const Condition* condition,
                                         const std::string& after, std::size_t count_max) {
    IdentityPage page{.ids = {}, .after = after};
    if (count_max == 0) {
        return page;
    }
    Walk walk(scan, condition, after);
    const auto visit = [&](const TwinRow& row) -> Result<bool> {
        auto id = parse_identity_id(row.id());
        if (!id) {
            return fail(Code::internal, "a stored identity cannot be read", row.id());
        }
        page.ids.push_back(std::move(*id));
        return page.ids.size() < count_max;
    };
    const auto enough = [&](const Walk& at) { return is_over(at, scan.limits, page.ids.empty()); };
    if (const auto walked = walk.run(count_max, visit, enough); !walked) {
        return std::unexpected(walked.error());
    }
    page.after = walk.after();
    page.is_last = walk.is_last();
    return page;
}

} // namespace muster::hub
