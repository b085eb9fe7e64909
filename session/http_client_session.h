#pragma once
// The client side of HTTP/1.1 on one connection, without I/O: a request out, its answer in, and the
// next one. Time is the caller's matter.

#include "base/result.h"
#include "session/http_session.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace muster::session {

struct HttpClientLimits {
    std::size_t header_bytes_max = 16 * 1024;
    std::size_t body_bytes_max = 256 * 1024;
};

class HttpClientSession {
  public:
    explicit HttpClientSession(const HttpClientLimits& limits = {});
    ~HttpClientSession();
    HttpClientSession(HttpClientSession&&) noexcept;
    HttpClientSession& operator=(HttpClientSession&&) noexcept;

    /// Content-Length is added. One at a time: the answer to the one before was taken.
    void send(const HttpRequest& request);

    void feed(std::string_view bytes);

    /// The server closed. That ends an answer without a length; any other is cut off.
    void lost();

    /// The answer, once it is whole; `close` says that no further request can be sent. Interim
    /// answers (1xx) are passed over. Errors: malformed, too_large, unavailable (lost); they stay.
    Result<std::optional<HttpResponse>> next_response();

    std::string take_output();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace muster::session
