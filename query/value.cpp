#include "query/value.h"

#include <algorithm>
#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>
#include <optional>

namespace muster::query {

namespace {

std::optional<std::int64_t> to_integer(const Json& number) {
    if (const auto* value = number.if_int64()) {
        return *value;
    }
    if (const auto* value = number.if_uint64();
        value != nullptr &&
        *value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return static_cast<std::int64_t>(*value);
    }
    return std::nullopt;
}

Order to_order(std::partial_ordering ordering) {
    if (ordering == std::partial_ordering::less) {
        return Order::less;
    }
    if (ordering == std::partial_ordering::greater) {
        return Order::greater;
    }
    return ordering == std::partial_ordering::equivalent ? Order::equal : Order::none;
}

/// Without rounding the integer to a double.
Order order_of(std::int64_t integer, double value) {
    constexpr double beyond = 9223372036854775808.0; // 2^63
    if (value >= beyond) {
        return Order::less;
    }
    if (value < -beyond) {
        return Order::greater;
    }
    const double whole = std::trunc(value);
    const auto truncated = static_cast<std::int64_t>(whole);
    return integer != truncated ? to_order(integer <=> truncated) : to_order(whole <=> value);
}

Order reversed(Order order) {
    if (order == Order::less) {
        return Order::greater;
    }
    return order == Order::greater ? Order::less : order;
}

Order order_of_numbers(const Json& left, const Json& right) {
    const auto left_integer = to_integer(left);
    const auto right_integer = to_integer(right);
    if (left_integer && right_integer) {
        return to_order(*left_integer <=> *right_integer);
    }
    if (left_integer) {
        return order_of(*left_integer, to_double(right));
    }
    if (right_integer) {
        return reversed(order_of(*right_integer, to_double(left)));
    }
    return to_order(to_double(left) <=> to_double(right));
}

using Exact = bool (*)(std::int64_t, std::int64_t, std::int64_t*);

/// The integers' result if both are integers and it fits, else the doubles'.
template <class Rounded>
Value arithmetic(const Value& left, const Value& right, Exact exact, Rounded rounded) {
    if (!left.is_number() || !right.is_number()) {
        return {};
    }
    const auto a = to_integer(*left.get());
    const auto b = to_integer(*right.get());
    std::int64_t result = 0;
    if (a && b && exact(*a, *b, &result)) {
        return Value::of(result);
    }
    return number(rounded(to_double(*left.get()), to_double(*right.get())));
}

/// The one quotient that does not fit.
bool overflows(std::int64_t left, std::int64_t right) {
    return right == -1 && left == std::numeric_limits<std::int64_t>::min();
}

} // namespace

double to_double(const Json& number) {
    if (const auto* integer = number.if_int64()) {
        return static_cast<double>(*integer);
    }
    if (const auto* integer = number.if_uint64()) {
        return static_cast<double>(*integer);
    }
    return number.get_double();
}

Order order_of(const Json& left, const Json& right) {
    if (left.is_number() && right.is_number()) {
        return order_of_numbers(left, right);
    }
    if (left.is_string() && right.is_string()) {
        const int compared = left.get_string().compare(right.get_string());
        return to_order(compared <=> 0);
    }
    return Order::none;
}

Order order_of(const Value& left, const Value& right) {
    return left.is_defined() && right.is_defined() ? order_of(*left.get(), *right.get())
                                                   : Order::none;
}

bool equals(const Json& left, const Json& right) {
    if (left.is_bool() && right.is_bool()) {
        return left.get_bool() == right.get_bool();
    }
    if (left.is_null() && right.is_null()) {
        return true;
    }
    if (left.is_array() && right.is_array()) {
        return std::ranges::equal(left.get_array(), right.get_array(), equals);
    }
    return order_of(left, right) == Order::equal;
}

Value number(double value) {
    return std::isfinite(value) ? Value::of(value) : Value();
}

Value text_value(std::string_view text) {
    return text.size() > string_bytes_max
               ? Value()
               : Value::of(Json(boost::json::string_view(text.data(), text.size())));
}

Value add(const Value& left, const Value& right) {
    const Exact exact = [](std::int64_t a, std::int64_t b, std::int64_t* sum) {
        return !__builtin_add_overflow(a, b, sum);
    };
    return arithmetic(left, right, exact, [](double a, double b) { return a + b; });
}

Value subtract(const Value& left, const Value& right) {
    const Exact exact = [](std::int64_t a, std::int64_t b, std::int64_t* difference) {
        return !__builtin_sub_overflow(a, b, difference);
    };
    return arithmetic(left, right, exact, [](double a, double b) { return a - b; });
}

Value multiply(const Value& left, const Value& right) {
    const Exact exact = [](std::int64_t a, std::int64_t b, std::int64_t* product) {
        return !__builtin_mul_overflow(a, b, product);
    };
    return arithmetic(left, right, exact, [](double a, double b) { return a * b; });
}

Value divide(const Value& left, const Value& right) {
    const Exact exact = [](std::int64_t a, std::int64_t b, std::int64_t* quotient) {
        if (b == 0 || overflows(a, b) || a % b != 0) {
            return false;
        }
        *quotient = a / b;
        return true;
    };
    const auto rounded = [](double a, double b) {
        return b == 0.0 ? std::numeric_limits<double>::quiet_NaN() : a / b;
    };
    return arithmetic(left, right, exact, rounded);
}

Value remainder(const Value& left, const Value& right) {
    const Exact exact = [](std::int64_t a, std::int64_t b, std::int64_t* rest) {
        if (b == 0 || overflows(a, b)) {
            return false;
        }
        *rest = a % b;
        return true;
    };
    return arithmetic(left, right, exact, [](double a, double b) { return std::fmod(a, b); });
}

Value negate(const Value& value) {
    return subtract(Value::of(std::int64_t{0}), value);
}

Value concatenate(const Value& left, const Value& right) {
    const auto* first = left.text();
    const auto* second = right.text();
    if (first == nullptr || second == nullptr) {
        return {};
    }
    std::string joined(first->data(), first->size());
    joined.append(second->data(), second->size());
    return text_value(joined);
}

} // namespace muster::query
