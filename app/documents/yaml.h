#pragma once
// YAML for people, JSON inside: the subset that JSON can say. Plain scalars are null, true, false,
// integers and floating point numbers as in YAML's core schema, everything else is text; quoted
// scalars are always text. Anchors and tags are refused: documents come from strangers.

#include "base/json.h"
#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace muster::app {

/// One value a document; empty documents are skipped. Errors: malformed, `FILE:LINE: what is
/// wrong`; too_large beyond 64 MiB.
Result<std::vector<Json>> parse_yaml(std::string_view text, const std::string& file_name);

/// Block style, members in the order of the object, texts of several lines as literals. Read back
/// by parse_yaml, it is the same value.
std::string to_yaml(const Json& value);

} // namespace muster::app
