#pragma once
// Text of HTTP/1.1 that the server side, the client side and the WebSocket handshake share: header
// look-up, and messages written out. Nothing here reads bytes from outside.

#include "base/clock.h"
#include "session/http_session.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::session {

/// The first header of that name, or null.
const HttpHeader* find_header(const std::vector<HttpHeader>& headers, std::string_view name);

std::size_t count_headers(const std::vector<HttpHeader>& headers, std::string_view name);

/// The elements of a comma-separated list header, over all lines of that name (RFC 9110 5.6.1).
std::vector<std::string_view> header_list(const std::vector<HttpHeader>& headers,
                                          std::string_view name);

/// Is `element` in that list, without regard to case?
bool header_lists(const std::vector<HttpHeader>& headers, std::string_view name,
                  std::string_view element);

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 5.6.7).
std::string format_http_date(WallTime time);

enum class ResponseFraming : std::uint8_t { length, chunks, until_close };

struct ResponseForm {
    bool without_body = false; // the answer to HEAD: the length is stated, the body left out
    bool close = false;
    std::optional<WallTime> date;
    ResponseFraming framing = ResponseFraming::length; // the others: the body is not there yet
};

std::string format_response(const HttpResponse& response, const ResponseForm& form);

/// One chunk (RFC 9112 7.1). What is empty is the last.
std::string format_chunk(std::string_view bytes);

/// With Content-Length if there is a body or the method usually has one.
std::string format_request(const HttpRequest& request);

/// `Name: value` and the line end; line breaks in the value cannot start another header.
void append_header(std::string& output, std::string_view name, std::string_view value);

} // namespace muster::session
