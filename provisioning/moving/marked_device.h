#pragma once
// What the marks of a move and of a block (mark.h) say of an identity at a hub, and how they are
// taken off and put on. Pure.

#include "provisioning/hubs.h"
#include "provisioning/moving/mark.h"

#include <optional>
#include <string>

namespace muster::provisioning {

/// One that somebody enabled by hand bears no mark, whatever its reason says.
std::optional<MoveMark> mark_of(const HubDevice& device);

/// It bears `moving in`.
bool counts_for_nothing(const HubDevice& device);

/// Without what the mark of a move adds to it.
std::string own_reason(const std::string& status_reason);

/// As it was before its fence.
void restore(HubDevice& device, const MoveMark& mark);

/// Enabled, without a mark. The reason for a device to be disabled is none for one that is enabled.
void put_into_use(HubDevice& device);

/// These three look and write beneath a fence, if there is one: what it remembers of the device.
bool is_blocked(const HubDevice& device);
void put_block(HubDevice& device);
void lift_block(HubDevice& device);

} // namespace muster::provisioning
