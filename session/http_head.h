#pragma once
// What RFC 9112 asks of the head of a request beyond its grammar. Strict on purpose: a request that
// two readers could cut differently is refused (request smuggling), and so is every head over a
// limit. Pure functions; the grammar itself is the parser's.

#include "session/http_session.h"

#include <optional>
#include <string_view>

namespace muster::session {

/// Over header_bytes_max: 414 if it is the target that is too long, 431 otherwise. `window` is what
/// came so far, at most header_bytes_max of it.
HttpFault refuse_oversized_head(std::string_view window, const HttpLimits& limits);

/// Looks at the raw head, its empty line included, before it is parsed: folded lines, the number of
/// headers, the length of the target, the version.
std::optional<HttpFault> refuse_head_text(std::string_view head, const HttpLimits& limits);

struct HttpVersion {
    int number = 11; // 10 or 11
};

/// Looks at the parsed head: Host, and framing that is ambiguous or not understood.
std::optional<HttpFault> refuse_head(const HttpRequest& request, HttpVersion version);

/// Turns an absolute-form target into origin form and its authority into the Host header
/// (RFC 9112 3.2.2). Any other form is refused.
std::optional<HttpFault> to_origin_form(HttpRequest& request);

} // namespace muster::session
