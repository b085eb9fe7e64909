#pragma once
// The patterns of `like`: `*` stands for any text, `?` for one character, `\` takes the meaning
// from what follows it. Time is bounded by the product of both lengths, whatever the pattern.

#include <string_view>

namespace muster::provisioning {

/// Both are UTF-8.
bool matches_glob(std::string_view text, std::string_view pattern);

/// A `\` at the end takes the meaning from nothing.
bool is_glob(std::string_view pattern);

} // namespace muster::provisioning
