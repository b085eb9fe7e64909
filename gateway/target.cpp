// Taking a request target apart (RFC 9112 section 3.2.1, origin form only).

#include "base/encoding.h"
#include "base/text.h"
#include "gateway/http_handler.h"

namespace muster::gateway {

namespace {

Result<std::vector<std::string>> parse_path(std::string_view path) {
    path.remove_prefix(1);
    if (path.ends_with('/')) {
        path.remove_suffix(1);
    }
    std::vector<std::string> segments;
    if (path.empty()) {
        return segments;
    }
    for (const auto raw : split(path, '/')) {
        auto segment = percent_decode(raw);
        if (!segment || !is_valid_utf8(*segment)) {
            return fail(Code::malformed, "the path has a broken percent-escape");
        }
        segments.push_back(std::move(*segment));
    }
    return segments;
}

Result<std::pair<std::string, std::string>> parse_parameter(std::string_view text) {
    const auto parts = split_once(text, '=');
    auto name = percent_decode(parts ? parts->first : text);
    auto value = percent_decode(parts ? parts->second : std::string_view());
    if (!name || !value || !is_valid_utf8(*name) || !is_valid_utf8(*value)) {
        return fail(Code::malformed, "the query has a broken percent-escape");
    }
    return std::pair(std::move(*name), std::move(*value));
}

} // namespace

std::string_view Target::parameter(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

Result<Target> parse_target(std::string_view target) {
    if (!target.starts_with('/')) {
        return fail(Code::malformed, "the request target is not a path");
    }
    const auto parts = split_once(target, '?');
    auto segments = parse_path(parts ? parts->first : target);
    if (!segments) {
        return std::unexpected(segments.error());
    }

    Target result{.segments = std::move(*segments), .query = {}};
    if (!parts || parts->second.empty()) {
        return result;
    }
    for (const auto text : split(parts->second, '&')) {
        auto parameter = parse_parameter(text);
        if (!parameter) {
            return std::unexpected(parameter.error());
        }
        result.query.push_back(std::move(*parameter));
    }
    return result;
}

} // namespace muster::gateway
