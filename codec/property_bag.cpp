// `pair *("&" pair) ["/"]`, pair = key / key "=" / key "=" value, both percent-encoded; raw text
// may arrive too (iothub A.8).

#include "base/encoding.h"
#include "base/text.h"
#include "codec/query_parameters.h"
#include "codec/topics.h"

#include <unordered_map>
#include <utility>

namespace muster::topics {

namespace {

Result<Property> parse_property(std::string_view text) {
    const auto pair = split_once(text, '=');
    auto key = decode_text(pair ? pair->first : text);
    if (!key) {
        return std::unexpected(key.error());
    }
    auto value = decode_text(pair ? pair->second : std::string_view{});
    if (!value) {
        return std::unexpected(value.error());
    }
    return Property{std::move(*key), std::move(*value)};
}

} // namespace

Result<Properties> parse_property_bag(std::string_view bag) {
    if (bag.ends_with('/')) {
        bag.remove_suffix(1);
    }
    Properties properties;
    // A topic has room for thousands of keys: looking for duplicates must not become quadratic.
    std::unordered_map<std::string, std::size_t> position_by_key;
    for (const auto part : split(bag, '&')) {
        if (part.empty()) {
            continue;
        }
        auto property = parse_property(part);
        if (!property) {
            return std::unexpected(property.error());
        }
        const auto [at, is_new] = position_by_key.try_emplace(property->first, properties.size());
        if (is_new) {
            properties.push_back(std::move(*property));
        } else {
            properties[at->second].second = std::move(property->second);
        }
    }
    return properties;
}

std::string format_property_bag(const Properties& properties) {
    // Everything reserved is encoded: a raw '/' or '=' misleads one client, and another knows
    // system keys only as `%24.` (iothub A.9).
    std::string bag;
    for (const auto& [key, value] : properties) {
        if (!bag.empty()) {
            bag.push_back('&');
        }
        bag.append(percent_encode(key)).append("=").append(percent_encode(value));
    }
    return bag;
}

} // namespace muster::topics
