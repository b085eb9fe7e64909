// The parser of the grammar in docs/operating/allocation.md: recursive descent, one function per
// rule of it. Words and cursor are those of queries.

#include "base/text.h"
#include "provisioning/allocating/glob.h"
#include "provisioning/allocating/rule.h"
#include "provisioning/allocating/rule_choices.h"
#include "provisioning/allocating/rule_clauses.h"
#include "provisioning/allocating/rule_mistakes.h"
#include "provisioning/allocating/rule_paths.h"
#include "provisioning/query/cursor.h"
#include "provisioning/query/tokens.h"

#include <array>
#include <optional>
#include <utility>

namespace muster::provisioning {

namespace {

using TokenKind = QueryToken::Kind;
using Kind = RuleCondition::Kind;

struct Operator {
    std::string_view symbol;
    RuleOperator comparator;
    bool negated = false;
};

constexpr std::array operators{
    Operator{"=", RuleOperator::equal},        Operator{"==", RuleOperator::equal},
    Operator{"!=", RuleOperator::equal, true}, Operator{"<>", RuleOperator::equal, true},
    Operator{"<", RuleOperator::less},         Operator{"<=", RuleOperator::less_or_equal},
    Operator{">", RuleOperator::greater},      Operator{">=", RuleOperator::greater_or_equal},
};

RuleCondition negation_of(RuleCondition condition) {
    RuleCondition negation{.kind = Kind::negation};
    negation.children.push_back(std::move(condition));
    return negation;
}

bool is_address(const RuleOperand& operand) {
    const auto* path = std::get_if<RulePath>(&operand);
    return path != nullptr && path->source == RuleSource::address;
}

/// After a mistake, which the cursor keeps, every rule returns something empty.
class Parser {
  public:
    explicit Parser(std::vector<QueryToken> tokens) : cursor_(std::move(tokens)) {}

    Result<Rule::Clauses> run();

  private:
    void clause();

    RuleCondition condition(int depth);
    RuleCondition terms_of(Kind kind, std::string_view keyword, int depth);
    RuleCondition factor(int depth);
    RuleCondition test();
    std::optional<RuleCondition> comparison(RuleOperand& left);
    RuleCondition likeness(RuleOperand left);
    RuleCondition membership(RuleOperand left);
    std::vector<RuleMember> members(const RuleOperand& left);
    RuleMember member(const RuleOperand& left);

    RuleOperand operand();
    RulePath path();
    RuleLiteral literal();

