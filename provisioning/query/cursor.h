#pragma once
// A place in the tokens of a query, and the first mistake found there. After a mistake nothing is
// accepted any more, so that every loop over tokens ends, and nothing else is reported.

#include "provisioning/query/tokens.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::provisioning {

class QueryCursor {
  public:
    /// `tokens` end with an `end`, beyond which the cursor never goes.
    explicit QueryCursor(std::vector<QueryToken> tokens) : tokens_(std::move(tokens)) {}

    [[nodiscard]] const QueryToken& next() const { return tokens_[position_]; }

    [[nodiscard]] bool at(QueryToken::Kind kind) const { return next().kind == kind; }

    [[nodiscard]] bool at_symbol(std::string_view symbol) const;

    /// Goes past it if it is next.
    bool accept_symbol(std::string_view symbol);
    /// Without regard to case.
    bool accept_word(std::string_view word);
    std::optional<QueryToken> accept(QueryToken::Kind kind);

    /// As above; its absence is a mistake.
    void expect_symbol(std::string_view symbol);
    void expect_word(std::string_view word);
    /// Its text; empty after a mistake, which says `expected {what}`.
    std::string expect(QueryToken::Kind kind, std::string_view what);

    void refuse(std::string_view what) { refuse_at(next().at, what); }

    void refuse_at(std::size_t at, std::string_view what);

    [[nodiscard]] bool failed() const { return mistake_.has_value(); }

    [[nodiscard]] Result<void> verdict() const;

  private:
    /// Goes on, if the next token was found to be the wanted one.
    bool pass(bool found);

    std::vector<QueryToken> tokens_;
    std::size_t position_ = 0;
    std::optional<Error> mistake_;
};

} // namespace muster::provisioning
