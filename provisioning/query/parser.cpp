// The parser of enrollment_filter.h's grammar: recursive descent, one function per rule.

#include "base/text.h"
#include "provisioning/query/node.h"
#include "provisioning/query/paths.h"
#include "provisioning/query/tokens.h"

#include <array>
#include <optional>
#include <utility>

namespace muster::provisioning {

namespace {

using Node = EnrollmentFilter::Node;
using TokenKind = QueryToken::Kind;

struct Operator {
    std::string_view symbol;
    Comparator comparator;
    bool negated;
};

constexpr std::array operators{
    Operator{"=", Comparator::equal, false},
    Operator{"!=", Comparator::equal, true},
    Operator{"<>", Comparator::equal, true},
    Operator{"<", Comparator::less, false},
    Operator{"<=", Comparator::less_or_equal, false},
    Operator{">", Comparator::greater, false},
    Operator{">=", Comparator::greater_or_equal, false},
};

struct TextFunction {
    std::string_view name;
    Node::Kind kind;
};

constexpr std::array text_functions{
    TextFunction{"STARTSWITH", Node::Kind::starts_with},
    TextFunction{"CONTAINS", Node::Kind::contains},
};

Node negation_of(Node node) {
    Node negation{.kind = Node::Kind::negation};
    negation.children.push_back(std::move(node));
    return negation;
}

/// Nothing is said after the first mistake; whoever asks gets `Result` only at the end, and until
/// then every rule returns an empty node.
class Parser {
  public:
    explicit Parser(std::vector<QueryToken> tokens) : tokens_(std::move(tokens)) {}

    /// Nothing, if there is no WHERE.
    Result<std::optional<Node>> run();

  private:
    std::optional<Node> query();
    void columns();

    Node condition(std::size_t depth);
    Node terms_of(Node::Kind kind, std::string_view keyword, std::size_t depth);
    Node factor(std::size_t depth);
    Node predicate();
    std::optional<Node> function();
    Node comparison();
    Node membership(QueryPath path);

    QueryPath path();
    QueryLiteral literal(Meaning meaning);
    std::vector<QueryLiteral> literals(Meaning meaning);
    std::string text(Meaning meaning);

    [[nodiscard]] const QueryToken& next() const { return tokens_[position_]; }

    [[nodiscard]] bool failed() const { return mistake_.has_value(); }

    [[nodiscard]] bool is_symbol(std::string_view symbol) const {
        return next().kind == TokenKind::symbol && next().text == symbol;
    }

    [[nodiscard]] bool is_word(std::string_view word) const {
        return next().kind == TokenKind::word && equal_ignoring_case(next().text, word);
    }

    /// Never beyond the `end`.
    QueryToken take() { return tokens_[position_ + 1 == tokens_.size() ? position_ : position_++]; }

    bool skip(bool found) {
        if (found && !failed()) {
            take();
        }
        return found && !failed();
    }

    void expect(bool found, std::string_view what) {
        if (!skip(found)) {
            refuse("expected " + std::string(what));
        }
    }

    void refuse(std::string_view what) { refuse_at(next().at, what); }

    void refuse_at(std::size_t at, std::string_view what) {
        if (!failed()) {
            mistake_ = query_mistake(at, what).error();
        }
    }

