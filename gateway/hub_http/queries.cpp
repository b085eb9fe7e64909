// Queries (reference: iothub B.9, IOTHUB-25).

#include "base/text.h"
#include "gateway/hub_http/routes.h"
#include "gateway/hub_http/throttling.h"
#include "gateway/problem.h"

#include <algorithm>

namespace muster::gateway {

namespace {

// 8192 characters, each escaped.
constexpr std::size_t query_body_bytes_max = 64 * 1024;

/// C# compares it exactly.
std::string_view item_type_of(const query::Query& query) {
    if (query.source == query::Source::jobs) {
        return "DeviceJob";
    }
    return query.items.empty() ? "Twin" : "Raw";
}

Result<query::Query> query_from(const HubCall& call) {
    const auto body = call.body(query_body_bytes_max);
    if (!body) {
        return std::unexpected(body.error());
    }
    const auto text = string_member(*body, "query");
    if (!text) {
        return std::unexpected(text.error());
    }
    if (text->empty()) {
        return fail(Code::malformed, "the body needs a query");
    }
    return query::parse_query(*text);
}

/// Larger wishes than a page may have are not refused.
Result<hub::QueryPageRequest> page_from(const HubCall& call) {
    hub::QueryPageRequest page{.continuation = std::string(call.header("x-ms-continuation"))};
    const std::string_view wish = call.header("x-ms-max-item-count");
    if (wish.empty()) {
        return page;
    }
    const auto rows = parse_decimal(wish);
    if (!rows || *rows == 0) {
        return fail(Code::malformed, "x-ms-max-item-count must be a positive number");
    }
    page.rows_max =
        static_cast<std::size_t>(std::min<unsigned long long>(*rows, hub::query_rows_max));
    return page;
}

void run_query(HubCall& call) {
    if (auto allowed = call.allow(hub::Right::service_connect); !allowed) {
        return call.refuse(allowed.error());
    }
    const auto query = query_from(call);
    const auto request = page_from(call);
    if (!query || !request) {
        return call.refuse(query ? request.error() : query.error());
    }
    if (!in_turn(call, {.operation = hub::Operation::query})) {
        return;
    }
    auto page = call.hub().query(*query, *request);
    if (!page) {
        return call.refuse(page.error());
    }
    JsonArray rows;
    rows.reserve(page->rows.size());
    for (JsonObject& row : page->rows) {
        rows.push_back(std::move(row));
    }
    auto response = json_response(200, to_text(Json(std::move(rows))));
    response.headers.push_back({"x-ms-item-type", std::string(item_type_of(*query))});
    if (!page->continuation.empty()) { // Node takes any value for more, even an empty one
        response.headers.push_back({"x-ms-continuation", std::move(page->continuation)});
    }
    call.answer(std::move(response));
}

} // namespace

/// GET is for a device of that name.
bool serve_queries(const HubCallPtr& call) {
    if (!call->method_is("POST") || !call->is(2, "devices") || !call->segment_is(1, "query")) {
        return false;
    }
    run_query(*call);
    return true;
}

} // namespace muster::gateway
