#pragma once
// Pairs of arbitrary bytes as one ASCII text, `name=value&name=value`, both percent-encoded. Names
// and values come from devices and need not be UTF-8, which JSON and TEXT columns insist on.

#include "base/result.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::store::sql {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string to_pairs_text(const Pairs& pairs);
Result<Pairs> from_pairs_text(std::string_view text);

} // namespace muster::store::sql