    std::vector<QueryToken> tokens_;
    std::size_t position_ = 0;
    std::size_t terms_ = 0;
    std::optional<Error> mistake_;
};

Result<std::optional<Node>> Parser::run() {
    std::optional<Node> root = query();
    if (!failed() && next().kind != TokenKind::end) {
        refuse("expected the end of the query");
    }
    if (failed()) {
        return std::unexpected(*std::move(mistake_));
    }
    return root;
}

std::optional<Node> Parser::query() {
    if (next().kind == TokenKind::end || skip(is_symbol("*"))) {
        return std::nullopt;
    }
    expect(is_word("SELECT"), "SELECT");
    columns();
    if (skip(is_word("FROM"))) {
        expect(next().kind == TokenKind::word, "a name");
    }
    return skip(is_word("WHERE")) ? std::optional(condition(0)) : std::nullopt;
}

/// Rows are always returned whole, so it does not matter which.
void Parser::columns() {
    if (skip(is_symbol("*"))) {
        return;
    }
    do {
        expect(next().kind == TokenKind::word, "a column");
        while (skip(is_symbol("."))) {
            expect(next().kind == TokenKind::word, "a name");
        }
    } while (skip(is_symbol(",")));
}

Node Parser::condition(std::size_t depth) {
    return terms_of(Node::Kind::any, "OR", depth);
}

/// Terms joined by one keyword, as one node, so that a long chain is not a deep one.
Node Parser::terms_of(Node::Kind kind, std::string_view keyword, std::size_t depth) {
    Node node{.kind = kind};
    do {
        node.children.push_back(kind == Node::Kind::any ? terms_of(Node::Kind::all, "AND", depth)
                                                        : factor(depth));
    } while (skip(is_word(keyword)));
    return node.children.size() == 1 ? Node(std::move(node.children.front())) : node;
}

Node Parser::factor(std::size_t depth) {
    if (depth >= query_depth_max) {
        refuse("nested too deeply");
        return {};
    }
    if (skip(is_word("NOT"))) {
        return negation_of(factor(depth + 1));
    }
    if (skip(is_symbol("("))) {
        Node inner = condition(depth + 1);
        expect(is_symbol(")"), "')'");
        return inner;
    }
    return predicate();
}

Node Parser::predicate() {
    if (++terms_ > query_terms_max) {
        refuse("too many terms");
    }
    if (failed()) {
        return {};
    }
    std::optional<Node> call = function();
    return call ? *std::move(call) : comparison();
}

std::optional<Node> Parser::function() {
    if (skip(is_word("IS_DEFINED"))) {
        expect(is_symbol("("), "'('");
        Node node{.kind = Node::Kind::defined, .path = path()};
        expect(is_symbol(")"), "')'");
        return node;
    }
    for (const TextFunction& one : text_functions) {
        if (skip(is_word(one.name))) {
            expect(is_symbol("("), "'('");
            Node node{.kind = one.kind, .path = path()};
            expect(is_symbol(","), "','");
            node.literals.emplace_back(text(node.path.meaning));
            expect(is_symbol(")"), "')'");
            return node;
        }
    }
    return std::nullopt;
}

Node Parser::comparison() {
    Node node{.kind = Node::Kind::comparison, .path = path()};
    if (failed()) {
        return node;
    }
    if (skip(is_word("NOT"))) {
        expect(is_word("IN"), "IN");
        return negation_of(membership(std::move(node.path)));
    }
    if (skip(is_word("IN"))) {
        return membership(std::move(node.path));
    }
    for (const Operator& one : operators) {
        if (skip(is_symbol(one.symbol))) {
            node.comparator = one.comparator;
            node.literals.push_back(literal(node.path.meaning));
            return one.negated ? negation_of(std::move(node)) : node;
        }
    }
    refuse("expected an operator");
    return node;
}

Node Parser::membership(QueryPath path) {
    const bool in_brackets = is_symbol("[");
    expect(in_brackets || is_symbol("("), "'[' or '('");
    const Meaning meaning = path.meaning;
    Node node{.kind = Node::Kind::membership, .path = std::move(path)};
    node.literals = literals(meaning);
    expect(is_symbol(in_brackets ? "]" : ")"), in_brackets ? "']'" : "')'");
    return node;
}

std::vector<QueryLiteral> Parser::literals(Meaning meaning) {
    std::vector<QueryLiteral> all;
    do {
        all.push_back(literal(meaning));
    } while (skip(is_symbol(",")));
    return all;
}

QueryPath Parser::path() {
    const std::size_t begin = next().at;
    std::vector<std::string> names{next().text};
    expect(next().kind == TokenKind::word, "a member");
    while (skip(is_symbol("."))) {
        names.push_back(next().text);
        expect(next().kind == TokenKind::word, "a name");
    }
    std::optional<QueryPath> known = query_path(names);
    if (!known) {
        refuse_at(begin, "enrollments have no such member");
        return {};
    }
    return *std::move(known);
}

QueryLiteral Parser::literal(Meaning meaning) {
    if (skip(is_word("null"))) {
        return QueryNull();
    }
    if (meaning == Meaning::time) {
        const auto time = next().kind == TokenKind::text ? query_time(next().text) : std::nullopt;
        expect(time.has_value(), "a date such as '2030-01-31T12:00:00Z'");
        return time.value_or(WallTime());
    }
    if (next().kind == TokenKind::text) {
        return text(meaning);
    }
    if (next().kind == TokenKind::number) {
        return parse_json(take().text)->to_number<long double>();
    }
    const bool is_true = is_word("true");
    expect(is_true || is_word("false"), "a literal");
    return is_true;
}

std::string Parser::text(Meaning meaning) {
    const std::string found = next().text;
    expect(next().kind == TokenKind::text, "a text");
    return meaning == Meaning::caseless ? to_lower(found) : found;
}

} // namespace

Result<EnrollmentFilter> parse_enrollment_query(std::string_view text) {
    if (text.size() > query_bytes_max) {
        return query_mistake(query_bytes_max + 1, "the query is too long");
    }
    auto tokens = query_tokens(text);
    if (!tokens) {
        return std::unexpected(std::move(tokens).error());
    }
    auto root = Parser(*std::move(tokens)).run();
    if (!root) {
        return std::unexpected(std::move(root).error());
    }
    EnrollmentFilter filter;
    if (*root) {
        filter.root_ = std::make_shared<const Node>(**std::move(root));
    }
    return filter;
}

} // namespace muster::provisioning
