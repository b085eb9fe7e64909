#pragma once
// The error catalogue as the page docs/errors.md.

#include <string>

namespace muster::provisioning {

/// Markdown: the findings with cause and remedy, and the codes of six digits that devices see.
std::string error_catalogue_markdown();

} // namespace muster::provisioning
