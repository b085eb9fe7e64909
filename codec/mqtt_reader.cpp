#include "codec/mqtt_reader.h"

#include "base/text.h"

#include <utility>

namespace muster::mqtt {

void PacketReader::require(bool condition, std::string_view rule) {
    if (condition || !broken_rule_.empty()) {
        return;
    }
    broken_rule_ = rule;
    rest_ = {};
}

std::string_view PacketReader::take(std::size_t count) {
    require(rest_.size() >= count, "2.2.3: a field reaches beyond the packet");
    if (rest_.size() < count) {
        return {};
    }
    const auto taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
}

std::uint8_t PacketReader::byte() {
    const auto taken = take(1);
    return taken.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(taken.front());
}

std::uint16_t PacketReader::number() {
    const unsigned high = byte();
    const unsigned low = byte();
    return static_cast<std::uint16_t>(high << 8 | low);
}

std::string PacketReader::binary() {
    return std::string(take(number()));
}

std::string PacketReader::text() {
    auto text = binary();
    require(is_valid_utf8(text), "1.5.3: text that is not UTF-8");
    require(!text.contains('\0'), "1.5.3: U+0000 in a text");
    return text;
}

std::string PacketReader::remainder() {
    return std::string(std::exchange(rest_, {}));
}

} // namespace muster::mqtt
