#pragma once
// Words of a query. The text is cut on demand: what `[[` means depends on where it stands.
//
//   string = "'" .. "'" or '"' .. '"' with \' \" \\ \/ \b \f \n \r \t \uXXXX
//   number = digits [ "." digits ] [ ("e"/"E") ["+"/"-"] digits ] or 0xHEX

#include "base/json.h"
#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace muster::query {

struct Token {
    enum class Kind : std::uint8_t { end, name, number, string, symbol };

    Kind kind = Kind::end;
    std::string_view text;  // as it is written
    std::size_t offset = 0; // of its first byte
    Json value = {};        // of a number or string

    [[nodiscard]] bool is_symbol(std::string_view symbol) const {
        return kind == Kind::symbol && text == symbol;
    }

    /// Without case.
    [[nodiscard]] bool is_word(std::string_view word) const;
};

class Lexer {
  public:
    /// `dashes` tells whether names that begin with `$` may have dashes in them.
    enum class Dashes : std::uint8_t { refused, in_system_names };

    Lexer(std::string_view text, Dashes dashes) : text_(text), dashes_(dashes) {}

    /// Errors: malformed, with the place.
    Result<Token> next();

    /// The current token is a `[`: if another follows at once, the text up to `]]` becomes the
    /// current token, a name.
    [[nodiscard]] bool is_at_quoted_name(const Token& current) const;
    Result<Token> quoted_name(const Token& current);

    /// "line 1, column 7: " and what is said.
    [[nodiscard]] std::unexpected<Error> mistake(std::size_t offset, std::string_view what) const;

  private:
    Result<Token> name();
    Result<Token> number();
    Result<Token> hexadecimal(std::size_t start);
    Result<Token> string();
    Result<Token> symbol();
    Result<void> escape(std::string& into);
    Result<unsigned> code_unit();
    void skip_space();
    void skip_digits();
    [[nodiscard]] char peek(std::size_t ahead = 0) const;
    [[nodiscard]] Token token(Token::Kind kind, std::size_t start, Json value = {}) const;

    std::string_view text_;
    Dashes dashes_;
    std::size_t at_ = 0;
};

} // namespace muster::query
