#include "codec/query_parameters.h"

#include "base/encoding.h"
#include "base/text.h"
#include "codec/topics.h"

#include <utility>

namespace muster::topics {

std::optional<std::string_view> find_parameter(std::string_view query, std::string_view key) {
    std::optional<std::string_view> value;
    for (const auto part : split(query, '&')) {
        const auto pair = split_once(part, '=');
        if (pair && pair->first == key) {
            value = pair->second;
        }
    }
    return value;
}

std::string decode_parameter_leniently(std::string_view query, std::string_view key) {
    const auto raw = find_parameter(query, key);
    if (!raw) {
        return {};
    }
    auto decoded = decode_text(*raw);
    return decoded ? std::move(*decoded) : std::string(*raw);
}

Result<std::string> parse_rid(std::string_view query) {
    const auto rid = find_parameter(query, "$rid");
    if (!rid || rid->empty()) {
        return fail(Code::malformed, "topic without $rid");
    }
    if (rid->size() > rid_bytes_max) {
        return fail(Code::malformed, "$rid is too long");
    }
    if (rid->contains('$')) {
        return fail(Code::malformed, "$rid holds a '$'");
    }
    return std::string(*rid);
}

Result<std::string> decode_text(std::string_view text) {
    auto decoded = percent_decode(text);
    if (decoded && !is_valid_utf8(*decoded)) {
        return fail(Code::malformed, "percent-encoded text is not UTF-8");
    }
    return decoded;
}

} // namespace muster::topics
