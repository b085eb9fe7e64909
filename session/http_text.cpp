#include "session/http_text.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace muster::session {

namespace {

struct Reason {
    unsigned status;
    std::string_view phrase;
};

constexpr std::array reasons{
    Reason{100, "Continue"},
    Reason{101, "Switching Protocols"},
    Reason{200, "OK"},
    Reason{201, "Created"},
    Reason{202, "Accepted"},
    Reason{204, "No Content"},
    Reason{304, "Not Modified"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{406, "Not Acceptable"},
    Reason{408, "Request Timeout"},
    Reason{409, "Conflict"},
    Reason{411, "Length Required"},
    Reason{412, "Precondition Failed"},
    Reason{413, "Content Too Large"},
    Reason{414, "URI Too Long"},
    Reason{415, "Unsupported Media Type"},
    Reason{426, "Upgrade Required"},
    Reason{428, "Precondition Required"},
    Reason{429, "Too Many Requests"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{502, "Bad Gateway"},
    Reason{503, "Service Unavailable"},
    Reason{504, "Gateway Timeout"},
    Reason{505, "HTTP Version Not Supported"},
};

/// The session decides these; a handler's own would contradict them.
bool is_framing_header(std::string_view name) {
    constexpr std::array<std::string_view, 3> owned{"content-length", "connection",
                                                    "transfer-encoding"};
    return std::ranges::any_of(
        owned, [&](std::string_view other) { return equal_ignoring_case(name, other); });
}

bool has_no_content(unsigned status) {
    return status < 200 || status == 204 || status == 304;
}

} // namespace

std::string_view reason_phrase(unsigned status) {
    const auto* found = std::ranges::find(reasons, status, &Reason::status);
    return found != reasons.end() ? found->phrase : "Unknown";
}

const HttpHeader* find_header(const std::vector<HttpHeader>& headers, std::string_view name) {
    const auto found = std::ranges::find_if(
        headers, [&](const HttpHeader& header) { return equal_ignoring_case(header.name, name); });
    return found == headers.end() ? nullptr : &*found;
}

std::size_t count_headers(const std::vector<HttpHeader>& headers, std::string_view name) {
    return static_cast<std::size_t>(std::ranges::count_if(
        headers, [&](const HttpHeader& header) { return equal_ignoring_case(header.name, name); }));
}

std::string_view HttpRequest::header(std::string_view name) const {
    const HttpHeader* found = find_header(headers, name);
    return found != nullptr ? std::string_view(found->value) : std::string_view();
}

bool HttpRequest::has_header(std::string_view name) const {
    return find_header(headers, name) != nullptr;
}

std::vector<std::string_view> header_list(const std::vector<HttpHeader>& headers,
                                          std::string_view name) {
    std::vector<std::string_view> elements;
    for (const HttpHeader& header : headers) {
        if (!equal_ignoring_case(header.name, name)) {
            continue;
        }
        for (const std::string_view part : split(header.value, ',')) {
            if (const std::string_view element = trim(part); !element.empty()) {
                elements.push_back(element);
            }
        }
    }
    return elements;
}

bool header_lists(const std::vector<HttpHeader>& headers, std::string_view name,
                  std::string_view element) {
    return std::ranges::any_of(header_list(headers, name), [&](std::string_view listed) {
        return equal_ignoring_case(listed, element);
    });
}

std::string format_http_date(WallTime time) {
    using namespace std::chrono;
    constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = floor<std::chrono::days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{floor<seconds>(time - day)};
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[weekday(day).c_encoding()],
                       static_cast<unsigned>(date.day()),
                       months[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count());
}

void append_header(std::string& output, std::string_view name, std::string_view value) {
    output.append(name).append(": ");
    for (const char c : value) {
        output.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
    }
    output.append("\r\n");
}

std::string format_response(const HttpResponse& response, const ResponseForm& form) {
    std::string output =
        fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
    if (form.date && find_header(response.headers, "date") == nullptr) {
        append_header(output, "Date", format_http_date(*form.date));
    }
    for (const HttpHeader& header : response.headers) {
        if (!is_framing_header(header.name)) {
            append_header(output, header.name, header.value);
        }
    }
    const bool no_content = has_no_content(response.status);
    if (form.framing == ResponseFraming::chunks) {
        append_header(output, "Transfer-Encoding", "chunked");
    } else if (form.framing == ResponseFraming::length && !no_content) {
        append_header(output, "Content-Length", std::to_string(response.body.size()));
    }
    append_header(output, "Connection", form.close ? "close" : "keep-alive");
    output.append("\r\n");
    if (!no_content && !form.without_body) {
        output.append(response.body);
    }
    return output;
}

std::string format_chunk(std::string_view bytes) {
    return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

std::string format_request(const HttpRequest& request) {
    std::string output = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
    for (const HttpHeader& header : request.headers) {
        if (!is_framing_header(header.name)) {
            append_header(output, header.name, header.value);
        }
    }
    const bool usually_has_body =
        request.method == "PUT" || request.method == "POST" || request.method == "PATCH";
    if (usually_has_body || !request.body.empty()) {
        append_header(output, "Content-Length", std::to_string(request.body.size()));
    }
    return output.append("\r\n").append(request.body);
}

} // namespace muster::session
