#include "hub/queries/json_part.h"

#include "base/json.h"

#include <cstddef>

namespace muster::hub {

namespace {

/// After the closing quote of the string whose opening quote is at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        at += text[at] == '\\' ? 1 : 0;
    }
    return at + 1;
}

/// After the value that begins at `at`.
std::size_t end_of_value(std::string_view text, std::size_t at) {
    std::size_t depth = 0;
    while (at < text.size()) {
        const char c = text[at];
        if (c == '"') {
            at = end_of_string(text, at);
        } else {
            if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
                return at;
            }
            depth += c == '{' || c == '[' ? 1 : 0;
            depth -= c == '}' || c == ']' ? 1 : 0;
            ++at;
        }
        if (depth == 0 && at < text.size() && (text[at] == ',' || text[at] == '}')) {
            return at;
        }
    }
    return text.size();
}

/// `quoted` is a string's text, quotes and all.
bool is_string(std::string_view quoted, std::string_view name) {
    if (quoted.find('\\') == std::string_view::npos) {
        return quoted.substr(1, quoted.size() - 2) == name;
    }
    const auto key = parse_json(quoted);
    return key && key->is_string() &&
           std::string_view(key->get_string().data(), key->get_string().size()) == name;
}

} // namespace

std::optional<std::string_view> member_text(std::string_view object, std::string_view name) {
    std::size_t at = 1;
    while (object.starts_with('{') && at < object.size() && object[at] == '"') {
        const std::size_t key_end = end_of_string(object, at);
        if (key_end >= object.size()) {
            return std::nullopt;
        }
        const std::string_view key = object.substr(at, key_end - at);
        const std::size_t value_end = end_of_value(object, key_end + 1);
        if (is_string(key, name)) {
            return object.substr(key_end + 1, value_end - key_end - 1);
        }
        at = value_end + 1;
    }
    return std::nullopt;
}

} // namespace muster::hub
