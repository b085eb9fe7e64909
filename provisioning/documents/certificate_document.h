#pragma once
// Certificate slots and X509CertificateInfo (reference: dps-service 6).

#include "base/json.h"
#include "base/result.h"
#include "provisioning/documents.h"
#include "provisioning/enrollment.h"

#include <string>

namespace muster::provisioning {

JsonObject certificate_info(const crypto::Certificate& certificate);

/// {"primary": {"info": ..}, "secondary": ..}; with View::stored {"certificate": base64 of DER},
/// exported {"certificate": PEM}.
JsonObject slots_document(const CertificateSlots& slots, View view);

Result<CertificateSlots> read_slots(const JsonObject& document, const std::string& path);

} // namespace muster::provisioning
