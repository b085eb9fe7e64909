// The parser of enrollment_filter.h's grammar: recursive descent, one function per rule.

#include "base/text.h"
#include "provisioning/query/cursor.h"
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

/// After a mistake, which the cursor keeps, every rule returns something empty.
class Parser {
  public:
    explicit Parser(std::vector<QueryToken> tokens) : cursor_(std::move(tokens)) {}

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
    QueryLiteral date();
    std::string text(Meaning meaning);

    QueryCursor cursor_;
    std::size_t terms_ = 0;
};

Result<std::optional<Node>> Parser::run() {
    std::optional<Node> root = query();
    if (!cursor_.at(TokenKind::end)) {
        cursor_.refuse("expected the end of the query");
    }
    if (auto verdict = cursor_.verdict(); !verdict) {
        return std::unexpected(std::move(verdict).error());
    }
    return root;
}

std::optional<Node> Parser::query() {
    if (cursor_.at(TokenKind::end) || cursor_.accept_symbol("*")) {
        return std::nullopt;
    }
    cursor_.expect_word("SELECT");
    columns();
    if (cursor_.accept_word("FROM")) {
        cursor_.expect(TokenKind::word, "a name");
    }
    return cursor_.accept_word("WHERE") ? std::optional(condition(0)) : std::nullopt;
}

/// Rows are always returned whole, so it does not matter which.
void Parser::columns() {
    if (cursor_.accept_symbol("*")) {
        return;
    }
    do {
        cursor_.expect(TokenKind::word, "a column");
        while (cursor_.accept_symbol(".")) {
            cursor_.expect(TokenKind::word, "a name");
        }
    } while (cursor_.accept_symbol(","));
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
    } while (cursor_.accept_word(keyword));
    return node.children.size() == 1 ? Node(std::move(node.children.front())) : node;
}

Node Parser::factor(std::size_t depth) {
    if (depth >= query_depth_max) {
        cursor_.refuse("nested too deeply");
        return {};
    }
    if (cursor_.accept_word("NOT")) {
        return negation_of(factor(depth + 1));
    }
    if (cursor_.accept_symbol("(")) {
        Node inner = condition(depth + 1);
        cursor_.expect_symbol(")");
        return inner;
    }
    return predicate();
}

Node Parser::predicate() {
    if (++terms_ > query_terms_max) {
        cursor_.refuse("too many terms");
        return {};
    }
    std::optional<Node> call = function();
    return call ? *std::move(call) : comparison();
}

std::optional<Node> Parser::function() {
    if (cursor_.accept_word("IS_DEFINED")) {
        cursor_.expect_symbol("(");
        Node node{.kind = Node::Kind::defined, .path = path()};
        cursor_.expect_symbol(")");
        return node;
    }
    for (const TextFunction& one : text_functions) {
        if (cursor_.accept_word(one.name)) {
            cursor_.expect_symbol("(");
            Node node{.kind = one.kind, .path = path()};
            cursor_.expect_symbol(",");
            node.literals.emplace_back(text(node.path.meaning));
            cursor_.expect_symbol(")");
            return node;
        }
    }
    return std::nullopt;
}

Node Parser::comparison() {
    Node node{.kind = Node::Kind::comparison, .path = path()};
    if (cursor_.accept_word("NOT")) {
        cursor_.expect_word("IN");
        return negation_of(membership(std::move(node.path)));
    }
    if (cursor_.accept_word("IN")) {
        return membership(std::move(node.path));
    }
    for (const Operator& one : operators) {
        if (cursor_.accept_symbol(one.symbol)) {
            node.comparator = one.comparator;
            node.literals.push_back(literal(node.path.meaning));
            return one.negated ? negation_of(std::move(node)) : node;
        }
    }
    cursor_.refuse("expected an operator");
    return node;
}

Node Parser::membership(QueryPath path) {
    Node node{.kind = Node::Kind::membership, .path = std::move(path)};
    const bool in_brackets = cursor_.accept_symbol("[");
    if (!in_brackets && !cursor_.accept_symbol("(")) {
        cursor_.refuse("expected '[' or '('");
    }
    do {
        node.literals.push_back(literal(node.path.meaning));
    } while (cursor_.accept_symbol(","));
    cursor_.expect_symbol(in_brackets ? "]" : ")");
    return node;
}

QueryPath Parser::path() {
    const std::size_t begin = cursor_.next().at;
    std::vector<std::string> names{cursor_.expect(TokenKind::word, "a member")};
    while (cursor_.accept_symbol(".")) {
        names.push_back(cursor_.expect(TokenKind::word, "a name"));
    }
    std::optional<QueryPath> known = query_path(names);
    if (!known) {
        cursor_.refuse_at(begin, "enrollments have no such member");
        return {};
    }
    return *std::move(known);
}

QueryLiteral Parser::literal(Meaning meaning) {
    if (cursor_.accept_word("null")) {
        return QueryNull();
    }
    if (meaning == Meaning::time) {
        return date();
    }
    if (cursor_.at(TokenKind::text)) {
        return text(meaning);
    }
    if (const auto number = cursor_.accept(TokenKind::number)) {
        return parse_json(number->text)->to_number<long double>();
    }
    if (cursor_.accept_word("true")) {
        return true;
    }
    if (!cursor_.accept_word("false")) {
        cursor_.refuse("expected a literal");
    }
    return false;
}

QueryLiteral Parser::date() {
    const std::size_t begin = cursor_.next().at;
    const auto found = cursor_.accept(TokenKind::text);
    const auto time = found ? query_time(found->text) : std::nullopt;
    if (!time) {
        cursor_.refuse_at(begin, "expected a date such as '2030-01-31T12:00:00Z'");
        return QueryNull();
    }
    return *time;
}

std::string Parser::text(Meaning meaning) {
    const std::string found = cursor_.expect(TokenKind::text, "a text");
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
