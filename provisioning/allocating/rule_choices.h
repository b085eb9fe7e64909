#pragma once
// hub(..), hubs(..) and policy(..): the part of the grammar behind `then`.

#include "provisioning/allocating/rule_clauses.h"
#include "provisioning/query/cursor.h"

namespace muster::provisioning {

/// Notes in `clauses` which hubs were named, and whether the function is asked. After a mistake,
/// which the cursor keeps, something empty.
RuleChoice rule_choice(QueryCursor& cursor, Rule::Clauses& clauses);

} // namespace muster::provisioning
