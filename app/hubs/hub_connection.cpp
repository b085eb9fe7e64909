#include "app/hubs/hub_connection.h"

#include "app/ready_file.h"
#include "base/text.h"

#include <algorithm>
#include <utility>

namespace muster::app {

namespace {

constexpr std::size_t host_bytes_max = 253; // RFC 1035
constexpr std::size_t policy_bytes_max = 64;

struct HostAndPort {
    std::string_view host;
    std::optional<std::string_view> port;
};

/// `host`, `host:port`, `[address]`, `[address]:port`.
HostAndPort take_apart(std::string_view text) {
    const auto bracket = text.find(']');
    const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon == std::string_view::npos) {
        return {.host = text, .port = std::nullopt};
    }
    return {.host = text.substr(0, colon), .port = text.substr(colon + 1)};
}

bool is_letter_or_digit(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

bool is_name(std::string_view host) {
    return is_letter_or_digit(host.front()) && std::ranges::all_of(host, [](char byte) {
               return is_letter_or_digit(byte) || byte == '.' || byte == '-' || byte == '_';
           });
}

bool is_bracketed_address(std::string_view host) {
    return host.size() > 4 && host.starts_with('[') && host.ends_with(']') &&
           std::ranges::all_of(host.substr(1, host.size() - 2), [](char byte) {
               return is_letter_or_digit(byte) || byte == ':' || byte == '.';
           });
}

/// Whatever else could stand there would change where the URL leads.
bool is_host(std::string_view text) {
    const HostAndPort parts = take_apart(text);
    if (parts.host.empty() || parts.host.size() > host_bytes_max ||
        (!is_name(parts.host) && !is_bracketed_address(parts.host))) {
        return false;
    }
    if (!parts.port) {
        return true;
    }
    const auto port = parse_decimal(*parts.port);
    return port && *port >= 1 && *port <= 65535;
}

bool is_policy(std::string_view text) {
    return text.size() <= policy_bytes_max &&
           std::ranges::all_of(text, [](char byte) { return byte > ' ' && byte < 0x7F; });
}

} // namespace

Result<HubConnection> parse_hub_connection(const Secret& connection_string) {
    auto parsed = parse_connection_string(connection_string.reveal());
    if (!parsed) {
        return std::unexpected(std::move(parsed.error()));
    }
    if (!is_host(parsed->host)) {
        return fail(Code::malformed,
                    "the connection string's HostName is no host name, with or without a port");
    }
    if (!is_policy(parsed->policy)) {
        return fail(Code::malformed,
                    "the connection string's SharedAccessKeyName is not the name of a policy");
    }
    return HubConnection{.host = std::move(parsed->host),
                         .policy = std::move(parsed->policy),
                         .key = std::move(parsed->key)};
}

HubName name_of(const HubConnection& connection) {
    return HubName(take_apart(connection.host).host);
}

} // namespace muster::app
