#include "provisioning/allocating/rule_mistakes.h"

#include "base/text.h"

#include <algorithm>
#include <string>

namespace muster::provisioning {

namespace {

bool begins_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

} // namespace

std::unexpected<Error> placed_mistake(const Error& mistake, std::string_view text) {
    const auto parts = split_once(mistake.detail, ':');
    const auto at = parse_decimal(parts->first.substr(std::string_view("at ").size()));
    const std::string_view before = text.substr(0, *at - 1);
    const std::size_t line_begin = before.rfind('\n') + 1; // 0 if there is none
    const auto column = 1 + std::ranges::count_if(before.substr(line_begin), begins_character);
    const auto line = 1 + std::ranges::count(before, '\n');
    const std::string line_text =
        text.contains('\n') ? "line " + std::to_string(line) + ", " : std::string();
    return fail(Code::malformed,
                line_text + "column " + std::to_string(column) + ":" + std::string(parts->second));
}

} // namespace muster::provisioning
