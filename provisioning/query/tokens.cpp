#include "provisioning/query/tokens.h"

#include "base/json.h"

#include <array>
#include <optional>

namespace muster::provisioning {

namespace {

using Kind = QueryToken::Kind;

constexpr std::array<std::string_view, 15> symbols{"==", "!=", "<>", "<=", ">=", "=", "<", ">",
                                                   "(",  ")",  "[",  "]",  ",",  ".", "*"};

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool begins_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool continues_word(char c) {
    return begins_word(c) || is_digit(c) || c == '-';
}

bool continues_number(char c) {
    return is_digit(c) || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-';
}

class Lexer {
  public:
    explicit Lexer(std::string_view query) : query_(query) {}

    Result<std::vector<QueryToken>> run();

  private:
    [[nodiscard]] bool at_end() const { return position_ == query_.size(); }

    [[nodiscard]] bool after_dot() const {
        return !tokens_.empty() && tokens_.back().kind == Kind::symbol &&
               tokens_.back().text == ".";
    }

    Result<void> take_one();
    Result<void> take_text(char quote);
    Result<void> take_number();
    Result<void> take_symbol();

    /// The bytes from here on that satisfy `belongs`.
    std::string_view run_of(bool (*belongs)(char c));
    void add(Kind kind, std::string text, std::size_t begin);

    std::string_view query_;
    std::size_t position_ = 0;
    std::vector<QueryToken> tokens_;
};

Result<std::vector<QueryToken>> Lexer::run() {
    run_of(is_space);
    while (!at_end()) {
        if (auto taken = take_one(); !taken) {
            return std::unexpected(std::move(taken).error());
        }
        run_of(is_space);
    }
    add(Kind::end, {}, position_);
    return std::move(tokens_);
}

Result<void> Lexer::take_one() {
    const char c = query_[position_];
    const std::size_t begin = position_;
    if (begins_word(c) || (after_dot() && continues_word(c))) {
        add(Kind::word, std::string(run_of(continues_word)), begin);
        return {};
    }
    if (c == '\'' || c == '"') {
        return take_text(c);
    }
    return is_digit(c) || c == '-' ? take_number() : take_symbol();
}

Result<void> Lexer::take_text(char quote) {
    const std::size_t begin = position_++;
    std::string text;
    while (!at_end()) {
        const char c = query_[position_++];
        if (c != quote) {
            text += c;
        } else if (!at_end() && query_[position_] == quote) {
            text += query_[position_++];
        } else {
            add(Kind::text, std::move(text), begin);
            return {};
        }
    }
    return query_mistake(begin + 1, "the text has no end");
}

Result<void> Lexer::take_number() {
    const std::size_t begin = position_;
    const std::string_view text = run_of(continues_number);
    if (const auto number = parse_json(text); !number || !number->is_number()) {
        return query_mistake(begin + 1, "not a number");
    }
    add(Kind::number, std::string(text), begin);
    return {};
}

Result<void> Lexer::take_symbol() {
    for (const std::string_view symbol : symbols) {
        if (query_.substr(position_).starts_with(symbol)) {
            const std::size_t begin = position_;
            position_ += symbol.size();
            add(Kind::symbol, std::string(symbol), begin);
            return {};
        }
    }
    return query_mistake(position_ + 1, "this character has no meaning here");
}

std::string_view Lexer::run_of(bool (*belongs)(char c)) {
    const std::size_t begin = position_;
    while (!at_end() && belongs(query_[position_])) {
        ++position_;
    }
    return query_.substr(begin, position_ - begin);
}

void Lexer::add(Kind kind, std::string text, std::size_t begin) {
    tokens_.push_back({.kind = kind, .text = std::move(text), .at = begin + 1});
}

} // namespace

Result<std::vector<QueryToken>> query_tokens(std::string_view query) {
    return Lexer(query).run();
}

std::unexpected<Error> query_mistake(std::size_t at, std::string_view what) {
    return fail(Code::malformed, "at " + std::to_string(at) + ": " + std::string(what));
}

} // namespace muster::provisioning
