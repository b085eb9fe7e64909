#include "store/sql/pairs.h"

#include "base/encoding.h"
#include "base/text.h"

namespace muster::store::sql {

namespace {

Result<std::pair<std::string, std::string>> pair_from(std::string_view text) {
    const auto halves = split_once(text, '=');
    if (!halves) {
        return fail(Code::malformed, "a pair has no equals sign");
    }
    Result<std::string> name = percent_decode(halves->first);
    if (!name) {
        return std::unexpected(name.error());
    }
    Result<std::string> value = percent_decode(halves->second);
    if (!value) {
        return std::unexpected(value.error());
    }
    return std::pair(std::move(*name), std::move(*value));
}

} // namespace

std::string to_pairs_text(const Pairs& pairs) {
    std::string text;
    for (const auto& [name, value] : pairs) {
        text += text.empty() ? "" : "&";
        text += percent_encode(name) + '=' + percent_encode(value);
    }
    return text;
}

Result<Pairs> from_pairs_text(std::string_view text) {
    Pairs pairs;
    if (text.empty()) {
        return pairs;
    }
    for (const std::string_view part : split(text, '&')) {
        auto pair = pair_from(part);
        if (!pair) {
            return std::unexpected(pair.error());
        }
        pairs.push_back(std::move(*pair));
    }
    return pairs;
}

} // namespace muster::store::sql
