#pragma once
// Where a mistake is, as people count.

#include "base/result.h"

#include <string_view>

namespace muster::provisioning {

/// `mistake` is one of query/tokens.h: "at 17: ..", counted in bytes. Here it is "column 17: ..",
/// or "line 2, column 5: .." if the text has several lines, counted in characters.
std::unexpected<Error> placed_mistake(const Error& mistake, std::string_view text);

} // namespace muster::provisioning
