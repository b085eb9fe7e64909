// The only server-side place that knows Beast: its parser is I/O-free and does the grammar; what it
// leaves open is refused by http_head.

#include "session/http_session.h"

#include "base/check.h"
#include "session/http_head.h"
#include "session/http_text.h"

#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <utility>

namespace muster::session {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

/// Collects one request. The head is complete before anything of the body is read, so that trailers
/// can never pass for headers.
class RequestParser final : public http::basic_parser<true> {
  public:
    explicit RequestParser(const HttpLimits& limits) {
        header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
        body_limit(limits.body_bytes_max);
    }

    HttpRequest request;
    HttpVersion version;

    /// Between two chunks: a size line, or the last one with the trailers, comes next.
    [[nodiscard]] bool at_chunk_framing() const { return chunked() && !in_chunk_; }

  private:
    using Text = beast::string_view;
    using ErrorCode = beast::error_code;

    void on_request_impl(http::verb, Text method, Text target, int number, ErrorCode&) override {
        request.method = method;
        request.target = target;
        version.number = number;
    }

    void on_response_impl(int, Text, int, ErrorCode&) override {}

    void on_field_impl(http::field, Text name, Text value, ErrorCode&) override {
        if (!head_done_) {
            request.headers.push_back({std::string(name), std::string(value)});
        }
    }

    void on_header_impl(ErrorCode&) override { head_done_ = true; }

    void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}

    std::size_t on_body_impl(Text piece, ErrorCode&) override {
        request.body.append(piece.data(), piece.size());
        return piece.size();
    }

    void on_chunk_header_impl(std::uint64_t size, Text, ErrorCode&) override {
        in_chunk_ = size > 0;
    }

    std::size_t on_chunk_body_impl(std::uint64_t remaining, Text piece, ErrorCode&) override {
        request.body.append(piece.data(), piece.size());
        in_chunk_ = remaining > piece.size();
        return piece.size();
    }

    void on_finish_impl(ErrorCode&) override {}

    bool head_done_ = false;
    bool in_chunk_ = false;
};

/// Beast asserts that it is never asked about less than this of the last chunk; and no chunked body
/// has less after any of its chunks.
constexpr std::size_t chunk_framing_bytes_min = std::string_view("0\r\n\r\n").size();

HttpFault fault_of(const beast::error_code& error) {
    if (error == http::error::body_limit) {
        return {413, "the request body is too large"};
    }
    if (error == http::error::header_limit) {
        return {431, "the request headers are too large"};
    }
    return {400, "the request is malformed: " + error.message()};
}

} // namespace

struct HttpSession::State {
    enum class Phase { idle, head, body, answering, closing, upgraded };

    State(const HttpLimits& the_limits, const Clock* the_clock)
        : limits(the_limits), clock(the_clock) {}

    void take_input(std::string_view bytes, SteadyTime now);
    void begin_request(SteadyTime now);
    void advance(SteadyTime now);
    bool read_head(SteadyTime now);
    bool parse_head(std::string_view head, SteadyTime now);
    bool read_body();
    bool body_piece(std::size_t& used);
    void finish_request();
    bool fault(HttpFault what);
    void time_out();
    void end();

    HttpLimits limits;
    const Clock* clock;
    Phase phase = Phase::idle;
    std::optional<SteadyTime> deadline;
    std::string input;        // what is not consumed yet
    std::size_t searched = 0; // of input, for the end of the head
    std::string output;
    std::optional<RequestParser> parser;
    std::optional<HttpEvent> event;
    bool first_request = true;
    // Of the request being answered:
    bool keep_alive = false;
    bool is_head_method = false;
    bool is_upgrade = false;
};

void HttpSession::State::take_input(std::string_view bytes, SteadyTime now) {
    const bool faulted = phase == Phase::answering && !keep_alive;
    if (phase == Phase::closing || phase == Phase::upgraded || faulted) {
        return;
    }
    input.append(bytes);
    begin_request(now);
    advance(now);
}

void HttpSession::State::begin_request(SteadyTime now) {
    if (phase != Phase::idle || input.empty()) {
        return;
    }
    phase = Phase::head;
    searched = 0;
    if (!std::exchange(first_request, false)) { // the first one's time began with the connection
        deadline = now + limits.header_time_max;
    }
}

void HttpSession::State::advance(SteadyTime now) {
    if (phase == Phase::head && !read_head(now)) {
        return;
    }
    if (phase == Phase::body) {
        read_body();
    }
}

bool HttpSession::State::read_head(SteadyTime now) {
    // RFC 9112 2.2: empty lines before a request are skipped.
    std::size_t blank = 0;
    while (input.compare(blank, 2, "\r\n") == 0) {
        blank += 2;
    }
    if (blank > 0) {
        input.erase(0, blank);
        searched = 0;
    }
    const std::size_t end = input.find("\r\n\r\n", searched > 3 ? searched - 3 : 0);
    const std::size_t size = end == std::string::npos ? input.size() : end + 4;
    if (size > limits.header_bytes_max) {
        const std::string_view window(input.data(), limits.header_bytes_max);
        return fault(refuse_oversized_head(window, limits));
    }
    if (end == std::string::npos) {
        searched = input.size();
        return false;
    }
    const bool readable = parse_head(std::string_view(input).substr(0, size), now);
    if (readable) {
        input.erase(0, size);
    }
    return readable;
}

