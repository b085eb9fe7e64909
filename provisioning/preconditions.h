#pragma once
// What If-Match allows (reference: dps-service 2.5). Pure decisions; the answer is the version that
// the store must still hold when the write arrives.

#include "base/result.h"
#include "provisioning/enrollments.h"
#include "provisioning/ports.h"

#include <string_view>

namespace muster::provisioning {

/// `stored` is null if there is nothing. Errors: already_exists, not_found, precondition; `what`
/// names the resource in them.
Result<Expected> permit_put(const ResourceStamp* stored, const IfMatch& if_match,
                            std::string_view what);
/// The same where a PUT without If-Match replaces what is there, as in the Azure resource API.
Result<Expected> permit_upsert(const ResourceStamp* stored, const IfMatch& if_match,
                               std::string_view what);
Result<Expected> permit_erase(const ResourceStamp* stored, const IfMatch& if_match,
                              std::string_view what);

} // namespace muster::provisioning
