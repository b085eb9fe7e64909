#include "provisioning/attestation/symmetric_key.h"
#include "provisioning/attestation/x509.h"
#include "provisioning/identification.h"
#include "provisioning/refusals.h"

#include <expected>
#include <utility>
#include <vector>

namespace muster::provisioning {

namespace {

/// iothub C.2: a hub is told both thumbprints; one that stands alone is told twice.
HubThumbprints thumbprints(const Slots<crypto::Certificate>& enrolled) {
    const crypto::Certificate& primary = enrolled.primary ? *enrolled.primary : *enrolled.secondary;
    const crypto::Certificate& secondary = enrolled.secondary ? *enrolled.secondary : primary;
    return {.primary = primary.sha256_thumbprint(), .secondary = secondary.sha256_thumbprint()};
}

/// Why the device is refused: the kind of refusal, and the findings behind it.
struct Unproven {
    Code code = Code::unauthenticated;
    std::vector<Finding> findings;
};

using Checked = std::expected<HubCredential, Unproven>;

std::unexpected<Unproven> unproven_as(Code code, std::vector<Finding> findings) {
    return std::unexpected(Unproven{.code = code, .findings = std::move(findings)});
}

std::unexpected<Unproven> no_attestation(std::string detail) {
    return unproven_as(Code::unauthenticated,
                       {{.code = FindingCode::no_attestation, .detail = std::move(detail)}});
}

/// Checks the proof against each kind of attestation. The answer is the credential for the hub.
class IndividualCheck {
  public:
    IndividualCheck(const Claim& claim, const Instance& instance)
        : claim_(claim), instance_(instance) {}

    Checked operator()(const SymmetricKeyAttestation& attestation) const {
        if (claim_.proof.sas.empty()) {
            return unproven_as(Code::unauthenticated, {token_missing(claim_.proof)});
        }
        const auto token = read_token(
            {.text = claim_.proof.sas, .scope = claim_.scope, .id = claim_.id, .now = claim_.now});
        if (!token) {
            return unproven_as(Code::unauthenticated, {token.error()});
        }
        if (auto verdict = verify_symmetric_key(*token, attestation.keys, claim_.id); !verdict) {
            return unproven_as(Code::unauthenticated, {std::move(verdict).error()});
        }
        return HubKeys{attestation.keys};
    }

    Checked operator()(const ClientCertificates& attestation) const {
        const Verdict<Chain> chain = read_chain(claim_.proof.certificates);
        if (!chain) {
            return unproven_as(Code::attestation_failed, {chain.error()});
        }
        const Verdict<> verdict = verify_pinned(
            {.chain = *chain, .id = claim_.id, .now = claim_.now}, attestation.certificates);
        if (!verdict) {
            return unproven_as(Code::attestation_failed, {verdict.error()});
        }
        return thumbprints(attestation.certificates);
    }

    Checked operator()(const CaReferences& attestation) const {
        const Verdict<Chain> chain = read_chain(claim_.proof.certificates);
        if (!chain) {
            return unproven_as(Code::attestation_failed, {chain.error()});
        }
        std::vector<Finding> findings;
        for (const auto& name : {attestation.names.primary, attestation.names.secondary}) {
            if (!name) {
                continue;
            }
            Verdict<> verdict = verify_reference(*chain, *name);
            if (verdict) {
                return thumbprints({.primary = chain->front(), .secondary = {}});
            }
            findings.push_back(std::move(verdict).error());
        }
        return unproven_as(Code::attestation_failed, std::move(findings));
    }

    Checked operator()(const TpmAttestation& /*attestation*/) const {
        return unproven_as(Code::unsupported, {{.code = FindingCode::attestation_unsupported,
                                                .detail = "the enrollment expects a TPM"}});
    }

    /// Validation keeps these out of individual enrollments.
    Checked operator()(const SigningCertificates& /*attestation*/) const {
        return no_attestation("signing certificates belong to groups");
    }

    Checked operator()(const NoAttestation& /*attestation*/) const {
        return no_attestation("the attestation's type is none");
    }

  private:
    static Finding token_missing(const Proof& proof) {
        return {.code = FindingCode::token_missing,
                .detail = proof.certificates.empty()
                              ? "neither a token nor a certificate was presented"
                              : "a certificate was presented, but no token"};
    }

    [[nodiscard]] Verdict<> verify_reference(const Chain& chain, const std::string& name) const {
        const Verdict<const CaCertificate*> ca = find_verified(instance_, name);
        if (!ca) {
            return std::unexpected(ca.error());
        }
        Verdict<std::size_t> verdict =
            verify_issued({.chain = chain, .id = claim_.id, .now = claim_.now}, (*ca)->certificate);
        return verdict ? Verdict<>() : std::unexpected(std::move(verdict).error());
    }

    const Claim& claim_;
    const Instance& instance_;
};

JsonObject note_of(const HubCredential& credential) {
    const bool keys = std::holds_alternative<HubKeys>(credential);
    return {{keys ? "symmetricKey" : "x509", JsonObject()}};
}

} // namespace

Considered considered(const IndividualEnrollment& enrollment, std::vector<Finding> findings) {
    return {.kind = "enrollment", .id = enrollment.id.text(), .findings = std::move(findings)};
}

Applicant applicant_of(const RegistrationId& id, const IndividualEnrollment& enrollment) {
    return {
        .id = id,
        .decided_by = DecidedByIndividual{enrollment.id},
        .terms = std::make_shared<const EnrollmentTerms>(enrollment.terms),
        .device_id = enrollment.hub_device_id(),
        .credential = {},
        .attestation_note = {},
    };
}

Result<Applicant> identify(const Claim& claim, const IndividualEnrollment& enrollment,
                           const Instance& instance, Explanation& explanation) {
    Checked credential = std::visit(IndividualCheck(claim, instance), enrollment.terms.attestation);
    if (!credential) {
        add(explanation, considered(enrollment, std::move(credential.error().findings)));
        return refuse(credential.error().code, explanation);
    }
    add(explanation, considered(enrollment));
    Applicant applicant = applicant_of(claim.id, enrollment);
    applicant.attestation_note = note_of(*credential);
    applicant.credential = *std::move(credential);
    return applicant;
}

} // namespace muster::provisioning
