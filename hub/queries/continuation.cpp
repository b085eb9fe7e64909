#include "hub/queries/continuation.h"

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/keys.h"

#include <fmt/format.h>

namespace muster::hub {

namespace {

constexpr std::size_t continuation_bytes_max = 1024;

std::string digest(const HubName& hub, const query::Query& query, std::string_view rest) {
    const std::string text = fmt::format("{}\n{}\n{}", hub.text(), query::to_text(query), rest);
    return hex_encode_lower(crypto::sha256(text)).substr(0, 16);
}

std::unexpected<Error> not_ours() {
    return fail(Code::malformed, "x-ms-continuation is not a token that this query gave out");
}

} // namespace

std::string continuation_of(const HubName& hub, const query::Query& query,
                            const QueryPosition& position) {
    const std::string rest = fmt::format(
        "{}:{}", position.rows_left ? fmt::to_string(*position.rows_left) : "-", position.after);
    return base64url_encode(digest(hub, query, rest) + "." + rest);
}

Result<QueryPosition> position_of(const HubName& hub, const query::Query& query,
                                  const std::string& continuation) {
    if (continuation.empty()) {
        return QueryPosition{.rows_left = query.top, .after = {}};
    }
    if (continuation.size() > continuation_bytes_max) {
        return not_ours();
    }
    const auto decoded = base64url_decode(continuation);
    const auto parts = decoded ? split_once(*decoded, '.') : std::nullopt;
    if (!parts || parts->first != digest(hub, query, parts->second)) {
        return not_ours();
    }
    const auto rest = split_once(parts->second, ':');
    if (!rest) {
        return not_ours();
    }
    QueryPosition position{.rows_left = {}, .after = std::string(rest->second)};
    if (rest->first != "-") {
        position.rows_left = parse_decimal(rest->first);
    }
    return position;
}

} // namespace muster::hub
