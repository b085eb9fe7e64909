#pragma once
// An expression as a value: its parts in one list, operands before what uses them, the whole last.
// Immutable once parsed; compares and copies like any value.

#include "query/functions.h"
#include "query/path.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::query {

enum class Operation : std::uint8_t {
    constant,
    path,
    all_of, // AND of two or more
    any_of, // OR of two or more
    negation,
    equal,
    unequal,
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    is_in, // the second operand is a constant array
    is_not_in,
    between, // three operands, the bounds included
    add,
    subtract,
    multiply,
    divide,
    remainder,
    concatenate,
    minus,
    call,
};

using PartIndex = std::uint32_t;

struct Part {
    Operation operation = Operation::constant;
    std::optional<Json> constant = {}; // of a constant; nothing means `undefined`
    Path path = {};                    // of a path
    const Function* function = nullptr;
    std::vector<PartIndex> operands = {};

    friend bool operator==(const Part&, const Part&) = default;
};

struct Expression {
    std::vector<Part> parts;

    [[nodiscard]] const Part& whole() const { return parts.back(); }

    [[nodiscard]] const Part& operand(const Part& part, std::size_t index) const {
        return parts[part.operands[index]];
    }

    friend bool operator==(const Expression&, const Expression&) = default;
};

/// Every path in it, in the order of the parts.
std::vector<const Path*> paths_of(const Expression& expression);

/// As a query may write it: parsed again, it is equal.
std::string to_text(const Expression& expression);

/// A constant as a query may write it.
std::string constant_text(const Json& value);

} // namespace muster::query
