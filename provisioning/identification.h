#pragma once
// Who is this device, and which enrollment decides about it (reference: dps-service 9.6)? Pure: the
// loaded enrollments and the proof in, an applicant or a refusal out.

#include "base/clock.h"
#include "base/result.h"
#include "provisioning/applicant.h"
#include "provisioning/findings.h"
#include "provisioning/group_index.h"

#include <memory>
#include <string>
#include <vector>

namespace muster::provisioning {

/// What a device shows to prove who it is. Both may be there; the enrollment says which counts.
struct Proof {
    std::string sas;                       // raw token text, empty if none
    std::vector<std::string> certificates; // DER, leaf first, as presented
};

struct Claim {
    const IdScope& scope;
    const RegistrationId& id; // as the device spells it
    const Proof& proof;
    WallTime now;
};

/// The individual enrollment of this id decides, whatever groups there are. What was found is added
/// to the explanation, also when the device is accepted. Errors: unauthenticated,
/// attestation_failed, unsupported (TPM); each with the explanation's summary as its cause.
Result<Applicant> identify(const Claim& claim, const IndividualEnrollment& enrollment,
                           const Instance& instance, Explanation& explanation);

/// By certificate: the group of the first certificate above the leaf that has one. By token: the
/// first group whose derived key signed it. Errors as above, and not_found if there is no group
/// that such a proof could lead to.
Result<Applicant> identify(const Claim& claim, std::shared_ptr<const GroupIndex> groups,
                           Explanation& explanation);

/// The device as the enrollment would see it, once it has proved itself; without a credential.
Applicant applicant_of(const RegistrationId& id, const IndividualEnrollment& enrollment);
Applicant applicant_of(const RegistrationId& id, const EnrollmentGroup& group,
                       const std::shared_ptr<const GroupIndex>& groups);

/// An enrollment for the list of those considered.
Considered considered(const IndividualEnrollment& enrollment, std::vector<Finding> findings = {});
Considered considered(const EnrollmentGroup& group, std::vector<Finding> findings = {});

} // namespace muster::provisioning
