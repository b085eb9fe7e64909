#pragma once
// Credential material that a caller left open when writing an enrollment: kept from the stored one,
// or generated (reference: dps-service 6.4, 7).

#include "base/random.h"
#include "base/result.h"
#include "provisioning/enrollment.h"

namespace muster::provisioning {

/// `stored` is null if there is nothing stored yet. Error: malformed, if a slot that holds only an
/// `info` names no stored certificate.
Result<Attestation> complete_attestation(Attestation wanted, const Attestation* stored,
                                         Random& random);

} // namespace muster::provisioning
