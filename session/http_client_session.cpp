#include "session/http_client_session.h"

#include "base/check.h"
#include "base/text.h"
#include "session/http_parser.h"
#include "session/http_text.h"

#include <utility>

namespace muster::session {

struct HttpClientSession::State {
    explicit State(const HttpClientLimits& the_limits) : limits(the_limits) {}

    void advance();
    bool read_head();
    void finish(bool close);
    bool refuse(Code code, std::string detail);
    bool refuse(const HttpFault& fault);

    HttpClientLimits limits;
    bool waiting = false; // for an answer
    bool head_method = false;
    std::string input;
    std::string output;
    std::optional<HttpParser> parser; // once the head is read
    std::optional<HttpResponse> response;
    std::optional<Error> error;
};

bool HttpClientSession::State::refuse(Code code, std::string detail) {
    error = Error{.code = code, .detail = std::move(detail), .cause = {}, .retry_after = {}};
    input = {};
    return false;
}

bool HttpClientSession::State::refuse(const HttpFault& fault) {
    const bool large = fault.status == 413 || fault.status == 431;
    return refuse(large ? Code::too_large : Code::malformed,
                  "the server's answer cannot be read: " + fault.detail);
}

void HttpClientSession::State::advance() {
    while (!error && waiting && !response) {
        if (!parser && !read_head()) {
            return;
        }
        if (!parser) {
            continue; // that was an interim answer
        }
        const auto used = parser->put_body(input);
        if (!used) {
            refuse(used.error());
            return;
        }
        input.erase(0, *used);
        if (!parser->is_done()) {
            return;
        }
        finish(!parser->keep_alive());
    }
    if (!error && !waiting && !input.empty()) {
        refuse(Code::malformed, "the server sent more than its answer");
    }
}

bool HttpClientSession::State::read_head() {
    const std::size_t end = input.find("\r\n\r\n");
    const std::size_t size = end == std::string::npos ? input.size() : end + 4;
    if (size > limits.header_bytes_max) {
        return refuse({431, "the headers are too large"});
    }
    if (end == std::string::npos) {
        return false;
    }
    const HttpParser::Kind kind =
        head_method ? HttpParser::Kind::response_without_body : HttpParser::Kind::response;
    parser.emplace(kind, HttpParser::Limits{limits.header_bytes_max, limits.body_bytes_max});
    if (const auto fault = parser->put_head(std::string_view(input).substr(0, size))) {
        return refuse(*fault);
    }
    input.erase(0, size);
    HttpMessage& message = parser->message();
    const HttpHeader* coding = find_header(message.headers, "transfer-encoding");
    if (coding != nullptr && !equal_ignoring_case(coding->value, "chunked")) {
        return refuse({400, "its transfer coding is unknown"});
    }
    if (message.status == 101) {
        return refuse({400, "it switches protocols unasked"});
    }
    if (message.status < 200) {
        parser.reset();
    }
    return true;
}

void HttpClientSession::State::finish(bool close) {
    HttpMessage& message = parser->message();
    response = HttpResponse{.status = message.status,
                            .headers = std::move(message.headers),
                            .body = std::move(message.body),
                            .close = close};
    parser.reset();
    waiting = false;
}

HttpClientSession::HttpClientSession(const HttpClientLimits& limits)
    : state_(std::make_unique<State>(limits)) {}

HttpClientSession::~HttpClientSession() = default;
HttpClientSession::HttpClientSession(HttpClientSession&&) noexcept = default;
HttpClientSession& HttpClientSession::operator=(HttpClientSession&&) noexcept = default;

void HttpClientSession::send(const HttpRequest& request) {
    CHECK(!state_->waiting && !state_->response);
    state_->waiting = true;
    state_->head_method = request.method == "HEAD";
    state_->output.append(format_request(request));
}

void HttpClientSession::feed(std::string_view bytes) {
    if (!state_->error) {
        state_->input.append(bytes);
        state_->advance();
    }
}

void HttpClientSession::lost() {
    State& state = *state_;
    if (state.parser && state.parser->ends_with_connection()) {
        state.finish(true);
    } else if (!state.error && !state.response) {
        state.refuse(Code::unavailable, "the server closed the connection");
    }
}

Result<std::optional<HttpResponse>> HttpClientSession::next_response() {
    if (state_->response) {
        return std::exchange(state_->response, std::nullopt);
    }
    if (state_->error) {
        return std::unexpected(*state_->error);
    }
    return std::nullopt;
}

std::string HttpClientSession::take_output() {
    return std::exchange(state_->output, {});
}

} // namespace muster::session