bool HttpSession::State::parse_head(std::string_view head, SteadyTime now) {
    if (auto refused = refuse_head_text(head, limits)) {
        return fault(std::move(*refused));
    }
    parser.emplace(limits);
    beast::error_code error;
    parser->put(beast::net::const_buffer(head.data(), head.size()), error);
    // Our own rules first: of two faults, the one about framing says more.
    if (parser->is_header_done() || error == http::error::body_limit) {
        if (auto refused = refuse_head(parser->request, parser->version)) {
            return fault(std::move(*refused));
        }
    }
    if (error || !parser->is_header_done()) {
        return fault(fault_of(error));
    }
    if (auto refused = to_origin_form(parser->request)) {
        return fault(std::move(*refused));
    }
    phase = Phase::body;
    deadline = now + limits.body_time_max;
    const bool asks_first = parser->version.number >= 11 &&
                            header_lists(parser->request.headers, "expect", "100-continue");
    if (asks_first && !parser->is_done()) {
        output.append("HTTP/1.1 100 Continue\r\n\r\n");
    }
    return true;
}

bool HttpSession::State::read_body() {
    std::size_t used = 0;
    while (!parser->is_done() && used < input.size()) {
        const std::size_t before = used;
        if (!body_piece(used)) {
            return false;
        }
        if (used == before) {
            break;
        }
    }
    input.erase(0, used);
    if (parser->is_done()) {
        finish_request();
    }
    return true;
}

/// Takes one piece of body, or the framing between two chunks. Framing has no limit of its own in
/// the parser (extensions, leading zeros, trailers); here it has that of a head.
bool HttpSession::State::body_piece(std::size_t& used) {
    const std::size_t available = input.size() - used;
    const bool at_framing = parser->at_chunk_framing();
    if (at_framing && available < chunk_framing_bytes_min) {
        return true;
    }
    beast::error_code error;
    const std::size_t taken =
        parser->put(beast::net::const_buffer(input.data() + used, available), error);
    const bool incomplete = error == http::error::need_more;
    const std::size_t framing = at_framing ? (incomplete ? available : taken) : 0;
    if (framing > limits.header_bytes_max) {
        return fault({400, "the chunked framing is too long"});
    }
    if (error && !incomplete) {
        return fault(fault_of(error));
    }
    used += taken;
    return true;
}

void HttpSession::State::finish_request() {
    keep_alive = parser->keep_alive();
    HttpRequest& request = parser->request;
    is_head_method = request.method == "HEAD";
    is_upgrade = parser->version.number >= 11 && request.method == "GET" && request.body.empty() &&
                 header_lists(request.headers, "connection", "upgrade") &&
                 header_lists(request.headers, "upgrade", "websocket");
    phase = Phase::answering;
    deadline.reset();
    if (is_upgrade) {
        event = HttpUpgrade{std::move(request)};
    } else {
        event = std::move(request);
    }
    parser.reset();
}

bool HttpSession::State::fault(HttpFault what) {
    keep_alive = is_head_method = is_upgrade = false;
    phase = Phase::answering;
    deadline.reset();
    input = {};
    parser.reset();
    event = std::move(what);
    return false;
}

void HttpSession::State::time_out() {
    if (phase == Phase::idle) {
        end(); // nobody asked for anything
    } else {
        fault({408, "the request took too long to arrive"});
    }
}

void HttpSession::State::end() {
    phase = Phase::closing;
    deadline.reset();
    input = {};
}

HttpSession::HttpSession(const HttpLimits& limits, const Clock* clock)
    : state_(std::make_unique<State>(limits, clock)) {}

HttpSession::~HttpSession() = default;
HttpSession::HttpSession(HttpSession&&) noexcept = default;
HttpSession& HttpSession::operator=(HttpSession&&) noexcept = default;

void HttpSession::start(SteadyTime now) {
    state_->deadline = now + state_->limits.header_time_max;
}

void HttpSession::feed(std::string_view bytes, SteadyTime now) {
    state_->take_input(bytes, now);
}

void HttpSession::deadline(SteadyTime now) {
    if (state_->deadline && now >= *state_->deadline) {
        state_->time_out();
    }
}

std::optional<HttpEvent> HttpSession::next_event() {
    return std::exchange(state_->event, std::nullopt);
}

void HttpSession::respond(const HttpResponse& response, SteadyTime now) {
    State& state = *state_;
    CHECK(state.phase == State::Phase::answering && !state.event);
    ResponseForm form;
    form.without_body = state.is_head_method;
    form.close = response.close || !state.keep_alive;
    if (state.clock != nullptr) {
        form.date = state.clock->wall();
    }
    state.output.append(format_response(response, form));
    if (form.close) {
        state.end();
        return;
    }
    state.phase = State::Phase::idle;
    state.deadline = now + state.limits.idle_time_max;
    state.begin_request(now); // a pipelined one may be here already
    state.advance(now);
}

std::string HttpSession::accept_upgrade(const std::vector<HttpHeader>& headers) {
    State& state = *state_;
    CHECK(state.phase == State::Phase::answering && state.is_upgrade && !state.event);
    state.output.append("HTTP/1.1 101 Switching Protocols\r\n");
    append_header(state.output, "Upgrade", "websocket");
    append_header(state.output, "Connection", "Upgrade");
    for (const HttpHeader& header : headers) {
        append_header(state.output, header.name, header.value);
    }
    state.output.append("\r\n");
    state.phase = State::Phase::upgraded;
    return std::exchange(state.input, {});
}

std::string HttpSession::take_output() {
    return std::exchange(state_->output, {});
}

bool HttpSession::wants_close() const {
    return state_->phase == State::Phase::closing;
}

bool HttpSession::wants_input() const {
    const State::Phase phase = state_->phase;
    return phase == State::Phase::idle || phase == State::Phase::head ||
           phase == State::Phase::body;
}

std::optional<SteadyTime> HttpSession::next_deadline() const {
    return state_->deadline;
}

} // namespace muster::session
