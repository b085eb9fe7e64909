#include "provisioning/enrollment_audit.h"

#include "provisioning/allocating/definition_views.h"
#include "provisioning/documents.h"

#include <string_view>

namespace muster::provisioning {

namespace {

std::string resource_of(const RegistrationId& id) {
    return "enrollment/" + id.text();
}

std::string resource_of(const EnrollmentGroupId& id) {
    return "enrollmentGroup/" + id.text();
}

std::string action_on(const IndividualEnrollment& /*enrollment*/, std::string_view deed) {
    return "enrollment." + std::string(deed);
}

std::string action_on(const EnrollmentGroup& /*group*/, std::string_view deed) {
    return "enrollmentGroup." + std::string(deed);
}

template <class Resource>
JsonObject masked_document(const Resource& resource) {
    JsonObject document = to_document(resource, View::read);
    if (resource.terms.custom_allocation) {
        document["customAllocationDefinition"] =
            masked_definition(*resource.terms.custom_allocation);
    }
    return document;
}

/// Of the function's definition; null if there is none.
Json definition_member(const EnrollmentTerms& terms, std::string_view name) {
    const Json* member =
        terms.custom_allocation ? find_member(*terms.custom_allocation, name) : nullptr;
    return member == nullptr ? Json() : *member;
}

bool definition_changed(const EnrollmentTerms& before, const EnrollmentTerms& after,
                        std::string_view name) {
    return definition_member(before, name) != definition_member(after, name);
}

bool keys_changed(const EnrollmentTerms& before, const EnrollmentTerms& after) {
    const auto* had = std::get_if<SymmetricKeyAttestation>(&before.attestation);
    const auto* has = std::get_if<SymmetricKeyAttestation>(&after.attestation);
    return (had != nullptr && has != nullptr && had->keys != has->keys) ||
           definition_changed(before, after, "signingKey");
}

template <class Resource>
Change change_of_put(const Signature& signature, const Resource* before, const Resource& after) {
    Change change{.at = signature.at,
                  .by = signature.by,
                  .action = action_on(after, before == nullptr ? "create" : "update"),
                  .resource = resource_of(after.id),
                  .before = std::nullopt,
                  .after = masked_document(after)};
    if (before == nullptr) {
        return change;
    }
    change.before = masked_document(*before);
    if (keys_changed(before->terms, after.terms)) {
        (*change.after)["keysChanged"] = true;
    }
    if (definition_changed(before->terms, after.terms, "webhookUrl")) {
        (*change.after)["webhookUrlChanged"] = true;
    }
    return change;
}

template <class Resource>
Change change_of_erasure(const Signature& signature, const Resource& before) {
    return {.at = signature.at,
            .by = signature.by,
            .action = action_on(before, "delete"),
            .resource = resource_of(before.id),
            .before = masked_document(before),
            .after = std::nullopt};
}

} // namespace

Change put_change(const Signature& signature, const IndividualEnrollment* before,
                  const IndividualEnrollment& after) {
    return change_of_put(signature, before, after);
}

Change put_change(const Signature& signature, const EnrollmentGroup* before,
                  const EnrollmentGroup& after) {
    return change_of_put(signature, before, after);
}

Change erase_change(const Signature& signature, const IndividualEnrollment& before,
                    const std::optional<RegistrationRecord>& record) {
    Change change = change_of_erasure(signature, before);
    if (record) {
        (*change.before)["registrationState"] = to_state_document(*record);
    }
    return change;
}

Change erase_change(const Signature& signature, const EnrollmentGroup& before) {
    return change_of_erasure(signature, before);
}

Change erase_change(const Signature& signature, const RegistrationRecord& before) {
    return {.at = signature.at,
            .by = signature.by,
            .action = "registration.delete",
            .resource = "registration/" + before.id.text(),
            .before = to_state_document(before),
            .after = std::nullopt};
}

JsonObject audited_document(const IndividualEnrollment& enrollment) {
    return masked_document(enrollment);
}

JsonObject audited_document(const EnrollmentGroup& group) {
    return masked_document(group);
}

} // namespace muster::provisioning
