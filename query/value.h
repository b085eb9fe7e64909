#pragma once
// What an expression comes to: a JSON value, or undefined. Most values belong to the document that
// is looked at or to the query, and are only pointed to.

#include "base/json.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace muster::query {

class Value {
  public:
    /// Undefined.
    Value() = default;

    /// Of a document that outlives this value; undefined for none.
    static Value at(const Json* value) {
        Value result;
        result.held_ = value;
        return result;
    }

    static Value of(Json value) {
        Value result;
        result.held_ = std::move(value);
        return result;
    }

    /// Null if undefined; good as long as this value is.
    [[nodiscard]] const Json* get() const {
        const auto* owned = std::get_if<Json>(&held_);
        return owned != nullptr ? owned : std::get<const Json*>(held_);
    }

    [[nodiscard]] bool is_defined() const { return get() != nullptr; }

    [[nodiscard]] bool is_number() const { return is_defined() && get()->is_number(); }

    [[nodiscard]] bool is_true() const { return is_defined() && *get() == Json(true); }

    /// The text; null if this is not a string.
    [[nodiscard]] const boost::json::string* text() const {
        return is_defined() ? get()->if_string() : nullptr;
    }

  private:
    std::variant<const Json*, Json> held_ = static_cast<const Json*>(nullptr);
};

/// As an expression has it: strings over this many bytes are undefined, so that no expression grows
/// by repeating what it reads.
inline constexpr std::size_t string_bytes_max = 64 * 1024;

enum class Order { less, equal, greater, none };

/// Numbers by their exact value (an integer is never rounded), strings by their bytes. `none` for
/// different types, for what is no number and no string, and for undefined.
Order order_of(const Value& left, const Value& right);
Order order_of(const Json& left, const Json& right);

/// Scalars of one type and the same value, arrays of equal elements; objects equal nothing.
bool equals(const Json& left, const Json& right);

/// A number as a double.
double to_double(const Json& number);

/// A result that is no finite number is undefined; integers stay integers while they fit.
Value add(const Value& left, const Value& right);
Value subtract(const Value& left, const Value& right);
Value multiply(const Value& left, const Value& right);
/// An integer if it comes out even.
Value divide(const Value& left, const Value& right);
Value remainder(const Value& left, const Value& right);
Value negate(const Value& value);
Value concatenate(const Value& left, const Value& right);

Value number(double value);
Value text_value(std::string_view text);

} // namespace muster::query
