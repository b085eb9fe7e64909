#include "gateway/hub_mqtt/deliveries.h"

#include <algorithm>

namespace muster::gateway {

namespace {

constexpr std::size_t on_their_way_max = 16;
// Together with the largest messages taken at once this stays below what a session keeps for a
// device that reads slowly.
constexpr std::size_t bytes_max = 256 * 1024;
constexpr std::size_t taken_at_once_max = 4;

} // namespace

std::size_t Deliveries::ask() {
    const bool room = on_their_way_.size() < on_their_way_max && bytes_ < bytes_max;
    if (!waiting_ || asking_ || !room) {
        return 0;
    }
    asking_ = true;
    waiting_ = false; // told once more while we ask, we ask once more
    return std::min(taken_at_once_max, on_their_way_max - on_their_way_.size());
}

void Deliveries::taken(std::size_t asked, std::size_t got) {
    asking_ = false;
    waiting_ = waiting_ || got == asked;
}

void Deliveries::failed() {
    asking_ = false;
    waiting_ = true;
}

void Deliveries::sent(std::uint16_t packet_id, std::int64_t sequence, std::size_t bytes) {
    on_their_way_[packet_id] = {.sequence = sequence, .bytes = bytes};
    bytes_ += bytes;
}

std::optional<std::int64_t> Deliveries::acknowledged(std::uint16_t packet_id) {
    const auto sent = on_their_way_.extract(packet_id);
    if (!sent) {
        return std::nullopt;
    }
    bytes_ -= sent.mapped().bytes;
    return sent.mapped().sequence;
}

} // namespace muster::gateway
