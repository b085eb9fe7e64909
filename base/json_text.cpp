// Writing JSON. Ours and not Boost's, because Boost writes 21.5 as 2.15E1: valid, but no device or
// operator would recognise the number they sent.

#include "base/check.h"
#include "base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace muster {

namespace {

void write(const Json& value, std::string& out);

template <class Number>
std::string_view shortest(Number number, std::array<char, 32>& buffer) {
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    CHECK(error == std::errc{});
    return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

void write_double(double number, std::string& out) {
    if (!std::isfinite(number)) { // nothing that was read is, and JSON has no word for it
        out += "null";
        return;
    }
    std::array<char, 32> buffer{};
    const std::string_view text = shortest(number, buffer);
    out += text;
    // 5.0 stays a number with a fraction when it is read again.
    if (text.find_first_of(".e") == std::string_view::npos) {
        out += ".0";
    }
}

void write_escape(unsigned char c, std::string& out) {
    constexpr std::string_view digits = "0123456789abcdef";
    switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default:
        out += "\\u00";
        out += digits[c >> 4U];
        out += digits[c & 0xFU];
    }
}

bool needs_escape(char c) {
    return static_cast<unsigned char>(c) < 0x20U || c == '"' || c == '\\';
}

void write_string(std::string_view text, std::string& out) {
    out += '"';
    while (!text.empty()) {
        const auto escape = std::ranges::find_if(text, needs_escape);
        const auto plain = static_cast<std::size_t>(escape - text.begin());
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        if (!text.empty()) {
            write_escape(static_cast<unsigned char>(text.front()), out);
            text.remove_prefix(1);
        }
    }
    out += '"';
}

void write_object(const JsonObject& object, std::string& out) {
    char before = '{';
    for (const auto& member : object) {
        out += before;
        write_string({member.key().data(), member.key().size()}, out);
        out += ':';
        write(member.value(), out);
        before = ',';
    }
    out += object.empty() ? "{}" : "}";
}

void write_array(const JsonArray& array, std::string& out) {
    char before = '[';
    for (const auto& element : array) {
        out += before;
        write(element, out);
        before = ',';
    }
    out += array.empty() ? "[]" : "]";
}

void write(const Json& value, std::string& out) {
    std::array<char, 32> buffer{};
    switch (value.kind()) {
    case boost::json::kind::null: out += "null"; return;
    case boost::json::kind::bool_: out += value.get_bool() ? "true" : "false"; return;
    case boost::json::kind::int64: out += shortest(value.get_int64(), buffer); return;
    case boost::json::kind::uint64: out += shortest(value.get_uint64(), buffer); return;
    case boost::json::kind::double_: write_double(value.get_double(), out); return;
    case boost::json::kind::string:
        write_string({value.get_string().data(), value.get_string().size()}, out);
        return;
    case boost::json::kind::array: write_array(value.get_array(), out); return;
    case boost::json::kind::object: write_object(value.get_object(), out); return;
    }
}

} // namespace

std::string to_text(const Json& value) {
    std::string out;
    write(value, out);
    return out;
}

std::string to_text(const JsonObject& value) {
    std::string out;
    write_object(value, out);
    return out;
}

} // namespace muster
