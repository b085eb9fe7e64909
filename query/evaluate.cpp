#include "query/condition.h"

#include <algorithm>
#include <array>

namespace muster::query {

namespace {

bool compares(Operation operation, Order order) {
    switch (operation) {
    case Operation::less: return order == Order::less;
    case Operation::less_or_equal: return order == Order::less || order == Order::equal;
    case Operation::greater: return order == Order::greater;
    case Operation::greater_or_equal: return order == Order::greater || order == Order::equal;
    default: return false;
    }
}

/// Whether `=` and `!=` mean anything between the two.
bool are_alike(const Json& left, const Json& right) {
    if (left.is_object() || right.is_object()) {
        return false;
    }
    return left.is_null() || right.is_null() || left.kind() == right.kind() ||
           (left.is_number() && right.is_number());
}

Value compared(Operation operation, const Value& left, const Value& right) {
    if (!left.is_defined() || !right.is_defined()) {
        return {};
    }
    const Json& a = *left.get();
    const Json& b = *right.get();
    switch (operation) {
    case Operation::equal: return Value::of(Json(equals(a, b)));
    case Operation::unequal: return Value::of(Json(are_alike(a, b) && !equals(a, b)));
    default: return Value::of(Json(compares(operation, order_of(a, b))));
    }
}

Value contained(const Value& value, const Value& array, bool wanted) {
    if (!value.is_defined()) {
        return {};
    }
    const bool found = std::ranges::any_of(
        array.get()->get_array(), [&](const Json& each) { return equals(each, *value.get()); });
    return Value::of(Json(found == wanted));
}

std::optional<bool> truth_of(const Value& value) {
    const bool* truth = value.is_defined() ? value.get()->if_bool() : nullptr;
    return truth == nullptr ? std::nullopt : std::optional(*truth);
}

Value to_value(std::optional<bool> truth) {
    return truth ? Value::of(Json(*truth)) : Value();
}

/// Recursion is bounded by depth_max.
class Evaluation {
  public:
    Evaluation(const Expression& expression, const Facts& facts)
        : expression_(expression), facts_(facts) {}

    Value of(const Part& part) const {
        switch (part.operation) {
        case Operation::constant: return part.constant ? Value::at(&*part.constant) : Value();
        case Operation::path: return facts_.find(part.path);
        case Operation::all_of: return joined(part, false);
        case Operation::any_of: return joined(part, true);
        case Operation::negation: return negation_of(part);
        case Operation::is_in: return contained(operand(part, 0), operand(part, 1), true);
        case Operation::is_not_in: return contained(operand(part, 0), operand(part, 1), false);
        case Operation::between: return between(part);
        case Operation::minus: return negate(operand(part, 0));
        case Operation::call: return call_of(part);
        default: return of_two(part.operation, operand(part, 0), operand(part, 1));
        }
    }

  private:
    [[nodiscard]] Value operand(const Part& part, std::size_t index) const {
        return of(expression_.operand(part, index));
    }

    static Value of_two(Operation operation, const Value& left, const Value& right) {
        switch (operation) {
        case Operation::add: return add(left, right);
        case Operation::subtract: return subtract(left, right);
        case Operation::multiply: return multiply(left, right);
        case Operation::divide: return divide(left, right);
        case Operation::remainder: return remainder(left, right);
        case Operation::concatenate: return concatenate(left, right);
        default: return compared(operation, left, right);
        }
    }

    /// AND is decided by the first false, OR by the first true.
    [[nodiscard]] Value joined(const Part& part, bool deciding) const {
        bool is_defined = true;
        for (const PartIndex index : part.operands) {
            const auto truth = truth_of(of(expression_.parts[index]));
            if (truth == deciding) {
                return Value::of(Json(deciding));
            }
            is_defined = is_defined && truth.has_value();
        }
        return is_defined ? Value::of(Json(!deciding)) : Value();
    }

    [[nodiscard]] Value between(const Part& part) const {
        const Value value = operand(part, 0);
        const auto above = truth_of(compared(Operation::greater_or_equal, value, operand(part, 1)));
        const auto below = truth_of(compared(Operation::less_or_equal, value, operand(part, 2)));
        if (above == false || below == false) {
            return Value::of(Json(false));
        }
        return above && below ? Value::of(Json(true)) : Value();
    }

    [[nodiscard]] Value negation_of(const Part& part) const {
        const auto truth = truth_of(operand(part, 0));
        return truth ? to_value(!*truth) : Value();
    }

    [[nodiscard]] Value call_of(const Part& part) const {
        std::vector<Value> arguments;
        arguments.reserve(part.operands.size());
        for (const PartIndex index : part.operands) {
            arguments.push_back(of(expression_.parts[index]));
        }
        return part.function->call(arguments);
    }

    const Expression& expression_;
    const Facts& facts_;
};

} // namespace

std::optional<bool> outcome(const Condition& condition, const Facts& facts) {
    const Expression& expression = condition.expression();
    return truth_of(Evaluation(expression, facts).of(expression.whole()));
}

bool matches(const Condition& condition, const Facts& facts) {
    return outcome(condition, facts) == true;
}

std::string to_text(const Condition& condition) {
    return to_text(condition.expression());
}

} // namespace muster::query
