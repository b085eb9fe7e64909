#pragma once
// A configuration that is not applied, read from configuration documents: through the same readers,
// completed and checked as the real writes would be, so that what is explained is what would be.

#include "base/json.h"
#include "base/random.h"
#include "base/result.h"
#include "provisioning/enrollments.h"
#include "provisioning/explaining.h"
#include "provisioning/instance.h"

namespace muster::gateway {

/// What a proposal is held against, and who makes it.
struct ProposalGround {
    const provisioning::Instance& instance;
    provisioning::Enrollments& enrollments;
    Random& random;
    const provisioning::Principal& by;
};

/// What would be written, and what would be deleted (`{"kind":..,"name":..}`); either may be null.
struct ProposalText {
    const JsonArray* documents = nullptr;
    const JsonArray* removals = nullptr;
};

/// Errors: malformed and whatever the write would be refused with, naming the document; the
/// store's.
Result<provisioning::Proposal> read_proposal(const ProposalGround& ground,
                                             const ProposalText& text);

} // namespace muster::gateway
