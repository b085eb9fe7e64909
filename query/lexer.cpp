#include "query/lexer.h"

#include "base/text.h"
#include "query/path.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace muster::query {

namespace {

constexpr std::array symbols{
    std::string_view("<="), std::string_view(">="), std::string_view("<>"), std::string_view("!="),
    std::string_view("||"), std::string_view("="),  std::string_view("<"),  std::string_view(">"),
    std::string_view("+"),  std::string_view("-"),  std::string_view("*"),  std::string_view("/"),
    std::string_view("%"),  std::string_view("("),  std::string_view(")"),  std::string_view("["),
    std::string_view("]"),  std::string_view(","),  std::string_view(".")};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool continues_name(char c) {
    return is_digit(c) || is_plain_name(std::string_view(&c, 1));
}

void append_utf8(std::string& text, unsigned code_point) {
    const auto byte = [&](unsigned value) { text += static_cast<char>(value); };
    if (code_point < 0x80) {
        byte(code_point);
    } else if (code_point < 0x800) {
        byte(0xC0U | (code_point >> 6U));
        byte(0x80U | (code_point & 0x3FU));
    } else if (code_point < 0x10000) {
        byte(0xE0U | (code_point >> 12U));
        byte(0x80U | ((code_point >> 6U) & 0x3FU));
        byte(0x80U | (code_point & 0x3FU));
    } else {
        byte(0xF0U | (code_point >> 18U));
        byte(0x80U | ((code_point >> 12U) & 0x3FU));
        byte(0x80U | ((code_point >> 6U) & 0x3FU));
        byte(0x80U | (code_point & 0x3FU));
    }
}

/// A number without a fraction is an integer, however it is written.
Json to_json(double value) {
    constexpr double exact = 9007199254740992.0; // 2^53
    if (std::abs(value) <= exact && std::trunc(value) == value) {
        return static_cast<std::int64_t>(value);
    }
    return value;
}

} // namespace

bool Token::is_word(std::string_view word) const {
    return kind == Kind::name && equal_ignoring_case(text, word);
}

char Lexer::peek(std::size_t ahead) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
}

void Lexer::skip_space() {
    while (at_ < text_.size() && (peek() == ' ' || (peek() >= '\t' && peek() <= '\r'))) {
        ++at_;
    }
}

void Lexer::skip_digits() {
    while (is_digit(peek())) {
        ++at_;
    }
}

Token Lexer::token(Token::Kind kind, std::size_t start, Json value) const {
    return {.kind = kind,
            .text = text_.substr(start, at_ - start),
            .offset = start,
            .value = std::move(value)};
}

std::unexpected<Error> Lexer::mistake(std::size_t offset, std::string_view what) const {
    std::size_t line = 1;
    std::size_t column = 1;
    for (const char c : text_.substr(0, offset)) {
        const bool continues = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
        column = c == '\n' ? 1 : column + (continues ? 0 : 1);
        line += c == '\n' ? 1 : 0;
    }
    return fail(Code::malformed, fmt::format("line {}, column {}: {}", line, column, what));
}

Result<Token> Lexer::next() {
    skip_space();
    if (at_ == text_.size()) {
        return token(Token::Kind::end, at_);
    }
    if (is_digit(peek()) || (peek() == '.' && is_digit(peek(1)))) {
        return number();
    }
    if (peek() == '\'' || peek() == '"') {
        return string();
    }
    return peek() == '$' || continues_name(peek()) ? name() : symbol();
}

Result<Token> Lexer::name() {
    const std::size_t start = at_;
    const bool may_have_dashes = peek() == '$' && dashes_ == Dashes::in_system_names;
    do {
        ++at_;
    } while (continues_name(peek()) ||
             (may_have_dashes && peek() == '-' && continues_name(peek(1))));
    if (text_[start] == '$' && at_ == start + 1) {
        return mistake(start, "expected a name after '$'");
    }
    return token(Token::Kind::name, start);
}

Result<Token> Lexer::hexadecimal(std::size_t start) {
    std::uint64_t value = 0;
    const char* begin = text_.data() + at_ + 2;
    const auto read = std::from_chars(begin, text_.data() + text_.size(), value, 16);
    at_ = static_cast<std::size_t>(read.ptr - text_.data());
    if (read.ptr == begin || read.ec != std::errc() || value >> 63U != 0 ||
        continues_name(peek())) {
        return mistake(start, "this is no hexadecimal number of at most 63 bits");
    }
    return token(Token::Kind::number, start, static_cast<std::int64_t>(value));
}

