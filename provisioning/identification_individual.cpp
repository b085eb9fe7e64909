#include "provisioning/attestation/symmetric_key.h"
#include "provisioning/attestation/x509.h"
#include "provisioning/identification.h"
#include "provisioning/refusals.h"

namespace muster::provisioning {

namespace {

/// iothub C.2: a hub is told both thumbprints; one that stands alone is told twice.
HubThumbprints thumbprints(const Slots<crypto::Certificate>& enrolled) {
    const crypto::Certificate& primary = enrolled.primary ? *enrolled.primary : *enrolled.secondary;
    const crypto::Certificate& secondary = enrolled.secondary ? *enrolled.secondary : primary;
    return {.primary = primary.sha256_thumbprint(), .secondary = secondary.sha256_thumbprint()};
}

/// Checks the proof against each kind of attestation. The answer is the credential for the hub.
class IndividualCheck {
  public:
    IndividualCheck(const Claim& claim, const Instance& instance)
        : claim_(claim), instance_(instance) {}

    Result<HubCredential> operator()(const SymmetricKeyAttestation& attestation) const {
        const auto token = read_token(
            {.text = claim_.proof.sas, .scope = claim_.scope, .id = claim_.id, .now = claim_.now});
        if (!token) {
            return refuse_token(token.error());
        }
        const Verdict<> verdict = verify_symmetric_key(*token, attestation.keys);
        if (!verdict) {
            return refuse_token("individual enrollment: " + verdict.error());
        }
        return HubKeys{attestation.keys};
    }

    Result<HubCredential> operator()(const ClientCertificates& attestation) const {
        const Verdict<Chain> chain = read_chain(claim_.proof.certificates);
        if (!chain) {
            return refuse_certificate(chain.error());
        }
        const Verdict<> verdict = verify_pinned(
            {.chain = *chain, .id = claim_.id, .now = claim_.now}, attestation.certificates);
        if (!verdict) {
            return refuse_certificate("individual enrollment: " + verdict.error());
        }
        return thumbprints(attestation.certificates);
    }

    Result<HubCredential> operator()(const CaReferences& attestation) const {
        const Verdict<Chain> chain = read_chain(claim_.proof.certificates);
        if (!chain) {
            return refuse_certificate(chain.error());
        }
        std::string reasons;
        for (const auto& name : {attestation.names.primary, attestation.names.secondary}) {
            if (!name) {
                continue;
            }
            const Verdict<> verdict = verify_reference(*chain, *name);
            if (verdict) {
                return thumbprints({.primary = chain->front(), .secondary = {}});
            }
            add_reason(reasons, "CA '" + *name + "': " + verdict.error());
        }
        return refuse_certificate("individual enrollment: " + reasons);
    }

    Result<HubCredential> operator()(const TpmAttestation& /*attestation*/) const {
        return fail(Code::unsupported, "TPM attestation is not supported yet");
    }

    /// Validation keeps these out of individual enrollments.
    Result<HubCredential> operator()(const SigningCertificates& /*attestation*/) const {
        return refuse_certificate("individual enrollment: signing certificates prove nothing here");
    }

    Result<HubCredential> operator()(const NoAttestation& /*attestation*/) const {
        return refuse_token("individual enrollment: accepts no proof");
    }

  private:
    [[nodiscard]] Verdict<> verify_reference(const Chain& chain, const std::string& name) const {
        const CaCertificate* ca = instance_.find_certificate(name);
        if (ca == nullptr) {
            return std::unexpected(std::string("not registered"));
        }
        if (!ca->verified) {
            return std::unexpected(std::string("not verified"));
        }
        const Verdict<std::size_t> verdict =
            verify_issued({.chain = chain, .id = claim_.id, .now = claim_.now}, ca->certificate);
        return verdict ? Verdict<>() : std::unexpected(verdict.error());
    }

    const Claim& claim_;
    const Instance& instance_;
};

JsonObject note_of(const HubCredential& credential) {
    const bool keys = std::holds_alternative<HubKeys>(credential);
    return {{keys ? "symmetricKey" : "x509", JsonObject()}};
}

} // namespace

Result<Applicant> identify(const Claim& claim, const IndividualEnrollment& enrollment,
                           const Instance& instance) {
    Result<HubCredential> credential =
        std::visit(IndividualCheck(claim, instance), enrollment.terms.attestation);
    if (!credential) {
        return std::unexpected(std::move(credential).error());
    }
    return Applicant{
        .id = claim.id,
        .decided_by = DecidedByIndividual{enrollment.id},
        .terms = std::make_shared<const EnrollmentTerms>(enrollment.terms),
        .device_id = enrollment.hub_device_id(),
        .credential = *credential,
        .attestation_note = note_of(*credential),
    };
}

} // namespace muster::provisioning