    QueryCursor cursor_;
    Rule::Clauses clauses_;
};

Result<Rule::Clauses> Parser::run() {
    while (!cursor_.failed() && cursor_.accept_word("when")) {
        clause();
    }
    if (cursor_.accept_word("otherwise")) {
        clauses_.in_order.push_back(
            {.when = std::nullopt, .choice = rule_choice(cursor_, clauses_)});
        if (!cursor_.at(TokenKind::end)) {
            cursor_.refuse("expected the end: nothing comes after otherwise");
        }
    }
    if (!cursor_.at(TokenKind::end) || clauses_.in_order.empty()) {
        cursor_.refuse("expected when");
    }
    if (auto verdict = cursor_.verdict(); !verdict) {
        return std::unexpected(std::move(verdict).error());
    }
    return std::move(clauses_);
}

void Parser::clause() {
    RuleCondition when = condition(0);
    cursor_.expect_word("then");
    clauses_.in_order.push_back(
        {.when = std::move(when), .choice = rule_choice(cursor_, clauses_)});
}

// ---- conditions ----

RuleCondition Parser::condition(int depth) {
    return terms_of(Kind::any, "or", depth);
}

/// Terms joined by one keyword, as one node, so that a long chain is not a deep one.
RuleCondition Parser::terms_of(Kind kind, std::string_view keyword, int depth) {
    RuleCondition node{.kind = kind};
    do {
        node.children.push_back(kind == Kind::any ? terms_of(Kind::all, "and", depth)
                                                  : factor(depth));
    } while (cursor_.accept_word(keyword));
    return node.children.size() == 1 ? RuleCondition(std::move(node.children.front())) : node;
}

RuleCondition Parser::factor(int depth) {
    if (depth > rule_depth_max) {
        cursor_.refuse("nested too deeply");
        return {};
    }
    if (cursor_.accept_word("not")) {
        return negation_of(factor(depth + 1));
    }
    if (cursor_.accept_symbol("(")) {
        RuleCondition inner = condition(depth + 1);
        cursor_.expect_symbol(")");
        return inner;
    }
    return test();
}

RuleCondition Parser::test() {
    RuleOperand left = operand();
    if (std::optional<RuleCondition> found = comparison(left)) {
        return *std::move(found);
    }
    const bool negated = cursor_.accept_word("not");
    RuleCondition found;
    if (cursor_.accept_word("like")) {
        found = likeness(std::move(left));
    } else if (cursor_.accept_word("in")) {
        found = membership(std::move(left));
    } else {
        cursor_.refuse(negated ? "expected like or in" : "expected an operator");
    }
    return negated ? negation_of(std::move(found)) : found;
}

std::optional<RuleCondition> Parser::comparison(RuleOperand& left) {
    for (const Operator& one : operators) {
        if (cursor_.accept_symbol(one.symbol)) {
            RuleCondition found{.kind = Kind::test,
                                .children = {},
                                .comparator = one.comparator,
                                .left = std::move(left),
                                .right = operand(),
                                .members = {}};
            return one.negated ? negation_of(std::move(found)) : found;
        }
    }
    return std::nullopt;
}

RuleCondition Parser::likeness(RuleOperand left) {
    const std::size_t begin = cursor_.next().at;
    std::string pattern = cursor_.expect(TokenKind::text, "a pattern such as \"pump-*\"");
    if (!is_glob(pattern)) {
        cursor_.refuse_at(begin, "the pattern ends within an escape");
    }
    return {.kind = Kind::test,
            .children = {},
            .comparator = RuleOperator::like,
            .left = std::move(left),
            .right = RuleLiteral(std::move(pattern)),
            .members = {}};
}

RuleCondition Parser::membership(RuleOperand left) {
    RuleCondition found{.kind = Kind::test,
                        .children = {},
                        .comparator = RuleOperator::in,
                        .left = std::move(left),
                        .right = {},
                        .members = {}};
    if (cursor_.at(TokenKind::word)) {
        found.comparator = RuleOperator::within;
        found.right = path();
        return found;
    }
    found.members = members(found.left);
    return found;
}

std::vector<RuleMember> Parser::members(const RuleOperand& left) {
    const bool in_brackets = cursor_.accept_symbol("[");
    if (!in_brackets && !cursor_.accept_symbol("(")) {
        return {member(left)};
    }
    std::vector<RuleMember> found;
    do {
        found.push_back(member(left));
    } while (cursor_.accept_symbol(","));
    cursor_.expect_symbol(in_brackets ? "]" : ")");
    return found;
}

RuleMember Parser::member(const RuleOperand& left) {
    const std::size_t begin = cursor_.next().at;
    RuleMember found{.literal = literal(), .range = {}};
    if (const auto* text = std::get_if<std::string>(&found.literal)) {
        found.range = parse_ip_range(*text);
    }
    if (is_address(left) && !found.range) {
        cursor_.refuse_at(begin, "expected an address or a range such as \"10.1.0.0/16\"");
    }
    return found;
}

// ---- operands ----

RuleOperand Parser::operand() {
    const bool is_name = cursor_.at(TokenKind::word) && !is_rule_constant(cursor_.next().text);
    return is_name ? RuleOperand(path()) : RuleOperand(literal());
}

RulePath Parser::path() {
    const std::size_t begin = cursor_.next().at;
    std::vector<std::string> names{cursor_.expect(TokenKind::word, "a name")};
    while (cursor_.accept_symbol(".")) {
        std::optional<QueryToken> quoted = cursor_.accept(TokenKind::text);
        names.push_back(quoted ? std::move(quoted->text)
                               : cursor_.expect(TokenKind::word, "a name"));
    }
    std::optional<RulePath> known = rule_path(names);
    if (!known) {
        cursor_.refuse_at(begin, "rules know nothing of this name");
        return {};
    }
    return *std::move(known);
}

RuleLiteral Parser::literal() {
    if (cursor_.accept_word("null")) {
        return RuleNull();
    }
    if (std::optional<QueryToken> text = cursor_.accept(TokenKind::text)) {
        return std::move(text->text);
    }
    if (const auto number = cursor_.accept(TokenKind::number)) {
        return parse_json(number->text)->to_number<long double>();
    }
    if (cursor_.accept_word("true")) {
        return true;
    }
    if (!cursor_.accept_word("false")) {
        cursor_.refuse("expected a value");
    }
    return false;
}

Result<Rule::Clauses> parse_clauses(std::string_view text) {
    if (text.size() > rule_bytes_max) {
        return query_mistake(rule_bytes_max + 1, "the rule is too long");
    }
    if (!is_valid_utf8(text)) {
        return query_mistake(1, "the rule is not UTF-8");
    }
    auto tokens = query_tokens(text);
    if (!tokens) {
        return std::unexpected(std::move(tokens).error());
    }
    return Parser(*std::move(tokens)).run();
}

} // namespace

Result<Rule> Rule::parse(std::string_view text) {
    Result<Clauses> clauses = parse_clauses(text);
    if (!clauses) {
        return placed_mistake(clauses.error(), text);
    }
    Rule rule;
    rule.clauses_ = std::make_shared<const Clauses>(*std::move(clauses));
    return rule;
}

} // namespace muster::provisioning
