#include "provisioning/moving/mark.h"

#include "base/move_mark.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

constexpr std::size_t status_reason_bytes_max = 128; // iothub B.3
constexpr std::size_t token_digits = 16;
constexpr std::string_view was_enabled_text = "; was enabled";
constexpr std::string_view was_disabled_text = "; was disabled";
constexpr std::string_view before_reason = ": ";

std::string_view side_text(MoveSide side) {
    return side == MoveSide::out ? moving_out : moving_in;
}

/// The longest prefix of at most so many bytes that ends at the end of a UTF-8 character.
std::string_view cut(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) {
        return text;
    }
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return text.substr(0, end);
}

bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) {
        return false;
    }
    text.remove_prefix(prefix.size());
    return true;
}

bool is_token(std::string_view text) {
    return text.size() == token_digits && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

/// Of the longest form.
constexpr std::size_t reason_bytes_max = status_reason_bytes_max - moving_out.size() -
                                         token_digits - was_disabled_text.size() -
                                         before_reason.size();

} // namespace

const MoveToken assignment_token("0000000000000000");

std::string to_status_reason(const MoveMark& mark) {
    std::string text(side_text(mark.side));
    text += mark.token.text();
    if (mark.side == MoveSide::in && mark.was_enabled && mark.reason.empty()) {
        return text;
    }
    text += mark.was_enabled ? was_enabled_text : was_disabled_text;
    if (!mark.reason.empty()) {
        text += before_reason;
        text += cut(mark.reason, reason_bytes_max);
    }
    return text;
}

std::optional<MoveMark> read_move_mark(std::string_view status_reason) {
    std::string_view rest = status_reason;
    MoveMark mark;
    if (take(rest, moving_in)) {
        mark.side = MoveSide::in;
    } else if (!take(rest, moving_out)) {
        return std::nullopt;
    }
    const std::string_view token = rest.substr(0, token_digits);
    if (!is_token(token)) {
        return std::nullopt;
    }
    mark.token = MoveToken(std::string(token));
    rest.remove_prefix(token_digits);
    if (rest.empty() && mark.side == MoveSide::in) {
        return mark;
    }
    if (take(rest, was_disabled_text)) {
        mark.was_enabled = false;
    } else if (!take(rest, was_enabled_text)) {
        return std::nullopt;
    }
    if (rest.empty()) {
        return mark;
    }
    if (!take(rest, before_reason)) {
        return std::nullopt;
    }
    mark.reason = std::string(rest);
    return mark;
}

bool carries_whole_reason(std::string_view reason) {
    return reason.size() <= reason_bytes_max;
}

} // namespace muster::provisioning
