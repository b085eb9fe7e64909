#pragma once
// The service APIs as the command line uses them: authorized requests, replies.

#include "app/ready_file.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "net/http_client.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::app {

/// How a command was told to find its server. With nothing set, the local server's ready file.
struct ConnectOptions {
    std::string connection_string;
    std::string hub;     // a hub of the ready file, by name or host name; empty: all of them
    std::string address; // connect here instead of resolving the host name
    std::string ca_file;
    std::uint16_t port = 0;
    std::filesystem::path data; // the data folder whose ready file is read
};

/// Whether the same request may succeed later without anybody doing anything.
bool passes_by_itself(Code code);

/// How long to wait after so many vain tries: a quarter of a second, doubling, or what the service
/// says, but a minute at most (dps-service 11). Nothing: it was tried often enough.
std::optional<std::chrono::milliseconds> pause_after(int tries, const Error& error);

/// The document of a reply.
Result<Json> json_of(const Result<net::HttpReply>& reply);

class ApiClient {
  public:
    struct Request {
        std::string method;
        std::string path; // percent-encoded, without the query
        std::vector<std::pair<std::string, std::string>> query;
        std::vector<std::pair<std::string, std::string>> headers;
        std::string body;
        std::chrono::milliseconds time_max{30'000};
    };

    /// Makes the value of the Authorization header, afresh for each request.
    using Authorize = std::function<std::string()>;

    ApiClient(std::string host, net::HttpClient http, std::string api_version, Authorize authorize);

    /// A reply with a 2xx status. Every other status becomes an Error with the service's own text.
    Result<net::HttpReply> send(const Request& request);

    /// The same, and what passes by itself is waited for: see pause_after().
    Result<net::HttpReply> send_patiently(const Request& request);

    /// The JSON document of a 2xx reply.
    Result<Json> send_json(const Request& request);

    [[nodiscard]] const std::string& host() const { return host_; }

  private:
    std::string host_;
    net::HttpClient http_;
    std::string api_version_;
    Authorize authorize_;
};

Result<ReadyFile> find_server(const ConnectOptions& options);

Result<ApiClient> connect_provisioning(const ConnectOptions& options, const Clock& clock);

/// The hub that knows the device: the one the options name, else the first of the ready file's.
Result<ApiClient> connect_hub_of(const std::string& device, const ConnectOptions& options,
                                 const Clock& clock);

/// Every hub that the options allow: the one they name, else all of the ready file.
Result<std::vector<ApiClient>> connect_hubs(const ConnectOptions& options, const Clock& clock);

} // namespace muster::app
