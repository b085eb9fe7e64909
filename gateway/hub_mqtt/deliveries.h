#pragma once
// What a connection has sent of its device's queue and not seen acknowledged: which messages, by
// packet id, and how much more may be on its way (reference: iothub A.9).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

namespace muster::gateway {

class Deliveries {
  public:
    /// There may be messages in the queue.
    void wait() { waiting_ = true; }

    /// How many messages to take now: 0 if there are none, if somebody is at it, or if enough is on
    /// its way. Whoever gets a number calls taken().
    std::size_t ask();
    /// So many came of it; as many as were asked for means that there may be more.
    void taken(std::size_t asked, std::size_t got);
    /// Nothing came of it: there may still be messages.
    void failed();

    void sent(std::uint16_t packet_id, std::int64_t sequence, std::size_t bytes);
    /// The message that this packet carried; nothing if it was acknowledged before, or never sent.
    std::optional<std::int64_t> acknowledged(std::uint16_t packet_id);

    /// Messages are, or may be, held for this connection.
    [[nodiscard]] bool any() const { return asking_ || !on_their_way_.empty(); }

  private:
    struct Sent {
        std::int64_t sequence = 0;
        std::size_t bytes = 0;
    };

    std::unordered_map<std::uint16_t, Sent> on_their_way_;
    std::size_t bytes_ = 0;
    bool waiting_ = false;
    bool asking_ = false;
};

} // namespace muster::gateway
