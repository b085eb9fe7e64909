#pragma once
// The grammar (condition.h, query.h) by recursive descent. One parser reads one text.

#include "query/condition.h"
#include "query/lexer.h"

namespace muster::query {

struct Name {
    std::string text;
    std::size_t offset = 0;
    bool is_quoted = false;
};

/// After the first mistake every answer is empty, and error() says what it was.
class Parser {
  public:
    Parser(std::string_view text, Dialect dialect);

    /// An expression up to whatever cannot be part of it.
    Result<Expression> expression();
    /// Nothing may be left.
    Result<void> finish();

    // What stands around expressions.
    [[nodiscard]] bool is_at_word(std::string_view word) const;
    [[nodiscard]] bool is_at_symbol(std::string_view symbol) const;

    [[nodiscard]] bool is_at_end() const { return token_.kind == Token::Kind::end; }

    bool take_word(std::string_view word);
    bool take_symbol(std::string_view symbol);
    void need_word(std::string_view word);
    void need_symbol(std::string_view symbol);
    /// With or without `[[ ]]`; `what` it names is said if there is none.
    Name name(std::string_view what);
    /// The path that begins with this name, which is taken already.
    Path path_from(const Name& first);
    /// Not negative.
    std::uint64_t count(std::string_view what);

    void expected(std::string_view what);
    void mistake_at(std::size_t offset, std::string_view what);

    [[nodiscard]] std::size_t offset() const { return token_.offset; }

    [[nodiscard]] bool failed() const { return error_.has_value(); }

    [[nodiscard]] const Error& error() const { return *error_; }

  private:
    using Level = PartIndex (Parser::*)();

    PartIndex any_of();
    PartIndex all_of();
    PartIndex negation();
    PartIndex comparison();
    PartIndex between(PartIndex value);
    PartIndex in_array(PartIndex value, Operation operation);
    PartIndex sum();
    PartIndex product();
    PartIndex negative_of(PartIndex index);
    PartIndex unary();
    PartIndex primary();
    PartIndex call(const Name& name);
    PartIndex joined(Level level, std::string_view word, Operation operation);
    Json array();
    /// Of an array; false for `undefined`, which equals nothing.
    bool element(Json& into);
    std::optional<PartIndex> keyword(const Name& name);
    void further_steps(Path& path);
    [[nodiscard]] Path rooted(const Name& first) const;

    PartIndex add(Part part);
    PartIndex add_constant(std::optional<Json> value);
    bool enter();

    void leave() { --nesting_; }

    void advance();
    void take(Result<Token> token);

    Lexer lexer_;
    Dialect dialect_;
    Token token_;
    std::optional<Error> error_;
    std::vector<Part> parts_;
    std::vector<std::size_t> depths_; // of the parts
    std::size_t nesting_ = 0;
};

} // namespace muster::query
