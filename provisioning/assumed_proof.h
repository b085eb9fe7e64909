#pragma once
// Which enrollment would decide about a device, if only its proof verified? For those who ask what
// would happen without having the device at hand.

#include "provisioning/enrollment_facts.h"
#include "provisioning/explaining.h"
#include "provisioning/identification.h"

#include <memory>
#include <optional>

namespace muster::provisioning {

/// What the question is asked of.
struct AssumedClaim {
    const Supposition& supposition;
    const std::optional<RegistrationRecord>& record;
    const std::shared_ptr<const Instance>& instance;
    WallTime now;
};

/// Nothing if more than one group could decide. Errors: those of identify() for what no proof can
/// overcome (no enrollment, an expired or unverified certificate in every slot), and the store's.
Result<std::optional<Applicant>> assume_proof(const AssumedClaim& claim, EnrollmentFacts& facts,
                                              Explanation& explanation);

} // namespace muster::provisioning
