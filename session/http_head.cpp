#include "session/http_head.h"

#include "base/text.h"
#include "session/http_text.h"

#include <algorithm>

namespace muster::session {

namespace {

constexpr std::string_view line_end = "\r\n";

std::string_view first_line(std::string_view head) {
    return head.substr(0, head.find(line_end));
}

/// What stands between the first and the last space of a request line.
std::string_view target_of(std::string_view request_line) {
    const std::size_t begin = request_line.find(' ');
    const std::size_t end = request_line.rfind(' ');
    if (begin == std::string_view::npos || end <= begin) {
        return {};
    }
    return request_line.substr(begin + 1, end - begin - 1);
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// A well-formed version that is not ours; a malformed one is left to the grammar.
bool is_foreign_version(std::string_view request_line) {
    const std::string_view version = request_line.substr(request_line.rfind(' ') + 1);
    const bool well_formed = version.size() == 8 && version.starts_with("HTTP/") &&
                             is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
    return well_formed && version != "HTTP/1.0" && version != "HTTP/1.1";
}

void set_host(HttpRequest& request, std::string_view authority) {
    std::erase_if(request.headers, [](const HttpHeader& header) {
        return equal_ignoring_case(header.name, "host");
    });
    request.headers.push_back({"Host", std::string(authority)});
}

} // namespace

HttpFault refuse_oversized_head(std::string_view window, const HttpLimits& limits) {
    const std::string_view line = first_line(window);
    const bool line_ended = line.size() < window.size();
    if (!line_ended || target_of(line).size() > limits.target_bytes_max) {
        return {414, "the request target is too long"};
    }
    return {431, "the request headers are too large"};
}

std::optional<HttpFault> refuse_head_text(std::string_view head, const HttpLimits& limits) {
    const std::string_view request_line = first_line(head);
    if (target_of(request_line).size() > limits.target_bytes_max) {
        return HttpFault{414, "the request target is too long"};
    }
    if (is_foreign_version(request_line)) {
        return HttpFault{505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
    }
    std::size_t lines = 0;
    for (std::size_t at = head.find(line_end); at != std::string_view::npos;
         at = head.find(line_end, at + 2)) {
        ++lines;
        const char next = at + 2 < head.size() ? head[at + 2] : '\0';
        if (next == ' ' || next == '\t') { // RFC 9112 5.2: obs-fold
            return HttpFault{400, "a header line is folded"};
        }
    }
    if (lines - 2 > limits.headers_max) { // all but the request line and the empty line
        return HttpFault{431, "there are too many headers"};
    }
    return std::nullopt;
}

std::optional<HttpFault> refuse_head(const HttpRequest& request, HttpVersion version) {
    const std::size_t hosts = count_headers(request.headers, "host");
    if (hosts > 1 || (hosts == 0 && version.number >= 11)) { // RFC 9112 3.2
        return HttpFault{400, "exactly one Host header is needed"};
    }
    if (!request.has_header("transfer-encoding")) {
        return std::nullopt;
    }
    if (request.has_header("content-length") || version.number < 11) { // RFC 9112 6.1, 6.3
        return HttpFault{400, "the length of the body is ambiguous"};
    }
    if (count_headers(request.headers, "transfer-encoding") != 1 ||
        !equal_ignoring_case(request.header("transfer-encoding"), "chunked")) {
        return HttpFault{501, "chunked is the only transfer coding understood"};
    }
    return std::nullopt;
}

std::optional<HttpFault> to_origin_form(HttpRequest& request) {
    const std::string target = request.target;
    const bool printable =
        std::ranges::all_of(target, [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
    if (!printable) {
        return HttpFault{400, "the request target has characters that must be encoded"};
    }
    if (target.starts_with('/')) {
        return std::nullopt;
    }
    const std::size_t scheme_end = target.find("://");
    const std::string_view scheme = std::string_view(target).substr(0, scheme_end);
    if (scheme_end == std::string::npos ||
        !(equal_ignoring_case(scheme, "http") || equal_ignoring_case(scheme, "https"))) {
        return HttpFault{400, "the request target is not a path"};
    }
    const std::string_view rest = std::string_view(target).substr(scheme_end + 3);
    const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
    const std::string_view authority = rest.substr(0, authority_end);
    if (authority.empty() || authority.find('@') != std::string_view::npos) {
        return HttpFault{400, "the request target names no host"};
    }
    const std::string_view path = rest.substr(authority_end);
    request.target = path.starts_with('/') ? std::string(path) : "/" + std::string(path);
    set_host(request, authority);
    return std::nullopt;
}

} // namespace muster::session
