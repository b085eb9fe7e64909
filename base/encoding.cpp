#include "base/encoding.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace muster {

namespace {

constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view hex_upper = "0123456789ABCDEF";
constexpr std::string_view hex_lower = "0123456789abcdef";

constexpr std::uint8_t no_value = 0xFF;

using Values = std::array<std::uint8_t, 256>;

consteval Values base64_value_table() {
    Values values{};
    values.fill(no_value);
    for (std::size_t i = 0; i < base64_alphabet.size(); ++i) {
        values[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}

consteval Values hex_value_table() {
    Values values{};
    values.fill(no_value);
    for (std::size_t i = 0; i < hex_upper.size(); ++i) {
        values[static_cast<unsigned char>(hex_upper[i])] = static_cast<std::uint8_t>(i);
        values[static_cast<unsigned char>(hex_lower[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}

constexpr Values base64_values = base64_value_table();
constexpr Values hex_values = hex_value_table();

std::uint32_t byte_at(std::string_view text, std::size_t i) {
    return static_cast<unsigned char>(text[i]);
}

/// The byte two hex digits stand for, -1 if they are none.
int hex_pair(std::string_view text, std::size_t at) {
    const std::uint32_t high = hex_values[byte_at(text, at)];
    const std::uint32_t low = hex_values[byte_at(text, at + 1)];
    return high == no_value || low == no_value ? -1 : static_cast<int>(high << 4U | low);
}

std::string hex_encode(std::string_view bytes, std::string_view digits) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        text += digits[byte_at(bytes, i) >> 4U];
        text += digits[byte_at(bytes, i) & 0xFU];
    }
    return text;
}

bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

} // namespace

std::string base64_encode(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            group = group << 8U | (j < count ? byte_at(bytes, i + j) : 0);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            text += j <= count ? base64_alphabet[group >> (18 - 6 * j) & 0x3FU] : '=';
        }
    }
    return text;
}

Result<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) {
        return fail(Code::malformed, "not base64");
    }
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    const std::string_view digits = text.substr(0, text.size() - padding);
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t group = 0;
    std::size_t bits = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const std::uint32_t value = base64_values[byte_at(digits, i)];
        if (value == no_value) {
            return fail(Code::malformed, "not base64");
        }
        group = group << 6U | value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes += static_cast<char>(group >> bits & 0xFFU);
        }
    }
    return bytes;
}

std::string hex_encode_upper(std::string_view bytes) {
    return hex_encode(bytes, hex_upper);
}

std::string hex_encode_lower(std::string_view bytes) {
    return hex_encode(bytes, hex_lower);
}

Result<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        const int byte = i + 2 < text.size() ? hex_pair(text, i + 1) : -1;
        if (byte < 0) {
            return fail(Code::malformed, "a '%' that starts no escape");
        }
        decoded += static_cast<char>(byte);
        i += 2;
    }
    return decoded;
}

std::string percent_encode(std::string_view text) {
    std::string encoded;
    encoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_unreserved(text[i])) {
            encoded += text[i];
            continue;
        }
        encoded += '%';
        encoded += hex_upper[byte_at(text, i) >> 4U];
        encoded += hex_upper[byte_at(text, i) & 0xFU];
    }
    return encoded;
}

} // namespace muster
