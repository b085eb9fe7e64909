#include "gateway/paging.h"

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/keys.h"

#include <algorithm>

namespace muster::gateway {

namespace {

constexpr std::size_t digest_bytes = 8;

std::unexpected<Error> refuse_token() {
    return fail(Code::malformed, "x-ms-continuation is not a token of this query");
}

std::string digest_of(std::string_view folded_id, const PagedCollection& collection) {
    const auto text = collection.scope.text() + '\n' + collection.name + '\n';
    const auto digest = crypto::sha256(text + std::string(folded_id));
    return hex_encode_lower(std::string_view(digest).substr(0, digest_bytes));
}

Result<std::string> read_continuation(std::string_view token, const PagedCollection& collection) {
    if (token.empty()) {
        return std::string();
    }
    const auto text = base64_decode(token);
    if (!text) {
        return refuse_token();
    }
    const auto parts = split_once(*text, '.');
    if (!parts || parts->first != digest_of(parts->second, collection)) {
        return refuse_token();
    }
    return std::string(parts->second);
}

Result<std::size_t> read_items_max(std::string_view header) {
    if (header.empty()) {
        return page_items_max;
    }
    if (!std::ranges::all_of(header, [](char c) { return c >= '0' && c <= '9'; }) ||
        header.find_first_not_of('0') == std::string_view::npos) {
        return fail(Code::malformed, "x-ms-max-item-count is not a positive number");
    }
    const auto wanted = parse_decimal(header); // nothing if it is too large for any type
    return wanted ? static_cast<std::size_t>(std::min<unsigned long long>(*wanted, page_items_max))
                  : page_items_max;
}

} // namespace

Result<PageRequest> read_page_request(const session::HttpRequest& request,
                                      const PagedCollection& collection) {
    const auto items_max = read_items_max(trim(request.header("x-ms-max-item-count")));
    if (!items_max) {
        return std::unexpected(items_max.error());
    }
    auto after = read_continuation(trim(request.header("x-ms-continuation")), collection);
    if (!after) {
        return std::unexpected(after.error());
    }
    return PageRequest{.after = std::move(*after), .items_max = *items_max};
}

std::string continuation_after(std::string_view folded_id, const PagedCollection& collection) {
    return base64_encode(digest_of(folded_id, collection) + '.' + std::string(folded_id));
}

} // namespace muster::gateway
