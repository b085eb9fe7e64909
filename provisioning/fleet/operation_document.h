#pragma once
// Parts of an operation's document, read back from storage or from an operator.

#include "provisioning/fleet/operation.h"

#include <optional>
#include <string_view>

namespace muster::provisioning {

std::optional<OperationKind> parse_operation_kind(std::string_view text);
std::optional<OperationState> parse_operation_state(std::string_view text);

/// `{"perSecond","concurrency","failuresMax"}`; what is left out is as in `defaults`. Error:
/// malformed, naming the member.
Result<OperationLimits> read_limits(const JsonObject& document, const OperationLimits& defaults);

} // namespace muster::provisioning
