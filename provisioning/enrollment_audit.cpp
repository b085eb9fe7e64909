#include "provisioning/enrollment_audit.h"

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

/// The definition's webhookUrl, if it is there and a text.
Json* webhook_in(JsonObject& document) {
    Json* definition = document.if_contains("customAllocationDefinition");
    if (definition == nullptr || !definition->is_object()) {
        return nullptr;
    }
    Json* url = definition->as_object().if_contains("webhookUrl");
    return url != nullptr && url->is_string() ? url : nullptr;
}

std::string masked_address(std::string_view address) {
    const std::size_t end = address.find('?');
    std::string masked(address.substr(0, end));
    masked += end == std::string_view::npos ? "" : "?****";
    const std::size_t scheme = masked.find("://");
    const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
    const std::string_view authority = std::string_view(masked).substr(begin);
    const std::size_t at = authority.substr(0, authority.find_first_of("/?#")).rfind('@');
    return at == std::string_view::npos ? masked : masked.replace(begin, at, "****");
}

template <class Resource>
JsonObject masked_document(const Resource& resource) {
    JsonObject document = to_document(resource, View::read);
    if (Json* url = webhook_in(document)) {
        *url = masked_address(url->as_string());
    }
    return document;
}

bool keys_changed(const Attestation& before, const Attestation& after) {
    const auto* had = std::get_if<SymmetricKeyAttestation>(&before);
    const auto* has = std::get_if<SymmetricKeyAttestation>(&after);
    return had != nullptr && has != nullptr && had->keys != has->keys;
}

bool webhook_changed(const EnrollmentTerms& before, const EnrollmentTerms& after) {
    const auto url_in = [](const EnrollmentTerms& terms) {
        const Json* url =
            terms.custom_allocation ? find_member(*terms.custom_allocation, "webhookUrl") : nullptr;
        return url == nullptr ? Json() : *url;
    };
    return url_in(before) != url_in(after);
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
    if (keys_changed(before->terms.attestation, after.terms.attestation)) {
        (*change.after)["keysChanged"] = true;
    }
    if (webhook_changed(before->terms, after.terms)) {
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
