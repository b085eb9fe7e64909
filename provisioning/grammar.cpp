#include "provisioning/grammar.h"

#include "base/text.h"
#include "provisioning/ip_range.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

constexpr std::size_t reason_chars_max = 256;
constexpr std::size_t instance_name_chars_min = 3;
constexpr std::size_t instance_name_chars_max = 50;
constexpr std::size_t tenant_name_chars_max = 90;
constexpr std::size_t policy_name_chars_max = 256;
constexpr std::size_t certificate_name_chars_max = 256;
constexpr std::size_t host_name_chars_max = 253;
constexpr std::size_t host_label_chars_max = 63;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_alphanumeric(char c) {
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/// 1 to `chars_max` letters, digits and characters of `others`.
bool consists_of(std::string_view text, std::string_view others, std::size_t chars_max) {
    return !text.empty() && text.size() <= chars_max && std::ranges::all_of(text, [&](char c) {
        return is_alphanumeric(c) || others.find(c) != std::string_view::npos;
    });
}

bool is_host_label(std::string_view text) {
    return consists_of(text, "-_", host_label_chars_max) && text.front() != '-' &&
           text.back() != '-';
}

} // namespace

bool is_instance_name(std::string_view text) {
    return text.size() >= instance_name_chars_min &&
           consists_of(text, "-", instance_name_chars_max) && text.front() != '-' &&
           text.back() != '-' && !std::ranges::all_of(text, is_digit);
}

bool is_tenant_name(std::string_view text) {
    return consists_of(text, "_-.()", tenant_name_chars_max) && text.back() != '.';
}

bool is_policy_name(std::string_view text) {
    return consists_of(text, "_-@.", policy_name_chars_max);
}

bool is_certificate_name(std::string_view text) {
    return consists_of(text, "_-.", certificate_name_chars_max);
}

bool is_host_name(std::string_view text) {
    if (text.size() > host_name_chars_max) {
        return false;
    }
    return std::ranges::all_of(split(text, '.'), is_host_label) || parse_ip_address(text);
}

bool is_label(std::string_view text, std::size_t characters_max) {
    constexpr std::size_t bytes_per_character_max = 4;
    if (text.empty() || text.size() > characters_max * bytes_per_character_max ||
        !is_valid_utf8(text)) {
        return false;
    }
    const auto is_continuation = [](char c) { return (static_cast<unsigned char>(c) >> 6) == 2; };
    std::size_t characters = 0;
    unsigned char previous = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_c1_control = previous == 0xC2 && byte < 0xA0;
        if (byte < 0x20 || byte == 0x7F || is_c1_control) {
            return false;
        }
        characters += is_continuation(c) ? 0 : 1;
        previous = byte;
    }
    return characters <= characters_max;
}

Result<void> check_reason(std::string_view text) {
    if (!text.empty() && !is_label(text, reason_chars_max)) {
        return fail(Code::malformed, "the reason must be at most 256 printable characters");
    }
    return {};
}

} // namespace muster::provisioning