Result<Token> Lexer::number() {
    const std::size_t start = at_;
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
        return hexadecimal(start);
    }
    skip_digits();
    if (peek() == '.' && is_digit(peek(1))) {
        ++at_;
        skip_digits();
    }
    if (peek() == 'e' || peek() == 'E') {
        at_ += peek(1) == '+' || peek(1) == '-' ? 2 : 1;
        if (!is_digit(peek())) {
            return mistake(start, "expected digits in the exponent of a number");
        }
        skip_digits();
    }
    if (continues_name(peek())) {
        return mistake(at_, "expected a space or an operator after a number");
    }
    const std::string_view digits = text_.substr(start, at_ - start);
    const char* end = digits.data() + digits.size();
    std::int64_t integer = 0;
    if (const auto read = std::from_chars(digits.data(), end, integer);
        read.ec == std::errc() && read.ptr == end) {
        return token(Token::Kind::number, start, integer);
    }
    double value = 0;
    if (std::from_chars(digits.data(), end, value).ec != std::errc()) {
        return mistake(start, "this number is too large or too small");
    }
    return token(Token::Kind::number, start, to_json(value));
}

Result<unsigned> Lexer::code_unit() {
    unsigned value = 0;
    const std::string_view digits = text_.substr(std::min(at_, text_.size()), 4);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 4 || read.ptr != digits.data() + 4) {
        return mistake(at_, "expected four hexadecimal digits after '\\u'");
    }
    at_ += 4;
    return value;
}

/// After the backslash.
Result<void> Lexer::escape(std::string& into) {
    constexpr std::string_view letters = "'\"\\/bfnrt";
    constexpr std::string_view meanings = "'\"\\/\b\f\n\r\t";
    const std::size_t start = at_ - 1;
    const char letter = peek();
    if (const auto known = letters.find(letter); letter != '\0' && known != std::string::npos) {
        into += meanings[known];
        ++at_;
        return {};
    }
    if (letter != 'u') {
        return mistake(start, "a backslash in a string stands before one of ' \" \\ / b f n r t u");
    }
    ++at_;
    Result<unsigned> unit = code_unit();
    if (unit && *unit >= 0xD800 && *unit < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
        at_ += 2;
        const Result<unsigned> low = code_unit();
        const bool is_pair = low && *low >= 0xDC00 && *low < 0xE000;
        unit = is_pair ? Result<unsigned>(0x10000 + ((*unit - 0xD800) << 10U) + (*low - 0xDC00))
               : low   ? unit
                       : low;
    }
    if (!unit) {
        return std::unexpected(unit.error());
    }
    if (*unit >= 0xD800 && *unit < 0xE000) {
        return mistake(start, "half of a surrogate pair is no character");
    }
    append_utf8(into, *unit);
    return {};
}

Result<Token> Lexer::string() {
    const std::size_t start = at_;
    const char quote = peek();
    std::string value;
    for (++at_; peek() != quote || at_ >= text_.size();) {
        if (at_ >= text_.size()) {
            return mistake(start, "this string does not end");
        }
        const char c = text_[at_++];
        if (c != '\\') {
            value += c;
            continue;
        }
        if (Result<void> escaped = escape(value); !escaped) {
            return std::unexpected(escaped.error());
        }
    }
    ++at_;
    return token(Token::Kind::string, start,
                 Json(boost::json::string_view(value.data(), value.size())));
}

Result<Token> Lexer::symbol() {
    const std::size_t start = at_;
    for (const std::string_view each : symbols) {
        if (text_.substr(at_).starts_with(each)) {
            at_ += each.size();
            return token(Token::Kind::symbol, start);
        }
    }
    return mistake(start,
                   fmt::format("'{}' means nothing here", text_[start] >= ' ' && text_[start] <= '~'
                                                              ? std::string(1, text_[start])
                                                              : std::string("?")));
}

bool Lexer::is_at_quoted_name(const Token& current) const {
    return current.is_symbol("[") && text_.substr(current.offset).starts_with("[[");
}

Result<Token> Lexer::quoted_name(const Token& current) {
    const std::size_t start = current.offset + 2;
    const auto end = text_.find("]]", start);
    if (end == std::string_view::npos) {
        return mistake(current.offset, "expected ']]' after '[['");
    }
    if (end == start) {
        return mistake(current.offset, "expected a name in '[[ ]]'");
    }
    at_ = end + 2;
    return Token{.kind = Token::Kind::name,
                 .text = text_.substr(start, end - start),
                 .offset = current.offset};
}

} // namespace muster::query
