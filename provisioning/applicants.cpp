#include "provisioning/applicants.h"

#include "provisioning/attestation/x509.h"
#include "provisioning/documents.h"
#include "provisioning/refusals.h"

namespace muster::provisioning {

namespace {

Applicants::Standing standing(IndividualEnrollment enrollment) {
    Applicants::Standing standing{.terms = {},
                                  .decided_by = DecidedByIndividual{enrollment.id},
                                  .device_id = enrollment.hub_device_id(),
                                  .document = to_document(enrollment, View::read)};
    standing.terms = std::make_shared<const EnrollmentTerms>(std::move(enrollment.terms));
    return standing;
}

/// Shares the ownership of the whole index: terms are not copied for each device.
Applicants::Standing standing(const EnrollmentGroup& group,
                              const std::shared_ptr<const GroupIndex>& groups) {
    return {.terms = std::shared_ptr<const EnrollmentTerms>(groups, &group.terms),
            .decided_by = DecidedByGroup{group.id},
            .device_id = {},
            .document = to_document(group, View::read)};
}

} // namespace

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

Result<Applicants::Standing>
Applicants::standing_of(const RegistrationRecord& record,
                        const std::shared_ptr<const Instance>& instance) {
    auto individual = enrollments_.individual(instance->scope, record.id);
    if (!individual) {
        return std::unexpected(std::move(individual).error());
    }
    if (*individual) {
        return standing(**std::move(individual));
    }
    const auto* decider =
        record.decided_by ? std::get_if<DecidedByGroup>(&*record.decided_by) : nullptr;
    if (decider == nullptr) {
        return Standing();
    }
    auto groups = enrollments_.groups(instance);
    if (!groups) {
        return std::unexpected(std::move(groups).error());
    }
    const EnrollmentGroup* group = (*groups)->find(decider->id);
    return group == nullptr ? Standing() : standing(*group, *groups);
}

} // namespace muster::provisioning
