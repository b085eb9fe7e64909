#pragma once
// A device that has proved who it is, with the enrollment that decides about it.

#include "provisioning/enrollment.h"
#include "provisioning/registration.h"

#include <memory>

namespace muster::provisioning {

struct Applicant {
    RegistrationId id; // as the device spells it
    DecidedBy decided_by;
    std::shared_ptr<const EnrollmentTerms> terms;
    std::optional<DeviceId> device_id; // if the enrollment names one
    HubCredential credential;          // how it will prove itself at its hub
    JsonObject attestation_note;       // RegistrationRecord::attestation_note
};

} // namespace muster::provisioning
