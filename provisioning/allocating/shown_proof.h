#pragma once
// How a device proved itself, as an allocation function is told (dps-device 7.1).

#include "base/json.h"

#include <string_view>

namespace muster::provisioning {

/// `note` is what the device's answer says of it (Applicant::attestation_note); the first of its
/// members is the kind. {"symmetricKey": {}}, or {"x509": {"certificateInfo": ..}} with what GET
/// would show of the certificate, or {"x509": {}} if there is none to read.
JsonObject proof_for_function(const JsonObject& note, std::string_view leaf_der);

} // namespace muster::provisioning
