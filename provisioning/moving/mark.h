#pragma once
// The mark of a move in a device's statusReason (base/move_mark.h), as a value.

#include "provisioning/registration.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster::provisioning {

enum class MoveSide : std::uint8_t { out, in };

struct MoveMark {
    MoveSide side = MoveSide::out;
    MoveToken token;
    bool was_enabled = true; // this and the next: what the device was before its fence
    std::string reason;

    friend bool operator==(const MoveMark&, const MoveMark&) = default;
};

/// At most 128 bytes: a longer reason is cut at a character, see carries_whole_reason().
std::string to_status_reason(const MoveMark& mark);

/// Nothing, if it is no mark of ours: somebody else's reason, or one that was written by hand.
std::optional<MoveMark> read_move_mark(std::string_view status_reason);

/// The mark of a device that is blocked: what it was before.
struct BlockMark {
    bool was_enabled = true;
    std::string reason;

    friend bool operator==(const BlockMark&, const BlockMark&) = default;
};

/// The same, of blocked devices.
std::string to_status_reason(const BlockMark& mark);
std::optional<BlockMark> read_block_mark(std::string_view status_reason);

bool carries_whole_reason(std::string_view reason);

/// Of copies that are created for an assignment, which needs no token of its own: nothing is ever
/// fenced with it.
extern const MoveToken assignment_token;

} // namespace muster::provisioning
