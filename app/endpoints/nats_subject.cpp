#include "app/endpoints/nats_subject.h"

#include "base/encoding.h"
#include "base/text.h"
#include "hub/routing/route.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace muster::app {

namespace {

constexpr std::size_t bytes_max = 256;
constexpr std::array<std::string_view, 3> placeholders{"{hub}", "{source}", "{device}"};

std::string token_of(std::string_view text) {
    std::string token = percent_encode(text);
    for (auto dot = token.find('.'); dot != std::string::npos; dot = token.find('.', dot)) {
        token.replace(dot, 1, "%2E");
    }
    return token;
}

bool is_plain(char c) {
    return c > ' ' && c < 0x7F && c != '*' && c != '>' && c != '{' && c != '}';
}

/// A name of its own, or one placeholder.
bool is_token(std::string_view token) {
    return !token.empty() && (std::ranges::find(placeholders, token) != placeholders.end() ||
                              std::ranges::all_of(token, is_plain));
}

struct Values {
    std::string_view hub;
    std::string_view source;
    std::string_view device;
};

std::string fill(std::string_view text, const Values& values) {
    std::string filled;
    for (const std::string_view token : split(text, '.')) {
        filled += filled.empty() ? "" : ".";
        filled += token == "{hub}"      ? values.hub
                  : token == "{source}" ? values.source
                  : token == "{device}" ? values.device
                                        : token;
    }
    return filled;
}

} // namespace

Result<NatsSubject> NatsSubject::parse(std::string text) {
    if (text.size() > bytes_max) {
        return fail(Code::malformed, fmt::format("is longer than {} bytes", bytes_max));
    }
    for (const std::string_view token : split(text, '.')) {
        if (!is_token(token)) {
            return fail(Code::malformed,
                        fmt::format("'{}' is no token of a subject: letters, digits and the like, "
                                    "or one of {{hub}}, {{source}}, {{device}}",
                                    token));
        }
    }
    if (text.starts_with('$') || text.starts_with("_INBOX.")) {
        return fail(Code::malformed, "begins like the server's own subjects");
    }
    return NatsSubject(std::move(text));
}

std::string NatsSubject::of(std::string_view hub, const hub::Event& event) const {
    return fill(text_, {.hub = token_of(hub),
                        .source = hub::route_source_name(event.source),
                        .device = token_of(event.identity.device.text())});
}

std::string NatsSubject::all_of(std::string_view hub) const {
    return fill(text_, {.hub = token_of(hub), .source = "*", .device = "*"});
}

} // namespace muster::app
