#pragma once
// The grammar of HTTP/1.1 messages (RFC 9112), without I/O, for both sides. Only http_parser.cpp
// knows that it is Beast's. One parser reads one message.

#include "session/http_head.h"
#include "session/http_session.h"

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::session {

struct HttpMessage {
    std::string method; // of a request
    std::string target;
    unsigned status = 0; // of a response
    HttpVersion version;
    std::vector<HttpHeader> headers; // never a trailer
    std::string body;
};

class HttpParser {
  public:
    enum class Kind { request, response, response_without_body };

    struct Limits {
        std::size_t header_bytes_max = 0; // also of the framing between two chunks
        std::size_t body_bytes_max = 0;
    };

    HttpParser(Kind kind, const Limits& limits);
    HttpParser(HttpParser&&) noexcept;
    HttpParser& operator=(HttpParser&&) noexcept;
    ~HttpParser();

    /// The whole head, its empty line included; called once, first.
    std::optional<HttpFault> put_head(std::string_view head);

    /// Says how many bytes it took; the others are to be given again with what follows them, or
    /// belong to the next message if is_done().
    std::expected<std::size_t, HttpFault> put_body(std::string_view bytes);

    [[nodiscard]] bool is_done() const;

    /// No length was stated: the body of a response ends where the connection does.
    [[nodiscard]] bool ends_with_connection() const;

    /// May another message follow on this connection?
    [[nodiscard]] bool keep_alive() const;

    HttpMessage& message();

    struct Grammar; // internal

  private:
    std::expected<std::size_t, HttpFault> put_piece(std::string_view bytes);

    Limits limits_;
    std::unique_ptr<Grammar> grammar_;
};

} // namespace muster::session
