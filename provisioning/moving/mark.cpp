#include "provisioning/moving/mark.h"

#include "base/move_mark.h"

#include <algorithm>
#include <utility>

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
constexpr std::size_t block_reason_bytes_max =
    status_reason_bytes_max - blocked.size() - was_disabled_text.size() - before_reason.size();
constexpr std::size_t reason_bytes_max = status_reason_bytes_max - moving_out.size() -
                                         token_digits - was_disabled_text.size() -
                                         before_reason.size();

/// What the device was: `; was disabled: lost in the field`.
template <class Mark>
void write_past(std::string& text, const Mark& mark, std::size_t bytes_max) {
    text += mark.was_enabled ? was_enabled_text : was_disabled_text;
    if (!mark.reason.empty()) {
        text += before_reason;
        text += cut(mark.reason, bytes_max);
    }
}

/// False if it is none.
template <class Mark>
bool read_past(std::string_view text, Mark& mark) {
    mark.was_enabled = take(text, was_enabled_text);
    if (!mark.was_enabled && !take(text, was_disabled_text)) {
        return false;
    }
    if (!text.empty() && !take(text, before_reason)) {
        return false;
    }
    mark.reason = std::string(text);
    return true;
}

} // namespace

const MoveToken assignment_token("0000000000000000");

std::string to_status_reason(const MoveMark& mark) {
    std::string text(side_text(mark.side));
    text += mark.token.text();
    if (mark.side == MoveSide::in && mark.was_enabled && mark.reason.empty()) {
        return text;
    }
    write_past(text, mark, reason_bytes_max);
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
    return read_past(rest, mark) ? std::optional(std::move(mark)) : std::nullopt;
}

std::string to_status_reason(const BlockMark& mark) {
    std::string text(blocked);
    write_past(text, mark, block_reason_bytes_max);
    return text;
}

std::optional<BlockMark> read_block_mark(std::string_view status_reason) {
    BlockMark mark;
    const bool is_mark = take(status_reason, blocked) && read_past(status_reason, mark);
    return is_mark ? std::optional(std::move(mark)) : std::nullopt;
}

bool carries_whole_reason(std::string_view reason) {
    return reason.size() <= reason_bytes_max;
}

} // namespace muster::provisioning
