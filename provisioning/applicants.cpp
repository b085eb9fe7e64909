#include "provisioning/applicants.h"

#include "provisioning/attestation/x509.h"
#include "provisioning/refusals.h"

namespace muster::provisioning {

Result<Applicant> Applicants::identify(const Claim& claim,
                                       const std::shared_ptr<const Instance>& instance,
                                       Explanation& explanation) {
    const auto individual = enrollments_.individual(claim.scope, claim.id);
    if (!individual) {
        return std::unexpected(individual.error());
    }
    if (*individual) {
        return provisioning::identify(claim, **individual, *instance, explanation);
    }
    if (auto checked = check_leaf(claim, explanation); !checked) {
        return std::unexpected(std::move(checked).error());
    }
    auto groups = enrollments_.groups(instance);
    if (!groups) {
        return std::unexpected(std::move(groups).error());
    }
    return provisioning::identify(claim, *std::move(groups), explanation);
}

/// dps-service 9.6: an individual enrollment shadows every group also by its leaf certificate,
/// which may carry a second name (CN and dNSName) that no individual enrollment has.
Result<void> Applicants::check_leaf(const Claim& claim, Explanation& explanation) {
    if (claim.proof.certificates.empty()) {
        return {};
    }
    const auto leaf = crypto::Certificate::from_der(claim.proof.certificates.front());
    if (!leaf) {
        return {}; // whoever needs it will say so
    }
    const auto holder = enrollments_.holder_of(claim.scope, leaf->sha256_thumbprint());
    if (!holder) {
        return std::unexpected(holder.error());
    }
    if (!*holder) {
        return {};
    }
    const std::string id = (*holder)->text();
    add(explanation,
        {.kind = "enrollment",
         .id = id,
         .findings = {{.code = FindingCode::leaf_enrolled_elsewhere,
                       .detail = describe(*leaf, std::span(&*leaf, 1)) + " is enrolled for " +
                                 in_quotes(id) + ", not for " + in_quotes(claim.id.text())}}});
    return refuse(Code::attestation_failed, explanation);
}

Result<std::optional<Decline>>
Applicants::objection_to(const RegistrationRecord& planned,
                         const std::shared_ptr<const Instance>& instance) {
    const auto individual = enrollments_.individual(instance->scope, planned.id);
    if (!individual) {
        return std::unexpected(individual.error());
    }
    if (*individual) {
        return objection_of((*individual)->terms);
    }
    const auto* decider =
        planned.decided_by ? std::get_if<DecidedByGroup>(&*planned.decided_by) : nullptr;
    if (decider == nullptr) {
        return planned.decided_by ? std::optional(enrollment_gone(*planned.decided_by))
                                  : std::nullopt;
    }
    const auto groups = enrollments_.groups(instance);
    if (!groups) {
        return std::unexpected(groups.error());
    }
    const EnrollmentGroup* group = (*groups)->find(decider->id);
    return group == nullptr ? enrollment_gone(*planned.decided_by) : objection_of(group->terms);
}

} // namespace muster::provisioning
