#pragma once
// The names that a rule may use (rule.h).

#include "provisioning/allocating/rule_clauses.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace muster::provisioning {

/// Our own names in any case; keys of the payload exactly.
std::optional<RulePath> rule_path(std::span<const std::string> names);

/// null, true and false.
bool is_rule_constant(std::string_view word);

} // namespace muster::provisioning
