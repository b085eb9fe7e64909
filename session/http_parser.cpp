#include "session/http_parser.h"

#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace muster::session {

namespace beast = boost::beast;
namespace http = boost::beast::http;

/// What Beast's two parsers, which have no common base, are asked here.
struct HttpParser::Grammar {
    virtual ~Grammar() = default;
    virtual std::size_t put(std::string_view bytes, beast::error_code& error) = 0;
    [[nodiscard]] virtual bool is_done() const = 0;
    [[nodiscard]] virtual bool is_head_done() const = 0;
    [[nodiscard]] virtual bool is_chunked() const = 0;
    [[nodiscard]] virtual bool ends_with_connection() const = 0;
    [[nodiscard]] virtual bool keep_alive() const = 0;

    HttpMessage message;
    bool in_chunk = false;
};

namespace {

/// Beast asserts that it is never asked about less than this of the last chunk; and no chunked body
/// has less after any of its chunks.
constexpr std::size_t chunk_framing_bytes_min = std::string_view("0\r\n\r\n").size();

/// The head is complete before anything of the body is read, so that trailers never pass for
/// headers.
template <bool is_request_v>
class Collector final : public http::basic_parser<is_request_v>, public HttpParser::Grammar {
  public:
    using Base = http::basic_parser<is_request_v>;
    using Text = beast::string_view;
    using ErrorCode = beast::error_code;

    std::size_t put(std::string_view bytes, ErrorCode& error) override {
        return Base::put(beast::net::const_buffer(bytes.data(), bytes.size()), error);
    }

    [[nodiscard]] bool is_done() const override { return Base::is_done(); }

    [[nodiscard]] bool is_head_done() const override { return Base::is_header_done(); }

    [[nodiscard]] bool is_chunked() const override { return Base::chunked(); }

    [[nodiscard]] bool ends_with_connection() const override { return Base::need_eof(); }

    [[nodiscard]] bool keep_alive() const override { return Base::keep_alive(); }

  private:
    void on_request_impl(http::verb, Text method, Text target, int version, ErrorCode&) override {
        message.method = method;
        message.target = target;
        message.version.number = version;
    }

    void on_response_impl(int status, Text, int version, ErrorCode&) override {
        message.status = static_cast<unsigned>(status);
        message.version.number = version;
    }

    void on_field_impl(http::field, Text name, Text value, ErrorCode&) override {
        if (!head_done_) {
            message.headers.push_back({std::string(name), std::string(value)});
        }
    }

    void on_header_impl(ErrorCode&) override { head_done_ = true; }

    void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}

    std::size_t on_body_impl(Text piece, ErrorCode&) override {
        message.body.append(piece.data(), piece.size());
        return piece.size();
    }

    void on_chunk_header_impl(std::uint64_t size, Text, ErrorCode&) override {
        in_chunk = size > 0;
    }

    std::size_t on_chunk_body_impl(std::uint64_t remaining, Text piece, ErrorCode&) override {
        message.body.append(piece.data(), piece.size());
        in_chunk = remaining > piece.size();
        return piece.size();
    }

    void on_finish_impl(ErrorCode&) override {}

    bool head_done_ = false;
};

template <bool is_request_v>
std::unique_ptr<HttpParser::Grammar> make_grammar(const HttpParser::Limits& limits) {
    auto grammar = std::make_unique<Collector<is_request_v>>();
    grammar->header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
    grammar->body_limit(limits.body_bytes_max);
    return grammar;
}

std::unique_ptr<HttpParser::Grammar> make_grammar(HttpParser::Kind kind,
                                                  const HttpParser::Limits& limits) {
    switch (kind) {
    case HttpParser::Kind::request: return make_grammar<true>(limits);
    case HttpParser::Kind::response: return make_grammar<false>(limits);
    case HttpParser::Kind::response_without_body: break;
    }
    auto grammar = std::make_unique<Collector<false>>();
    grammar->header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
    grammar->skip(true);
    return grammar;
}

HttpFault fault_of(const beast::error_code& error) {
    if (error == http::error::body_limit) {
        return {413, "the body is too large"};
    }
    if (error == http::error::header_limit) {
        return {431, "the headers are too large"};
    }
    return {400, "the message is malformed: " + error.message()};
}

/// A quoted string in a chunk's extension that its line does not close. Beast would go on in the
/// next line, and count the chunk again with every piece that comes.
bool has_open_quote(std::string_view framing) {
    constexpr std::string_view line_end = "\r\n";
    const std::size_t begin = framing.starts_with(line_end) ? line_end.size() : 0;
    const std::size_t end = framing.find(line_end, begin);
    if (end == std::string_view::npos) {
        return false;
    }
    const std::string_view line = framing.substr(begin, end - begin);
    return line.find('\\') != std::string_view::npos || std::ranges::count(line, '"') % 2 != 0;
}

} // namespace

HttpParser::HttpParser(Kind kind, const Limits& limits)
    : limits_(limits), grammar_(make_grammar(kind, limits)) {}

HttpParser::HttpParser(HttpParser&&) noexcept = default;
HttpParser& HttpParser::operator=(HttpParser&&) noexcept = default;
HttpParser::~HttpParser() = default;

std::optional<HttpFault> HttpParser::put_head(std::string_view head) {
    beast::error_code error;
    grammar_->put(head, error);
    if (error || !grammar_->is_head_done()) {
        return fault_of(error);
    }
    return std::nullopt;
}

std::expected<std::size_t, HttpFault> HttpParser::put_body(std::string_view bytes) {
    std::size_t used = 0;
    while (!grammar_->is_done() && used < bytes.size()) {
        const auto taken = put_piece(bytes.substr(used));
        if (!taken) {
            return taken;
        }
        if (*taken == 0) {
            break;
        }
        used += *taken;
    }
    return used;
}

/// One piece of body, or the framing between two chunks. Beast does not bound the latter
/// (extensions, leading zeros, trailers): it is shown no more than it may use.
std::expected<std::size_t, HttpFault> HttpParser::put_piece(std::string_view bytes) {
    const bool at_framing = grammar_->is_chunked() && !grammar_->in_chunk;
    if (at_framing && bytes.size() < chunk_framing_bytes_min) {
        return 0;
    }
    const std::string_view shown = at_framing ? bytes.substr(0, limits_.header_bytes_max) : bytes;
    if (at_framing && has_open_quote(shown)) {
        return std::unexpected(HttpFault{400, "a chunk extension is malformed"});
    }
    beast::error_code error;
    const std::size_t taken = grammar_->put(shown, error);
    const bool incomplete = error == http::error::need_more;
    if (incomplete && bytes.size() > limits_.header_bytes_max) {
        return std::unexpected(HttpFault{400, "the chunked framing is too long"});
    }
    if (error && !incomplete) {
        return std::unexpected(fault_of(error));
    }
    return taken;
}

bool HttpParser::is_done() const {
    return grammar_->is_done();
}

bool HttpParser::ends_with_connection() const {
    return grammar_->ends_with_connection();
}

bool HttpParser::keep_alive() const {
    return grammar_->keep_alive();
}

HttpMessage& HttpParser::message() {
    return grammar_->message;
}

} // namespace muster::session
