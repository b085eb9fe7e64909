#include "app/api_client.h"

#include "app/data_folder.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/sas.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

namespace muster::app {

namespace {

constexpr std::size_t reply_bytes_max = 16 * 1024 * 1024;
constexpr std::size_t reply_depth_max = 64; // documents of 32 levels stand inside of lists
constexpr std::size_t ca_bytes_max = 1024 * 1024;
constexpr std::chrono::minutes token_life{10};
constexpr int tries_max = 8;
constexpr std::chrono::milliseconds first_pause{250};
constexpr std::chrono::milliseconds longest_pause{60'000};
constexpr const char* provisioning_api_version = "2021-10-01";
constexpr const char* hub_api_version = "2021-04-12";

/// Quotas and rights share a status; rights have its general number.
Code code_of_403(const net::HttpReply& reply) {
    return reply.header("x-ms-error-code") == "403000" ? Code::forbidden : Code::quota_exceeded;
}

Code code_of(const net::HttpReply& reply) {
    switch (reply.status) {
    case 400: return Code::malformed;
    case 401: return Code::unauthenticated;
    case 403: return code_of_403(reply);
    case 404: return Code::not_found;
    case 408:
    case 504: return Code::deadline_exceeded;
    case 409: return Code::conflict;
    case 412: return Code::precondition;
    case 413: return Code::too_large;
    case 429: return Code::rate_limited;
    case 501: return Code::unsupported;
    case 503: return Code::unavailable;
    default: return Code::internal;
    }
}

/// The text people should read: `message` of provisioning, `Message` of a hub (dps-service 8.1,
/// iothub B.17), where a method's is a document again.
std::string message_of(std::string_view body) {
    const auto document = parse_json_object(body);
    if (!document) {
        return std::string(body);
    }
    if (const auto text = string_member(*document, "message"); text && !text->empty()) {
        return *text;
    }
    const auto text = string_member(*document, "Message");
    if (!text || text->empty()) {
        return std::string(body);
    }
    if (const auto inner = parse_json_object(*text)) {
        return string_member(*inner, "message", *text).value_or(*text);
    }
    const auto parts = split_once(*text, ';');
    return parts ? std::string(parts->second) : *text;
}

/// Seconds only: no service of this kind sends a date (dps-service 8.4).
std::optional<std::chrono::seconds> retry_after_of(const net::HttpReply& reply) {
    constexpr int seconds_max = 3600;
    const auto text = reply.header("retry-after");
    int seconds = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool usable = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() &&
                        seconds >= 0 && seconds <= seconds_max;
    return usable ? std::optional(std::chrono::seconds(seconds)) : std::nullopt;
}

Result<std::string> ca_pem(const std::string& file) {
    return file.empty() ? Result<std::string>("") : read_file(file, ca_bytes_max);
}

struct Place {
    std::string address;
    std::uint16_t port = 443;
    std::string ca_file;
};

Result<ApiClient> make_client(std::string_view connection_text, const Place& place,
                              std::string api_version, const Clock& clock) {
    auto connection = parse_connection_string(connection_text);
    if (!connection) {
        return std::unexpected(connection.error());
    }
    auto ca = ca_pem(place.ca_file);
    if (!ca) {
        return std::unexpected(ca.error());
    }
    net::HttpClient http({.host = connection->host,
                          .address = place.address,
                          .port = place.port,
                          .ca_pem = std::move(*ca),
                          .body_bytes_max = reply_bytes_max});
    std::string host = connection->host;
    return ApiClient(std::move(host), std::move(http), std::move(api_version),
                     [connection = std::move(*connection), &clock] {
                         return crypto::make_sas(connection.host, connection.key,
                                                 clock.wall() + token_life, connection.policy);
                     });
}

Place place_of(const ConnectOptions& options) {
    return {options.address, options.port != 0 ? options.port : std::uint16_t{443},
            options.ca_file};
}

/// What the flags leave open comes from the ready file.
Place place_of(const ConnectOptions& options, const ReadyFile& ready, bool needs_address) {
    Place place{options.address, options.port != 0 ? options.port : ready.https_port,
                options.ca_file.empty() ? ready.ca_file : options.ca_file};
    if (place.address.empty() && needs_address) {
        place.address = ready.provisioning_address;
    }
    return place;
}

Result<ApiClient> ready_hub_client(const ConnectOptions& options, const ReadyFile& ready,
                                   const ReadyHub& hub, const Clock& clock) {
    // A hub named by an address listens there; one named by a name need not resolve here.
    const bool needs_address = !is_ip_address(hub.host_name);
    return make_client(hub.connection_string.reveal(), place_of(options, ready, needs_address),
                       hub_api_version, clock);
}

} // namespace

bool passes_by_itself(Code code) {
    return code == Code::unavailable || code == Code::rate_limited ||
           code == Code::deadline_exceeded;
}

std::optional<std::chrono::milliseconds> pause_after(int tries, const Error& error) {
    if (tries >= tries_max || !passes_by_itself(error.code)) {
        return std::nullopt;
    }
    const auto doubled = first_pause * (1 << (tries - 1));
    const auto wanted = error.retry_after
                            ? std::max<std::chrono::milliseconds>(*error.retry_after, first_pause)
                            : doubled;
    return std::min(wanted, longest_pause);
}

Result<Json> json_of(const Result<net::HttpReply>& reply) {
    return reply ? parse_json(reply->body,
                              {.bytes_max = reply_bytes_max, .depth_max = reply_depth_max})
                 : std::unexpected(reply.error());
}

ApiClient::ApiClient(std::string host, net::HttpClient http, std::string api_version,
                     Authorize authorize)
    : host_(std::move(host)), http_(std::move(http)), api_version_(std::move(api_version)),
      authorize_(std::move(authorize)) {}

Result<net::HttpReply> ApiClient::send(const Request& request) {
    net::HttpCall call{.method = request.method,
                       .path_and_query = request.path + "?api-version=" + api_version_,
                       .headers = request.headers,
                       .body = request.body,
                       .time_max = request.time_max};
    for (const auto& [name, value] : request.query) {
        call.path_and_query += fmt::format("&{}={}", name, percent_encode(value));
    }
    call.headers.emplace_back("Authorization", authorize_());
    if (!request.body.empty()) {
        call.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
    }
    auto reply = http_.send(call);
    if (!reply || (reply->status >= 200 && reply->status < 300)) {
        return reply;
    }
    auto refusal =
        fail(code_of(*reply), fmt::format("{} ({})", message_of(reply->body), reply->status));
    refusal.error().retry_after = retry_after_of(*reply);
    return refusal;
}

Result<net::HttpReply> ApiClient::send_patiently(const Request& request) {
    for (int tries = 1;; ++tries) {
        auto reply = send(request);
        const auto pause = reply ? std::nullopt : pause_after(tries, reply.error());
        if (!pause) {
            return reply;
        }
        std::this_thread::sleep_for(*pause);
    }
}

Result<Json> ApiClient::send_json(const Request& request) {
    return json_of(send(request));
}

Result<ReadyFile> find_server(const ConnectOptions& options) {
    const auto folder = options.data.empty() ? default_data_folder() : options.data;
    auto ready = read_ready_file(folder / "ready.json");
    if (!ready && ready.error().code != Code::malformed) {
        return fail(Code::unavailable,
                    fmt::format("no server is running on {}; start one with `muster serve`, or say "
                                "where one is (see --help)",
                                folder.string()));
    }
    return ready;
}

Result<ApiClient> connect_provisioning(const ConnectOptions& options, const Clock& clock) {
    if (!options.connection_string.empty()) {
        return make_client(options.connection_string, place_of(options), provisioning_api_version,
                           clock);
    }
    auto ready = find_server(options);
    if (!ready) {
        return std::unexpected(ready.error());
    }
    return make_client(ready->service_connection_string.reveal(), place_of(options, *ready, true),
                       provisioning_api_version, clock);
}

Result<std::vector<ApiClient>> connect_hubs(const ConnectOptions& options, const Clock& clock) {
    std::vector<ApiClient> clients;
    if (!options.connection_string.empty()) {
        auto client =
            make_client(options.connection_string, place_of(options), hub_api_version, clock);
        if (!client) {
            return std::unexpected(client.error());
        }
        clients.push_back(std::move(*client));
        return clients;
    }
    auto ready = find_server(options);
    if (!ready) {
        return std::unexpected(ready.error());
    }
    for (const ReadyHub& hub : ready->hubs) {
        if (!options.hub.empty() && !equal_ignoring_case(options.hub, hub.name) &&
            !equal_ignoring_case(options.hub, hub.host_name)) {
            continue;
        }
        auto client = ready_hub_client(options, *ready, hub, clock);
        if (!client) {
            return std::unexpected(client.error());
        }
        clients.push_back(std::move(*client));
    }
    if (clients.empty()) {
        return fail(Code::not_found, fmt::format("the server has no hub '{}'", options.hub));
    }
    return clients;
}

Result<ApiClient> connect_hub_of(const std::string& device, const ConnectOptions& options,
                                 const Clock& clock) {
    auto hubs = connect_hubs(options, clock);
    if (!hubs) {
        return std::unexpected(hubs.error());
    }
    for (ApiClient& hub : *hubs) {
        auto known = hub.send({.method = "GET", .path = "/twins/" + percent_encode(device)});
        if (known) {
            return std::move(hub);
        }
        if (known.error().code != Code::not_found) {
            return std::unexpected(known.error());
        }
    }
    return fail(Code::not_found, fmt::format("no hub knows the device '{}'", device));
}

} // namespace muster::app
