// The decoder on any bytes in any pieces: it never fails a check, keeps no more than its limit, and
// what it accepts survives a second trip.

#include "base/check.h"
#include "codec/mqtt_packet.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace {

using namespace muster::mqtt;

constexpr std::size_t packet_bytes_max = 4096;

// Of another protocol version only the level is read.
bool is_whole(const Packet& packet) {
    const auto* connect = std::get_if<Connect>(&packet);
    return connect == nullptr || connect->protocol_level == 4;
}

void check_second_trip(const Packet& packet) {
    Decoder decoder(2 * packet_bytes_max);
    decoder.feed(encode(packet));
    const auto again = decoder.next();
    CHECK(again.has_value() && again->has_value());
    CHECK(**again == packet);
}

std::vector<Packet> decode(std::string_view bytes, std::size_t piece) {
    Decoder decoder(packet_bytes_max);
    std::vector<Packet> packets;
    while (!bytes.empty()) {
        const auto length = std::min(piece, bytes.size());
        decoder.feed(bytes.substr(0, length));
        bytes.remove_prefix(length);
        auto packet = decoder.next();
        for (; packet && *packet; packet = decoder.next()) {
            packets.push_back(std::move(**packet));
        }
        CHECK(decoder.pending_bytes() < packet_bytes_max);
    }
    return packets;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto packets = decode(bytes, 1 + data[0] % 64U);
    CHECK(packets == decode(bytes, std::max<std::size_t>(bytes.size(), 1)));
    for (const auto& packet : packets) {
        if (is_whole(packet)) {
            check_second_trip(packet);
        }
    }
    return 0;
}
