#include "base/text.h"
#include "hub/method_payload.h"
#include "hub/methods.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::hub {

namespace {

constexpr std::size_t name_bytes_max = 100;
constexpr std::int64_t response_seconds_min = 5;
constexpr std::int64_t timeout_seconds_max = 300;

/// Printable ASCII without what would break a topic apart (iothub A.11).
bool is_name_character(char c) {
    constexpr std::string_view reserved = "$()<>@,;:\\\"/[]?={}";
    return c > ' ' && c < 0x7f && reserved.find(c) == std::string_view::npos;
}

Result<std::string> name_from(const JsonObject& document) {
    auto name = string_member(document, "methodName");
    if (!name) {
        return name;
    }
    if (name->empty() || name->size() > name_bytes_max) {
        return fail(Code::malformed,
                    fmt::format("methodName must have 1 to {} characters", name_bytes_max));
    }
    if (!std::ranges::all_of(*name, is_name_character)) {
        return fail(Code::malformed, "methodName has a character that is not allowed");
    }
    return name;
}

struct SecondsRule {
    std::string_view name;
    std::int64_t min;
    std::chrono::seconds when_unset;
};

Result<std::chrono::seconds> seconds_from(const JsonObject& document, const SecondsRule& rule) {
    const Json* member = find_member(document, rule.name);
    if (member == nullptr) {
        return rule.when_unset;
    }
    const std::int64_t* seconds = member->if_int64();
    if (seconds == nullptr || *seconds < rule.min || *seconds > timeout_seconds_max) {
        return fail(Code::malformed, fmt::format("{} must be an integer from {} to {}", rule.name,
                                                 rule.min, timeout_seconds_max));
    }
    return std::chrono::seconds(*seconds);
}

/// Text for a JSON string; what is not UTF-8 is not text, byte by byte.
std::string readable(std::string_view bytes) {
    if (is_valid_utf8(bytes)) {
        return std::string(bytes);
    }
    std::string text;
    for (const char byte : bytes) {
        const bool ascii = static_cast<unsigned char>(byte) < 0x80;
        text += ascii ? std::string_view(&byte, 1) : std::string_view("\xef\xbf\xbd");
    }
    return text;
}

} // namespace

std::string payload_text(const MethodCall& call) {
    return call.payload ? to_text(*call.payload) : std::string();
}

Result<MethodCall> method_call_from(const JsonObject& document) {
    MethodCall call;
    auto name = name_from(document);
    if (!name) {
        return std::unexpected(std::move(name.error()));
    }
    call.name = std::move(*name);
    const auto response = seconds_from(
        document, {"responseTimeoutInSeconds", response_seconds_min, call.response_timeout});
    if (!response) {
        return std::unexpected(response.error());
    }
    call.response_timeout = *response;
    const auto connect =
        seconds_from(document, {"connectTimeoutInSeconds", 0, call.connect_timeout});
    if (!connect) {
        return std::unexpected(connect.error());
    }
    call.connect_timeout = *connect;
    // JSON null is a payload too (A.11), so find_member does not serve here.
    if (const Json* payload = document.if_contains("payload")) {
        call.payload = *payload;
    }
    return call;
}

Json method_reply_payload(std::string_view bytes, std::size_t bytes_max) {
    if (bytes.empty()) {
        return nullptr;
    }
    auto value = parse_json(bytes, {.bytes_max = bytes_max});
    return value ? std::move(*value) : Json(readable(bytes));
}

} // namespace muster::hub
