#include "provisioning/allocating/rule.h"

#include "base/text.h"
#include "provisioning/allocating/glob.h"
#include "provisioning/allocating/rule_clauses.h"
#include "provisioning/allocating/rule_view.h"

#include <algorithm>
#include <compare>

namespace muster::provisioning {

namespace {

/// A longer text is like nothing: a device chooses its payload, and `like` takes the product of the
/// lengths.
constexpr std::size_t like_bytes_max = 1024;

using Order = std::partial_ordering; // unordered: not comparable, so that nothing holds

/// What a comparison of two values of the same type says; unordered for any others.
struct Compare {
    template <class Left, class Right>
    Order operator()(const Left& /*left*/, const Right& /*right*/) const {
        return Order::unordered;
    }

    Order operator()(long double left, long double right) const { return left <=> right; }

    Order operator()(const RuleText& left, const RuleText& right) const {
        const bool caseless =
            left.meaning == TextMeaning::caseless || right.meaning == TextMeaning::caseless;
        return caseless ? to_lower(left.text) <=> to_lower(right.text) : left.text <=> right.text;
    }
};

struct Equal {
    template <class Left, class Right>
    bool operator()(const Left& left, const Right& right) const {
        return Compare()(left, right) == Order::equivalent;
    }

    bool operator()(RuleNull /*left*/, RuleNull /*right*/) const { return true; }

    bool operator()(bool left, bool right) const { return left == right; }
};

bool equal(const RuleScalar& left, const RuleScalar& right) {
    return std::visit(Equal(), left, right);
}

bool compares(RuleOperator comparator, const RuleScalar& left, const RuleScalar& right) {
    if (comparator == RuleOperator::equal) {
        return equal(left, right);
    }
    const Order order = std::visit(Compare(), left, right);
    switch (comparator) {
    case RuleOperator::less: return order < 0;
    case RuleOperator::less_or_equal: return order <= 0;
    case RuleOperator::greater: return order > 0;
    default: return order >= 0;
    }
}

bool is_like(const RuleScalar& value, std::string_view pattern) {
    const auto* text = std::get_if<RuleText>(&value);
    if (text == nullptr || text->text.size() > like_bytes_max) {
        return false;
    }
    return text->meaning == TextMeaning::caseless
               ? matches_glob(to_lower(text->text), to_lower(pattern))
               : matches_glob(text->text, pattern);
}

bool is_among(const RuleScalar& value, const std::vector<RuleMember>& members) {
    const auto* text = std::get_if<RuleText>(&value);
    const auto address = text == nullptr ? std::nullopt : parse_ip_address(text->text);
    return std::ranges::any_of(members, [&](const RuleMember& member) {
        return equal(value, scalar_of(member.literal)) ||
               (address && member.range && member.range->contains(*address));
    });
}

bool is_within(const RuleScalar& value, const RuleValue& values) {
    if (const auto* one = std::get_if<RuleScalar>(&values)) {
        return equal(value, *one);
    }
    return std::ranges::any_of(std::get<std::vector<RuleScalar>>(values),
                               [&](const RuleScalar& item) { return equal(value, item); });
}

class Evaluation {
  public:
    explicit Evaluation(const RuleFacts& facts) : view_(facts) {}

    bool holds(const RuleCondition& condition) {
        const auto child_holds = [this](const RuleCondition& child) { return holds(child); };
        switch (condition.kind) {
        case RuleCondition::Kind::all: return std::ranges::all_of(condition.children, child_holds);
        case RuleCondition::Kind::any: return std::ranges::any_of(condition.children, child_holds);
        case RuleCondition::Kind::negation: return !holds(condition.children.front());
        case RuleCondition::Kind::test: break;
        }
        return passes(condition);
    }

  private:
    bool passes(const RuleCondition& test) {
        const RuleScalar left = scalar(test.left);
        switch (test.comparator) {
        case RuleOperator::like:
            return is_like(left, std::get<std::string>(std::get<RuleLiteral>(test.right)));
        case RuleOperator::in: return is_among(left, test.members);
        case RuleOperator::within: return is_within(left, value(test.right));
        default: return compares(test.comparator, left, scalar(test.right));
        }
    }

    RuleValue value(const RuleOperand& operand) {
        const auto* literal = std::get_if<RuleLiteral>(&operand);
        return literal == nullptr ? view_.at(std::get<RulePath>(operand))
                                  : RuleValue(scalar_of(*literal));
    }

    /// A list is no single value, and equal to nothing.
    RuleScalar scalar(const RuleOperand& operand) {
        RuleValue found = value(operand);
        const auto* one = std::get_if<RuleScalar>(&found);
        return one == nullptr ? RuleOpaque() : *one;
    }

    RuleView view_;
};

} // namespace

RuleVerdict Rule::decide(const RuleFacts& facts) const {
    Evaluation evaluation(facts);
    std::size_t number = 0;
    for (const RuleClause& clause : clauses_->in_order) {
        ++number;
        if (!clause.when || evaluation.holds(*clause.when)) {
            return {.choice = clause.choice, .clause = number};
        }
    }
    return {.choice = ChosenPolicy(), .clause = 0};
}

const std::vector<HubName>& Rule::hubs_named() const {
    return clauses_->hubs;
}

bool Rule::asks_function() const {
    return clauses_->asks_function;
}

} // namespace muster::provisioning
