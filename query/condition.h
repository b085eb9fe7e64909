#pragma once
// Conditions: the body of WHERE over twins and jobs (reference: iothub B.9), target conditions of
// jobs and configurations (B.10, B.11), and the rules of message routing. One expression grammar:
//
//   expr  = and *( "OR" and )            and = not *( "AND" not )          not = "NOT" not / cmp
//   cmp   = sum [ ("="/"!="/"<>"/"<"/">"/"<="/">=") sum / ["NOT"] "IN" array / "NIN" array
//                 / "BETWEEN" sum "AND" sum ]
//   sum   = prod *( ("+"/"-"/"||") prod )            prod = unary *( ("*"/"/"/"%") unary )
//   unary = "-" unary / path / constant / ident "(" [ expr *( "," expr ) ] ")" / "(" expr ")"
//
// What is meant:
//  * what is not there is undefined, and so is every operator and function applied to it, except
//    IS_DEFINED and its kin; a condition holds only if it comes to true.
//  * AND is false if one side is, OR true if one side is, whatever the other; else an undefined
//    side makes them undefined. NOT of undefined is undefined. A value that is no boolean is
//    undefined as a condition.
//  * numbers compare by value, strings by their bytes, booleans and arrays for equality only.
//    Other comparisons of things that are there are false, `!=` too; objects compare with nothing.
//    Null compares for equality with everything: `tags.x != null` is true of any other value.
//  * IN is true if the value equals an element, NIN if it is there and equals none.

#include "query/expression.h"
#include "query/facts.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace muster::query {

inline constexpr std::size_t text_characters_max = 8192;
inline constexpr std::size_t nesting_max = 64; // of parentheses, functions and NOT
inline constexpr std::size_t depth_max = 256;  // of the expression; every `a + b + c` is one deeper

enum class Dialect : std::uint8_t {
    twin,    // paths lead into the row; names of its top level compare without case
    routing, // application properties by bare name, `$system`, `$body.path`, `$twin.path`
};

class Condition {
  public:
    explicit Condition(Expression expression) : expression_(std::move(expression)) {}

    [[nodiscard]] const Expression& expression() const { return expression_; }

    friend bool operator==(const Condition&, const Condition&) = default;

  private:
    Expression expression_;
};

/// Error: malformed, with "line 1, column 7: expected .. but found ..".
Result<Condition> parse_condition(std::string_view text, Dialect dialect);

/// True only if the condition comes to true. Bounded by the size of the condition and of what it
/// reads; thread safe.
bool matches(const Condition& condition, const Facts& facts);

/// What it comes to: true, false or undefined.
std::optional<bool> outcome(const Condition& condition, const Facts& facts);

std::string to_text(const Condition& condition);

} // namespace muster::query
