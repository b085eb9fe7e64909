#include "hub/jobs/job_query.h"

#include "hub/queries/continuation.h"

#include <algorithm>
#include <utility>

namespace muster::hub {

namespace {

constexpr std::size_t rows_per_step = 500;
constexpr std::size_t rows_looked_at_max = 20'000;

/// The text that the path of this name must equal, if the part says so.
std::optional<std::string> demanded(const query::Expression& expression, const query::Part& part,
                                    std::string_view name) {
    if (part.operation != query::Operation::equal) {
        return std::nullopt;
    }
    const query::Part* path = &expression.operand(part, 0);
    const query::Part* value = &expression.operand(part, 1);
    if (path->operation == query::Operation::constant) {
        std::swap(path, value);
    }
    const bool is_it = path->operation == query::Operation::path &&
                       path->path.steps == std::vector<query::Step>{std::string(name)};
    const auto* text = is_it && value->constant ? value->constant->if_string() : nullptr;
    return text == nullptr ? std::nullopt : std::optional(std::string(*text));
}

/// What every row that matches has, so that the others need not be looked at.
DeviceJobFilter filter_of(const query::Query& query) {
    DeviceJobFilter filter;
    if (!query.where) {
        return filter;
    }
    const query::Expression& expression = query.where->expression();
    std::vector<const query::Part*> parts{&expression.whole()};
    if (expression.whole().operation == query::Operation::all_of) {
        parts.clear();
        for (std::size_t at = 0; at < expression.whole().operands.size(); ++at) {
            parts.push_back(&expression.operand(expression.whole(), at));
        }
    }
    for (const query::Part* part : parts) {
        if (auto job = demanded(expression, *part, "jobId")) {
            filter.job = JobId(std::move(*job));
        }
    }
    return filter;
}

} // namespace

Result<QueryPage> StoredJobRows::run(const HubName& hub, const query::Query& query,
                                     const QueryPageRequest& request) {
    auto position = position_of(hub, query, request.continuation);
    if (!position) {
        return std::unexpected(std::move(position.error()));
    }
    if (request.continuation.empty()) {
        position->rows_left = query.top;
    }
    const DeviceJobFilter filter = filter_of(query);
    QueryPage page;
    for (std::size_t looked_at = 0; looked_at < rows_looked_at_max;) {
        const auto rows = jobs_.device_rows(filter, position->after, rows_per_step);
        if (!rows) {
            return std::unexpected(rows.error());
        }
        for (const DeviceJob& row : *rows) {
            const bool is_full = page.rows.size() >= std::min(request.rows_max, query_rows_max);
            if (position->rows_left == 0U) {
                return page;
            }
            if (is_full) {
                page.continuation = continuation_of(hub, query, *position);
                return page;
            }
            JsonObject document = to_document(row);
            position->after = row.text();
            if (!query.where || query::matches(*query.where, query::DocumentFacts(document))) {
                page.rows.push_back(std::move(document));
                position->rows_left =
                    position->rows_left ? std::optional(*position->rows_left - 1) : std::nullopt;
            }
        }
        if (rows->size() < rows_per_step) {
            return page;
        }
        looked_at += rows->size();
    }
    page.continuation = continuation_of(hub, query, *position);
    return page;
}

} // namespace muster::hub
