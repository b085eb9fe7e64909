#pragma once
// Outgoing HTTPS requests to one server, one at a time, waiting (libcurl). For the command line;
// servers use outgoing.h.

#include "base/result.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::net {

struct HttpCall {
    std::string method;
    std::string path_and_query; // "/enrollments/x?api-version=2021-10-01"
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::chrono::milliseconds time_max{30'000}; // none is left: nothing is sent
};

struct HttpReply {
    unsigned status = 0;
    std::vector<std::pair<std::string, std::string>> headers; // names in lower case
    std::string body;
    /// From the first packet to the open connection; nothing if one was there already.
    std::optional<std::chrono::microseconds> connect_time;

    [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;
};

/// A kept-alive connection to one server. Not thread safe.
class HttpClient {
  public:
    struct Options {
        std::string host;
        std::string address; // connect here instead of resolving; may be empty
        std::uint16_t port = 443;
        std::string ca_pem; // empty: the system's store
        std::size_t body_bytes_max = 16 * 1024 * 1024;
    };

    explicit HttpClient(Options options);
    ~HttpClient();
    HttpClient(HttpClient&&) noexcept;
    HttpClient& operator=(HttpClient&&) noexcept;

    /// Any status is a reply. Errors: unavailable (cannot connect, name or certificate trouble,
    /// said plainly), deadline_exceeded, too_large.
    Result<HttpReply> send(const HttpCall& call);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace muster::net
