#pragma once
// How a device is refused: it hears that it was, the log and the journal hear why.

#include "base/result.h"
#include "provisioning/findings.h"

#include <string>
#include <string_view>

namespace muster::provisioning {

/// With the little that the device may hear of such a refusal; its cause is the explanation's
/// summary.
std::unexpected<Error> refuse(Code code, const Explanation& explanation);

/// How a device is refused for such a finding alone.
Code refusal_code(FindingCode finding);

/// The six digits that a device sees with the refusal of a registration.
int device_error_code(Code code);

/// A device's text as it may stand in a finding: in quotes, printable, cut if it is long.
std::string in_quotes(std::string_view text);

} // namespace muster::provisioning
