#pragma once
// Enrollments and registration records as JSON documents (reference: dps-service 2.1, 2.2, 3, 4, 6;
// dps-device 2.7). One mapping serves the service API, which shows a view of it, and the stores,
// which keep all of it.

#include "base/json.h"
#include "base/result.h"
#include "provisioning/enrollment.h"
#include "provisioning/registration.h"

namespace muster::provisioning {

enum class View : std::uint8_t {
    stored,             // everything, secrets and certificates included; for the stores
    written,            // the answer to PUT: symmetric keys shown, certificates as info
    read,               // GET and queries: no keys
    exported,           // what a PUT would take: certificates as PEM, nothing read-only, no keys
    exported_with_keys, // the same with symmetric keys
};

JsonObject to_document(const IndividualEnrollment& enrollment, View view);
JsonObject to_document(const EnrollmentGroup& group, View view);

/// A bare AttestationMechanism with keys (dps-service 2.4).
JsonObject to_mechanism(const Attestation& attestation);

/// Reads what a caller may set; read-only and unknown members are ignored, null means unset.
/// Certificate slots that carry only `info` and keys left open come out empty; Enrollments::put
/// completes them. Error: malformed, naming the member.
Result<IndividualEnrollment> individual_from_document(const JsonObject& document);
Result<EnrollmentGroup> group_from_document(const JsonObject& document);

/// The other direction of View::stored, stamp included.
Result<IndividualEnrollment> stored_individual(const JsonObject& document);
Result<EnrollmentGroup> stored_group(const JsonObject& document);

/// DeviceRegistrationState for the service API (no attestation members).
JsonObject to_state_document(const RegistrationRecord& record);
/// DeviceRegistrationResult for the device.
JsonObject to_device_document(const RegistrationRecord& record);

JsonObject to_stored_document(const RegistrationRecord& record);
Result<RegistrationRecord> stored_registration(const JsonObject& document);

} // namespace muster::provisioning
