#pragma once
// The server side of HTTP/1.1 on one connection (RFC 9112), without I/O: request after request,
// keep-alive, one in flight, bounded in size and time. Upgrades are handed to the caller.

#include "base/clock.h"
#include "base/result.h"
#include "session/http_body.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace muster::session {

struct HttpHeader {
    std::string name; // as received or as to be sent; compared without regard to case
    std::string value;
};

struct HttpRequest {
    std::string method; // as received, "GET"
    std::string target; // origin form, undecoded, "/a/b?c=d"
    std::vector<HttpHeader> headers;
    std::string body;

    /// The first header of that name, or empty.
    [[nodiscard]] std::string_view header(std::string_view name) const;
    [[nodiscard]] bool has_header(std::string_view name) const;
};

struct HttpResponse {
    unsigned status = 200;
    // Content-Length, Connection and (given a clock) Date are added by the session. No
    // Content-Length on 204, where RFC 9110 8.6 forbids it: Connection is the one header that
    // every answer has, because one client cannot read an answer without any (dps-service 13.1, 3).
    std::vector<HttpHeader> headers;
    std::string body;
    bool close = false; // close the connection after this response
    // Instead of `body`. Not the session's business: whoever sends pieces gives them to put_body().
    std::shared_ptr<HttpBodySource> source;
};

/// The request could not be read. Answer with respond() and this status; the connection then
/// closes (its framing is lost).
struct HttpFault {
    unsigned status; // 400, 408, 413, 414, 431, 501, 505
    std::string detail;
};

/// `Upgrade: websocket` was asked for. Answer with respond() to refuse, or accept_upgrade().
struct HttpUpgrade {
    HttpRequest request;
};

using HttpEvent = std::variant<HttpRequest, HttpFault, HttpUpgrade>;

struct HttpLimits {
    std::size_t header_bytes_max = 16 * 1024;
    std::size_t headers_max = 64;
    std::size_t target_bytes_max = 4 * 1024;
    std::size_t body_bytes_max = 256 * 1024;
    // From the first byte of a request; for the first request, from the start of the connection.
    std::chrono::seconds header_time_max{15};
    std::chrono::seconds body_time_max{30};
    std::chrono::seconds idle_time_max{360}; // between requests; above the largest retry-after
};

class HttpSession {
  public:
    /// The clock, if there is one, is for the Date header and must outlive the session.
    explicit HttpSession(const HttpLimits& limits = {}, const Clock* clock = nullptr);
    ~HttpSession();
    HttpSession(HttpSession&&) noexcept;
    HttpSession& operator=(HttpSession&&) noexcept;

    void start(SteadyTime now);
    void feed(std::string_view bytes, SteadyTime now);
    void deadline(SteadyTime now);

    /// The next thing that happened, if anything. After a request, nothing follows before
    /// respond().
    std::optional<HttpEvent> next_event();

    /// Answers the event taken last. Always with Content-Length (the C SDK cannot read chunks;
    /// but see HttpResponse for 204), a reason phrase and at least one header.
    void respond(const HttpResponse& response, SteadyTime now);

    /// Answers a request with a body that comes in pieces: chunks, or for HTTP/1.0 all until the
    /// connection closes. False if nobody wants the body (HEAD): then the answer is complete.
    [[nodiscard]] bool begin_body(const HttpResponse& head, SteadyTime now);
    /// Some of it, not empty.
    void put_body(std::string_view piece);
    void end_body(SteadyTime now);
    /// Closes the connection in a way that tells the peer that something is missing.
    void break_body();

    /// Answers an HttpUpgrade with 101 and these extra headers (Upgrade and Connection are added),
    /// and gives back the bytes that came after the request. The session is over then.
    std::string accept_upgrade(const std::vector<HttpHeader>& headers);

    std::string take_output();
    [[nodiscard]] bool wants_close() const;
    [[nodiscard]] bool wants_input() const; // false while a request is being answered
    [[nodiscard]] std::optional<SteadyTime> next_deadline() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// "OK", "Not Found", ...; never empty.
std::string_view reason_phrase(unsigned status);

} // namespace muster::session
