#pragma once
// The functions of conditions (iothub B.9 and message routing). Their names compare without case.
//
// An argument that is undefined or of the wrong type makes the result undefined, except for the
// IS_ functions, which always say true or false. Positions and lengths count code points, from 0;
// LOWER and UPPER change ASCII letters.

#include "query/value.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace muster::query {

struct Function {
    std::string_view name;
    std::size_t arguments_min = 1;
    std::size_t arguments_max = 1;
    Value (*call)(std::span<const Value> arguments) = nullptr;
};

using FunctionId = std::uint8_t;

inline constexpr std::size_t arguments_max = 64;

/// Every function once, under the name that is printed.
std::span<const Function> functions();

/// Null if there is none of this name; STARTSWITH and ENDSWITH are known too.
const Function* function_named(std::string_view name);

} // namespace muster::query
