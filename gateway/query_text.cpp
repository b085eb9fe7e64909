#include "gateway/query_text.h"

#include "base/json.h"

#include <algorithm>
#include <utility>

namespace muster::gateway {

namespace {

using provisioning::EnrollmentFilter;

constexpr std::size_t reason_bytes_max = 200;

/// A reason may quote the caller, and goes into a header.
std::string header_safe(std::string_view text) {
    std::string safe(text.substr(0, reason_bytes_max));
    std::ranges::replace_if(safe, [](char c) { return c < ' ' || c > '~'; }, '?');
    return safe;
}

QueryText everything() {
    return {.filter = {}, .verdict = "everything"};
}

QueryText ignored(std::string_view reason) {
    return {.filter = {}, .verdict = "ignored; " + header_safe(reason)};
}

QueryText read_text(std::string_view text) {
    auto filter = provisioning::parse_enrollment_query(text);
    if (!filter) {
        return ignored(filter.error().detail);
    }
    if (filter->matches_everything()) {
        return everything();
    }
    return {.filter = std::move(*filter), .verdict = "filtered"};
}

} // namespace

Result<QueryText> read_query_text(std::string_view body) {
    if (body.empty()) {
        return everything();
    }
    const auto document = parse_json_object(body);
    if (!document) {
        return std::unexpected(document.error());
    }
    const auto text = string_member(*document, "query");
    return text ? read_text(*text) : ignored(text.error().detail);
}

Result<QueryText> read_unfiltered_query_text(std::string_view body) {
    auto query = read_query_text(body);
    if (query && !query->filter.matches_everything()) {
        return ignored("registrations cannot be filtered");
    }
    return query;
}

} // namespace muster::gateway
