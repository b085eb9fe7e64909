#pragma once
// ASCII text helpers. Protocol names are ASCII; none of these looks at a locale.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster {

std::string to_lower(std::string_view text);
bool equal_ignoring_case(std::string_view left, std::string_view right);
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);
std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);

/// The parts before and after the first separator; nothing if there is none.
std::optional<std::pair<std::string_view, std::string_view>> split_once(std::string_view text,
                                                                        char separator);
bool is_valid_utf8(std::string_view text);

/// The whole of text as a non-negative decimal number; nothing on anything else or on overflow.
std::optional<unsigned long long> parse_decimal(std::string_view text);

} // namespace muster
