#include "provisioning/query/cursor.h"

#include "base/text.h"

namespace muster::provisioning {

using Kind = QueryToken::Kind;

bool QueryCursor::at_symbol(std::string_view symbol) const {
    return at(Kind::symbol) && next().text == symbol;
}

bool QueryCursor::pass(bool found) {
    if (!found || failed()) {
        return false;
    }
    position_ += at(Kind::end) ? 0 : 1;
    return true;
}

bool QueryCursor::accept_symbol(std::string_view symbol) {
    return pass(at_symbol(symbol));
}

bool QueryCursor::accept_word(std::string_view word) {
    return pass(at(Kind::word) && equal_ignoring_case(next().text, word));
}

std::optional<QueryToken> QueryCursor::accept(Kind kind) {
    const QueryToken& token = next();
    return pass(at(kind)) ? std::optional(token) : std::nullopt;
}

void QueryCursor::expect_symbol(std::string_view symbol) {
    if (!accept_symbol(symbol)) {
        refuse("expected '" + std::string(symbol) + "'");
    }
}

void QueryCursor::expect_word(std::string_view word) {
    if (!accept_word(word)) {
        refuse("expected " + std::string(word));
    }
}

std::string QueryCursor::expect(Kind kind, std::string_view what) {
    std::optional<QueryToken> token = accept(kind);
    if (!token) {
        refuse("expected " + std::string(what));
        return {};
    }
    return std::move(token->text);
}

void QueryCursor::refuse_at(std::size_t at, std::string_view what) {
    if (!failed()) {
        mistake_ = query_mistake(at, what).error();
    }
}

Result<void> QueryCursor::verdict() const {
    if (mistake_) {
        return std::unexpected(*mistake_);
    }
    return {};
}

} // namespace muster::provisioning
