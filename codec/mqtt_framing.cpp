// Bytes to packets, the outer half: the fixed header (2.2) and what is kept between two reads.

#include "codec/mqtt_body.h"

#include <utility>

namespace muster::mqtt {

namespace {

constexpr std::size_t length_bytes_max = 4; // 2.2.3

// A buffer above this is given back once it is empty: most connections are idle, and many.
constexpr std::size_t idle_bytes_max = 256;

struct FixedHeader {
    std::size_t header_bytes = 0;
    std::size_t body_bytes = 0;
};

// Nothing if the remaining length is not complete yet. A longer form than needed is legal in 3.1.1.
Result<std::optional<FixedHeader>> read_fixed_header(std::string_view bytes) {
    std::size_t length = 0;
    for (std::size_t index = 0; index < length_bytes_max; ++index) {
        if (1 + index >= bytes.size()) {
            return std::nullopt;
        }
        const auto digit = static_cast<std::uint8_t>(bytes[1 + index]);
        length |= static_cast<std::size_t>(digit & 0x7f) << (7 * index);
        if ((digit & 0x80) == 0) {
            return FixedHeader{.header_bytes = 2 + index, .body_bytes = length};
        }
    }
    return fail(Code::malformed, "MQTT 2.2.3: remaining length of more than four bytes");
}

} // namespace

void Decoder::feed(std::string_view bytes) {
    if (error_) {
        return;
    }
    buffer_.erase(0, std::exchange(consumed_, 0));
    buffer_.append(bytes);
}

Result<std::optional<Packet>> Decoder::next() {
    if (error_) {
        return std::unexpected(*error_);
    }
    auto packet = cut();
    if (!packet) {
        error_ = packet.error();
        consumed_ = 0;
        std::string().swap(buffer_);
    }
    return packet;
}

Result<std::optional<Packet>> Decoder::cut() {
    const auto bytes = std::string_view(buffer_).substr(consumed_);
    if (bytes.empty()) {
        if (buffer_.capacity() > idle_bytes_max) {
            std::string().swap(buffer_);
            consumed_ = 0;
        }
        return std::nullopt;
    }
    const auto first_byte = static_cast<std::uint8_t>(bytes.front());
    if (auto checked = check_first_byte(first_byte); !checked) {
        return std::unexpected(checked.error());
    }
    const auto header = read_fixed_header(bytes);
    if (!header) {
        return std::unexpected(header.error());
    }
    if (!*header) {
        return std::nullopt;
    }
    const auto [header_bytes, body_bytes] = **header;
    if (header_bytes + body_bytes > packet_bytes_max_) {
        return fail(Code::too_large, "MQTT packet over the size limit");
    }
    if (bytes.size() < header_bytes + body_bytes) {
        return std::nullopt;
    }
    consumed_ += header_bytes + body_bytes;
    auto packet = decode_body(first_byte, bytes.substr(header_bytes, body_bytes));
    if (!packet) {
        return std::unexpected(packet.error());
    }
    return std::optional<Packet>(std::move(*packet));
}

} // namespace muster::mqtt
