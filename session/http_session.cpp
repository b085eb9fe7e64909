#include "session/http_session.h"

#include "base/check.h"
#include "session/http_head.h"
#include "session/http_parser.h"
#include "session/http_text.h"

#include <utility>

namespace muster::session {

struct HttpSession::State {
    enum class Phase { idle, head, body, answering, streaming, closing, upgraded };

    State(const HttpLimits& the_limits, const Clock* the_clock)
        : limits(the_limits), clock(the_clock) {}

    void take_input(std::string_view bytes, SteadyTime now);
    void begin_request(SteadyTime now);
    void advance(SteadyTime now);
    bool read_head(SteadyTime now);
    bool parse_head(std::string_view head, SteadyTime now);
    void read_body();
    void finish_request();
    bool fault(HttpFault what);
    void time_out();
    void end();
    ResponseForm begin_answer(const HttpResponse& response);
    void finish_answer(SteadyTime now);

    HttpLimits limits;
    const Clock* clock;
    Phase phase = Phase::idle;
    std::optional<SteadyTime> deadline;
    std::string input;        // what is not consumed yet
    std::size_t searched = 0; // of input, for the end of the head
    std::string output;
    std::optional<HttpParser> parser;
    HttpRequest request; // the one being read, without its body yet
    std::optional<HttpEvent> event;
    bool first_request = true;
    // Of the request being answered:
    bool keep_alive = false;
    bool is_head_method = false;
    bool is_upgrade = false;
    bool takes_chunks = false;
};

void HttpSession::State::take_input(std::string_view bytes, SteadyTime now) {
    const bool faulted = (phase == Phase::answering || phase == Phase::streaming) && !keep_alive;
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
    parser.emplace(HttpParser::Kind::request,
                   HttpParser::Limits{limits.header_bytes_max, limits.body_bytes_max});
    auto malformed = parser->put_head(head);
    HttpMessage& message = parser->message();
    request = {
        std::move(message.method), std::move(message.target), std::move(message.headers), {}};
    if (malformed && malformed->status != 413) {
        return fault(std::move(*malformed));
    }
    // Of two faults, an ambiguous length says more than a large one.
    if (auto refused = refuse_head(request, message.version)) {
        return fault(std::move(*refused));
    }
    if (malformed) {
        return fault(std::move(*malformed));
    }
    if (auto refused = to_origin_form(request)) {
        return fault(std::move(*refused));
    }
    phase = Phase::body;
    deadline = now + limits.body_time_max;
    const bool asks_first =
        message.version.number >= 11 && header_lists(request.headers, "expect", "100-continue");
    if (asks_first && !parser->is_done()) {
        output.append("HTTP/1.1 100 Continue\r\n\r\n");
    }
    return true;
}

void HttpSession::State::read_body() {
    const auto used = parser->put_body(input);
    if (!used) {
        fault(used.error());
        return;
    }
    input.erase(0, *used);
    if (parser->is_done()) {
        finish_request();
    }
}

void HttpSession::State::finish_request() {
    keep_alive = parser->keep_alive();
    request.body = std::move(parser->message().body);
    is_head_method = request.method == "HEAD";
    takes_chunks = parser->message().version.number >= 11;
    is_upgrade = parser->message().version.number >= 11 && request.method == "GET" &&
                 request.body.empty() && header_lists(request.headers, "connection", "upgrade") &&
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
    keep_alive = is_head_method = is_upgrade = takes_chunks = false;
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

ResponseForm HttpSession::State::begin_answer(const HttpResponse& response) {
    CHECK(phase == Phase::answering && !event);
    keep_alive = keep_alive && !response.close;
    ResponseForm form{.without_body = is_head_method, .close = !keep_alive, .date = {}};
    if (clock != nullptr) {
        form.date = clock->wall();
    }
    return form;
}

void HttpSession::State::finish_answer(SteadyTime now) {
    if (!keep_alive) {
        end();
        return;
    }
    phase = Phase::idle;
    deadline = now + limits.idle_time_max;
    if (input.empty()) {
        std::string().swap(input); // an idle connection holds no memory for its last request
    }
    begin_request(now); // a pipelined one may be here already
    advance(now);
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
    state_->output.append(format_response(response, state_->begin_answer(response)));
    state_->finish_answer(now);
}

bool HttpSession::begin_body(const HttpResponse& head, SteadyTime now) {
    State& state = *state_;
    ResponseForm form = state.begin_answer(head);
    form.framing = state.takes_chunks ? ResponseFraming::chunks : ResponseFraming::until_close;
    form.close = form.close || !state.takes_chunks;
    state.keep_alive = !form.close;
    state.output.append(format_response(head, form));
    if (state.is_head_method) {
        state.finish_answer(now);
        return false;
    }
    state.phase = State::Phase::streaming;
    return true;
}

void HttpSession::put_body(std::string_view piece) {
    CHECK(state_->phase == State::Phase::streaming && !piece.empty());
    state_->output.append(state_->takes_chunks ? format_chunk(piece) : std::string(piece));
}

void HttpSession::end_body(SteadyTime now) {
    CHECK(state_->phase == State::Phase::streaming);
    if (state_->takes_chunks) {
        state_->output.append(format_chunk({}));
    }
    state_->finish_answer(now);
}

void HttpSession::break_body() {
    CHECK(state_->phase == State::Phase::streaming);
    state_->end();
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
