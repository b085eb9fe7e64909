#pragma once
// What may stand in a twin (iothub B.7): names, values, depth and size. Pure.

#include "base/json.h"
#include "base/result.h"
#include "hub/twin.h"

#include <cstddef>
#include <string_view>

namespace muster::hub {

/// The three halves of a twin by the names that error messages use.
inline constexpr std::string_view tags_name = "tags";
inline constexpr std::string_view desired_name = "properties.desired";
inline constexpr std::string_view reported_name = "properties.reported";

/// Keys, values and depth of an update or of a whole half. Does not descend beyond the depth
/// limit. Error: malformed, naming the half and the rule.
Result<void> check_contents(std::string_view half, const JsonObject& properties,
                            const TwinLimits& limits);

/// The size formula of the reference: keys and strings in UTF-8 bytes without control characters,
/// a number 8, a boolean 4, an object or array what it contains.
std::size_t counted_bytes(const JsonObject& properties);

/// Error: malformed (B.7 asks for 400, not 413).
Result<void> check_size(std::string_view half, const JsonObject& properties, std::size_t bytes_max);

} // namespace muster::hub
