#pragma once
// The reasons in events and predictions (provisioning/findings.h, to_document) as people read them.

#include "base/json.h"

#include <string>

namespace muster::app {

/// An indented line for each finding, with what to do about it below; empty if there is none.
std::string describe_findings(const Json& explanation);

} // namespace muster::app
