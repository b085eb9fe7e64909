#pragma once
// AttestationMechanism (reference: dps-service 2.2, 6, 7):
//
//   { "type": "none" | "tpm" | "x509" | "symmetricKey", and the one member that the type names }

#include "base/json.h"
#include "base/result.h"
#include "provisioning/documents.h"
#include "provisioning/enrollment.h"

namespace muster::provisioning {

JsonObject attestation_document(const Attestation& attestation, View view);

Result<Attestation> read_attestation(const JsonObject& document);

/// SymmetricKeys as {"primaryKey": base64, "secondaryKey": base64}. A key that is not there is
/// left out, and one that is left out, null or empty is not there.
JsonObject keys_document(const SymmetricKeys& keys);
Result<SymmetricKeys> read_keys(const JsonObject& document, const std::string& path);

} // namespace muster::provisioning
