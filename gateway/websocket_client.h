#pragma once
// For tests: the client side of RFC 6455, as much of it as a script needs.

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::gateway {

inline std::string upgrade_request(std::string_view target, std::string_view subprotocol,
                                   std::string_view more_headers = {}) {
    return "GET " + std::string(target) +
           " HTTP/1.1\r\nHost: 127.0.0.77:443\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: N9JegT0PRBYJADzedSWuvg==\r\nSec-WebSocket-Protocol: " +
           std::string(subprotocol) + "\r\nSec-WebSocket-Version: 13\r\n" +
           std::string(more_headers) + "\r\n";
}

/// One masked binary frame of less than 64 KiB.
inline std::string client_frame(std::string_view payload) {
    constexpr std::string_view mask = "\x11\x22\x33\x44";
    std::string frame = "\x82";
    if (payload.size() < 126) {
        frame += static_cast<char>(0x80U | payload.size());
    } else {
        frame += static_cast<char>(0x80U | 126U);
        frame += static_cast<char>(payload.size() >> 8U);
        frame += static_cast<char>(payload.size() & 0xffU);
    }
    frame += mask;
    for (std::size_t i = 0; i < payload.size(); ++i) {
        frame += static_cast<char>(payload[i] ^ mask[i % 4]);
    }
    return frame;
}

/// The payloads of a server's binary frames, one after the other; "!" for anything else.
inline std::string server_payloads(std::string_view bytes) {
    std::string payloads;
    while (bytes.size() >= 2) {
        if (bytes[0] != '\x82') {
            return payloads + "!";
        }
        std::size_t size = static_cast<unsigned char>(bytes[1]);
        std::size_t head = 2;
        if (size == 126) {
            size = static_cast<std::size_t>(static_cast<unsigned char>(bytes[2])) * 256U +
                   static_cast<unsigned char>(bytes[3]);
            head = 4;
        }
        payloads += bytes.substr(head, size);
        bytes.remove_prefix(head + size);
    }
    return payloads;
}

} // namespace muster::gateway
