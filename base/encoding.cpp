#include "base/encoding.h"

#include <array>
#include <cstdint>

namespace muster {

namespace {

constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view hex_upper = "0123456789ABCDEF";
constexpr std::string_view hex_lower = "0123456789abcdef";

constexpr std::uint8_t no_value = 0xFF;

using Values = std::array<std::uint8_t, 256>;

consteval Values value_table(std::string_view alphabet) {
    Values values{};
    values.fill(no_value);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
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

constexpr Values base64_values = value_table(base64_alphabet);
constexpr Values base64url_values = value_table(base64url_alphabet);
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

std::string encode_base64(std::string_view bytes, std::string_view alphabet) {
    std::string text((bytes.size() * 4 + 2) / 3, '\0');
    char* out = text.data();
    std::size_t at = 0;
    for (; at + 3 <= bytes.size(); at += 3) {
        const std::uint32_t group =
            byte_at(bytes, at) << 16U | byte_at(bytes, at + 1) << 8U | byte_at(bytes, at + 2);
        *out++ = alphabet[group >> 18U];
        *out++ = alphabet[group >> 12U & 0x3FU];
        *out++ = alphabet[group >> 6U & 0x3FU];
        *out++ = alphabet[group & 0x3FU];
    }
    const std::size_t rest = bytes.size() - at; // one byte makes two digits, two make three
    const std::uint32_t first = rest > 0 ? byte_at(bytes, at) << 16U : 0;
    const std::uint32_t group = first | (rest > 1 ? byte_at(bytes, at + 1) << 8U : 0);
    for (std::size_t digit = 0; rest > 0 && digit <= rest; ++digit) {
        *out++ = alphabet[group >> (18 - 6 * digit) & 0x3FU];
    }
    return text;
}

Result<std::string> decode_base64(std::string_view digits, const Values& values) {
    std::string bytes(digits.size() * 3 / 4, '\0');
    char* out = bytes.data();
    std::uint32_t group = 0;
    std::uint32_t seen = 0; // a value that is none has bits that no digit has
    unsigned bits = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const std::uint32_t value = values[byte_at(digits, i)];
        seen |= value;
        group = group << 6U | value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *out++ = static_cast<char>(group >> bits & 0xFFU);
        }
    }
    if (seen > 0x3FU) {
        return fail(Code::malformed, "not base64");
    }
    return bytes;
}

bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

} // namespace

std::string base64_encode(std::string_view bytes) {
    std::string text = encode_base64(bytes, base64_alphabet);
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

Result<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) {
        return fail(Code::malformed, "not base64");
    }
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    return decode_base64(text.substr(0, text.size() - padding), base64_values);
}

std::string base64url_encode(std::string_view bytes) {
    return encode_base64(bytes, base64url_alphabet);
}

Result<std::string> base64url_decode(std::string_view text) {
    if (text.size() % 4 == 1) {
        return fail(Code::malformed, "not base64url");
    }
    return decode_base64(text, base64url_values);
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
