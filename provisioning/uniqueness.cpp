#include "provisioning/uniqueness.h"

namespace muster::provisioning {

namespace {

std::vector<crypto::Certificate> certificates_in(const CertificateSlots& slots) {
    std::vector<crypto::Certificate> certificates;
    for (const auto& slot : {slots.primary, slots.secondary}) {
        if (slot) {
            certificates.push_back(*slot);
        }
    }
    return certificates;
}

std::unexpected<Error> taken(const std::string& holder) {
    return fail(Code::already_exists, "the certificate belongs to '" + holder + "' already");
}

bool holds(const EnrollmentGroup& group, const crypto::Certificate& certificate) {
    const auto* signing = std::get_if<SigningCertificates>(&group.terms.attestation);
    return signing != nullptr && (certificate == signing->certificates.primary ||
                                  certificate == signing->certificates.secondary);
}

} // namespace

Result<void> check_certificates_unique(const IndividualEnrollment& enrollment, const IdScope& scope,
                                       EnrollmentStore& store) {
    const auto* client = std::get_if<ClientCertificates>(&enrollment.terms.attestation);
    if (client == nullptr) {
        return {};
    }
    for (const crypto::Certificate& certificate : certificates_in(client->certificates)) {
        const auto holder =
            store.individual_with_thumbprint(scope, certificate.sha256_thumbprint());
        if (!holder) {
            return std::unexpected(holder.error());
        }
        if (*holder && **holder != enrollment.id) {
            return taken((*holder)->text());
        }
    }
    return {};
}

Result<void> check_certificates_unique(const EnrollmentGroup& group, const IdScope& scope,
                                       EnrollmentStore& store) {
    const auto* signing = std::get_if<SigningCertificates>(&group.terms.attestation);
    if (signing == nullptr) {
        return {};
    }
    const auto groups = store.groups(scope);
    if (!groups) {
        return std::unexpected(groups.error());
    }
    for (const crypto::Certificate& certificate : certificates_in(signing->certificates)) {
        for (const EnrollmentGroup& other : *groups) {
            if (other.id != group.id && holds(other, certificate)) {
                return taken(other.id.text());
            }
        }
    }
    return {};
}

} // namespace muster::provisioning
