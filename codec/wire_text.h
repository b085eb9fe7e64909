#pragma once
// For tests: MQTT packets written so that a reader can compare them with the standard.

#include "base/check.h"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace muster::mqtt {

/// `0004 'MQTT' 04 02`: pairs of hex digits and quoted text, spaces ignored.
inline std::string wire(std::string_view notation) {
    std::string bytes;
    while (!notation.empty()) {
        if (notation.front() == ' ') {
            notation.remove_prefix(1);
        } else if (notation.front() == '\'') {
            const auto end = notation.find('\'', 1);
            CHECK(end != std::string_view::npos);
            bytes.append(notation.substr(1, end - 1));
            notation.remove_prefix(end + 1);
        } else {
            std::uint8_t value = 0;
            const auto* digits = notation.data();
            CHECK(notation.size() >= 2);
            CHECK(std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2);
            bytes.push_back(static_cast<char>(value));
            notation.remove_prefix(2);
        }
    }
    return bytes;
}

/// A text with its length in front.
inline std::string wire_text(std::string_view text) {
    std::string bytes;
    bytes.push_back(static_cast<char>(text.size() >> 8));
    bytes.push_back(static_cast<char>(text.size() & 0xff));
    return bytes.append(text);
}

/// A packet of up to 16,383 body bytes: the first byte, the remaining length, the body.
inline std::string framed(unsigned first_byte, std::string_view body) {
    CHECK(body.size() < 128 * 128);
    std::string bytes(1, static_cast<char>(first_byte));
    if (body.size() >= 128) {
        bytes.push_back(static_cast<char>(0x80 | (body.size() & 0x7f)));
        bytes.push_back(static_cast<char>(body.size() >> 7));
    } else {
        bytes.push_back(static_cast<char>(body.size()));
    }
    return bytes.append(body);
}

} // namespace muster::mqtt
