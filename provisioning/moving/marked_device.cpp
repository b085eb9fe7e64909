#include "provisioning/moving/marked_device.h"

namespace muster::provisioning {

namespace {

std::optional<BlockMark> block_of(const HubDevice& device) {
    return device.enabled ? std::nullopt : read_block_mark(device.status_reason);
}

void put_block_on_top(HubDevice& device) {
    if (!block_of(device)) {
        device.status_reason = to_status_reason(
            BlockMark{.was_enabled = device.enabled, .reason = device.status_reason});
        device.enabled = false;
    }
}

void lift_block_on_top(HubDevice& device) {
    if (const auto block = block_of(device)) {
        device.enabled = block->was_enabled;
        device.status_reason = block->reason;
    }
}

void change_beneath_fence(HubDevice& device, void (*change)(HubDevice& device)) {
    auto mark = mark_of(device);
    if (!mark) {
        change(device);
        return;
    }
    HubDevice remembered = device;
    restore(remembered, *mark);
    change(remembered);
    mark->was_enabled = remembered.enabled;
    mark->reason = remembered.status_reason;
    device.status_reason = to_status_reason(*mark);
}

} // namespace

std::optional<MoveMark> mark_of(const HubDevice& device) {
    return device.enabled ? std::nullopt : read_move_mark(device.status_reason);
}

bool counts_for_nothing(const HubDevice& device) {
    const auto mark = mark_of(device);
    return mark && mark->side == MoveSide::in;
}

std::string own_reason(const std::string& status_reason) {
    const auto mark = read_move_mark(status_reason);
    return mark ? mark->reason : status_reason;
}

void restore(HubDevice& device, const MoveMark& mark) {
    device.enabled = mark.was_enabled;
    device.status_reason = mark.reason;
}

void put_into_use(HubDevice& device) {
    const auto mark = mark_of(device);
    const bool was_enabled = device.enabled || (mark && mark->was_enabled);
    device.status_reason = was_enabled ? own_reason(device.status_reason) : std::string();
    device.enabled = true;
}

bool is_blocked(const HubDevice& device) {
    return !device.enabled && read_block_mark(own_reason(device.status_reason));
}

void put_block(HubDevice& device) {
    change_beneath_fence(device, put_block_on_top);
}

void lift_block(HubDevice& device) {
    change_beneath_fence(device, lift_block_on_top);
}

} // namespace muster::provisioning
