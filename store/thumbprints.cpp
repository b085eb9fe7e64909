#include "store/thumbprints.h"

#include <algorithm>

namespace muster::store {

std::vector<std::string> client_thumbprints(const provisioning::IndividualEnrollment& enrollment) {
    const auto* proof =
        std::get_if<provisioning::ClientCertificates>(&enrollment.terms.attestation);
    std::vector<std::string> thumbprints;
    if (proof == nullptr) {
        return thumbprints;
    }
    for (const auto* slot : {&proof->certificates.primary, &proof->certificates.secondary}) {
        if (!slot->has_value()) {
            continue;
        }
        std::string thumbprint = (*slot)->sha256_thumbprint();
        if (std::ranges::find(thumbprints, thumbprint) == thumbprints.end()) {
            thumbprints.push_back(std::move(thumbprint));
        }
    }
    return thumbprints;
}

} // namespace muster::store
