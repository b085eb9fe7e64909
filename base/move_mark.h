#pragma once
// What provisioning writes into a device's statusReason while it moves from hub to hub, so that any
// hub with the public REST API can hold it (docs/decisions/0009-moves.md). The device is disabled
// as long as it bears a mark.
//
//   moving out 4f3a9c0d11223344; was enabled
//   moving out 4f3a9c0d11223344; was disabled: lost in the field
//   moving in 4f3a9c0d11223344
//
// And what it writes for a device that is blocked, which may be moved as such:
//
//   blocked; was enabled
//   blocked; was disabled: lost in the field

#include <cstddef>
#include <string_view>

namespace muster {

/// Of a device that an operator has blocked; before what it was: `blocked; was enabled`.
inline constexpr std::string_view blocked = "blocked";

/// At the hub that is left: this copy is the truth, and it is frozen.
inline constexpr std::string_view moving_out = "moving out ";
/// At the hub that is entered: a copy that counts for nothing until the mark is gone.
inline constexpr std::string_view moving_in = "moving in ";

/// A hub refuses changes to the twin of a disabled device with such a reason: what is copied must
/// not change behind the copy.
constexpr bool freezes_twin(std::string_view status_reason) {
    return status_reason.starts_with(moving_out) || status_reason.starts_with(moving_in);
}

/// Of a device that is blocked, or will be once its fence is lifted; not a reason of somebody else
/// that begins with the same word.
constexpr bool bears_block(std::string_view status_reason) {
    constexpr std::string_view before_reason = ": ";
    if (freezes_twin(status_reason)) {
        const std::size_t past = status_reason.find(before_reason);
        status_reason = past == std::string_view::npos
                            ? std::string_view()
                            : status_reason.substr(past + before_reason.size());
    }
    if (!status_reason.starts_with(blocked)) {
        return false;
    }
    status_reason.remove_prefix(blocked.size());
    for (const std::string_view past : {"; was enabled", "; was disabled"}) {
        if (status_reason.starts_with(past)) {
            status_reason.remove_prefix(past.size());
            return status_reason.empty() || status_reason.starts_with(before_reason);
        }
    }
    return false;
}

} // namespace muster
