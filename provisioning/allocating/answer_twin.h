#pragma once
// The initialTwin of a function's answer, held against what every hub refuses (iothub B.7), so that
// a function's mistake is told as its own and not as a hub's.

#include "base/json.h"
#include "base/result.h"
#include "provisioning/enrollment.h"

namespace muster::provisioning {

/// {"tags": {..}, "properties": {"desired": {..}}}, each part optional, names in any case. What a
/// hub keeps beside the desired properties ($metadata, $version) is disregarded: a function may
/// send back a twin as it read it. Error: malformed, naming what is wrong.
Result<InitialTwin> read_answer_twin(const JsonObject& document);

} // namespace muster::provisioning
