#include "provisioning/assumed_proof.h"

#include "provisioning/attestation/x509.h"
#include "provisioning/refusals.h"

#include <utility>
#include <vector>

namespace muster::provisioning {

namespace {

using Groups = std::shared_ptr<const GroupIndex>;

/// What is in the way of every proof, for each kind of attestation; nothing if some proof could do.
class Obstacles {
  public:
    explicit Obstacles(const AssumedClaim& claim) : claim_(claim) {}

    std::vector<Finding> operator()(const SymmetricKeyAttestation& /*attestation*/) const {
        return {};
    }

    std::vector<Finding> operator()(const ClientCertificates& attestation) const {
        return in_slots(attestation.certificates);
    }

    std::vector<Finding> operator()(const SigningCertificates& attestation) const {
        return in_slots(attestation.certificates);
    }

    std::vector<Finding> operator()(const CaReferences& attestation) const {
        std::vector<Finding> findings;
        for (const auto& name : {attestation.names.primary, attestation.names.secondary}) {
            if (!name) {
                continue;
            }
            Verdict<> usable = check(*name);
            if (usable) {
                return {};
            }
            findings.push_back(std::move(usable).error());
        }
        return findings;
    }

    std::vector<Finding> operator()(const TpmAttestation& /*attestation*/) const {
        return {{.code = FindingCode::attestation_unsupported,
                 .detail = "the enrollment expects a TPM"}};
    }

    std::vector<Finding> operator()(const NoAttestation& /*attestation*/) const {
        return {{.code = FindingCode::no_attestation, .detail = "the attestation's type is none"}};
    }

  private:
    [[nodiscard]] std::vector<Finding> in_slots(const CertificateSlots& slots) const {
        std::vector<Finding> findings;
        for (const auto& slot : {slots.primary, slots.secondary}) {
            if (!slot) {
                continue;
            }
            Verdict<> usable = check(*slot);
            if (usable) {
                return {};
            }
            findings.push_back(std::move(usable).error());
        }
        return findings;
    }

    [[nodiscard]] Verdict<> check(const crypto::Certificate& certificate) const {
        return verify_time(certificate,
                           {.chain = {}, .id = claim_.supposition.id, .now = claim_.now});
    }

    [[nodiscard]] Verdict<> check(const std::string& name) const {
        const Verdict<const CaCertificate*> ca = find_verified(*claim_.instance, name);
        return ca ? check((*ca)->certificate) : std::unexpected(ca.error());
    }

    const AssumedClaim& claim_;
};

std::vector<Finding> obstacles_of(const EnrollmentTerms& terms, const AssumedClaim& claim) {
    return std::visit(Obstacles(claim), terms.attestation);
}

std::unexpected<Error> refuse_for(const Finding& finding, const Explanation& explanation) {
    return refuse(refusal_code(finding.code), explanation);
}

Result<std::optional<Applicant>> assume_individual(const AssumedClaim& claim,
                                                   const IndividualEnrollment& enrollment,
                                                   Explanation& explanation) {
    std::vector<Finding> obstacles = obstacles_of(enrollment.terms, claim);
    add(explanation, considered(enrollment, obstacles));
    if (!obstacles.empty()) {
        return refuse_for(obstacles.front(), explanation);
    }
    return applicant_of(claim.supposition.id, enrollment);
}

/// The group named, else the one that decided the last time and is still there, else each.
std::vector<const EnrollmentGroup*> candidates_of(const AssumedClaim& claim, const Groups& groups) {
    if (claim.supposition.group) {
        const EnrollmentGroup* named = groups->find(*claim.supposition.group);
        return named == nullptr ? std::vector<const EnrollmentGroup*>() : std::vector{named};
    }
    const auto* earlier = claim.record && claim.record->decided_by
                              ? std::get_if<DecidedByGroup>(&*claim.record->decided_by)
                              : nullptr;
    const EnrollmentGroup* decider = earlier == nullptr ? nullptr : groups->find(earlier->id);
    if (decider != nullptr) {
        return {decider};
    }
    std::vector<const EnrollmentGroup*> all;
    for (const EnrollmentGroup& group : groups->groups()) {
        all.push_back(&group);
    }
    return all;
}

Finding nobody(const AssumedClaim& claim) {
    const std::string individual =
        "no individual enrollment " + in_quotes(claim.supposition.id.text());
    const std::string group = claim.supposition.group
                                  ? "no group " + in_quotes(claim.supposition.group->text())
                                  : "no group that could accept a proof";
    return {.code = FindingCode::no_enrollment, .detail = individual + ", and " + group};
}

Result<std::optional<Applicant>> assume_group(const AssumedClaim& claim, const Groups& groups,
                                              Explanation& explanation) {
    const std::vector<const EnrollmentGroup*> candidates = candidates_of(claim, groups);
    std::vector<const EnrollmentGroup*> possible;
    std::vector<Finding> obstacles;
    for (const EnrollmentGroup* group : candidates) {
        obstacles = obstacles_of(group->terms, claim);
        add(explanation, considered(*group, obstacles));
        if (obstacles.empty()) {
            possible.push_back(group);
        }
    }
    if (possible.size() == 1) {
        return applicant_of(claim.supposition.id, *possible.front(), groups);
    }
    if (possible.size() > 1) {
        return std::optional<Applicant>();
    }
    if (candidates.size() == 1) {
        return refuse_for(obstacles.front(), explanation);
    }
    explanation.findings.push_back(nobody(claim));
    return refuse(Code::not_found, explanation);
}

} // namespace

Result<std::optional<Applicant>> assume_proof(const AssumedClaim& claim, EnrollmentFacts& facts,
                                              Explanation& explanation) {
    const auto individual = facts.individual(claim.instance->scope, claim.supposition.id);
    if (!individual) {
        return std::unexpected(individual.error());
    }
    if (*individual) {
        return assume_individual(claim, **individual, explanation);
    }
    const auto groups = facts.groups(claim.instance);
    if (!groups) {
        return std::unexpected(groups.error());
    }
    return assume_group(claim, *groups, explanation);
}

} // namespace muster::provisioning
