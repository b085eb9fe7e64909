#include "provisioning/validation.h"

#include "crypto/strength.h"
#include "provisioning/allocating/function.h"
#include "provisioning/allocating/rule.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

Result<void> check_allocation(const EnrollmentTerms& terms) {
    if (!terms.hubs.empty() && !terms.allocation_policy) {
        return fail(Code::malformed,
                    "Enrollment allocationPolicy must be specified when iotHubs are specified.");
    }
    if (terms.allocation_policy == AllocationPolicy::fixed && terms.hubs.size() > 1) {
        return fail(Code::malformed, "the static allocation policy takes a single hub");
    }
    if (terms.allocation_policy == AllocationPolicy::custom && !terms.custom_allocation) {
        return fail(Code::malformed, "A CustomAllocationDefinition is required when the "
                                     "allocation policy is set to 'Custom'");
    }
    return {};
}

/// Every hub that a rule names must be one that it can be obeyed with.
Result<void> check_rule(const EnrollmentTerms& terms, const std::string& text,
                        const Instance& instance) {
    const Result<Rule> rule = Rule::parse(text);
    if (!rule) {
        return std::unexpected(rule.error());
    }
    for (const HubName& hub : rule->hubs_named()) {
        if (instance.find_hub(hub) == nullptr) {
            return fail(Code::malformed, "customAllocationDefinition.rule names hub '" +
                                             hub.text() +
                                             "', which is not linked to this provisioning service");
        }
        const bool listed = std::ranges::find(terms.hubs, hub) != terms.hubs.end();
        if (!terms.hubs.empty() && !listed) {
            return fail(Code::malformed, "customAllocationDefinition.rule names hub '" +
                                             hub.text() + "', which is not among the iotHubs");
        }
    }
    return {};
}

/// Any well-formed address is taken; nobody calls it at this point.
Result<void> check_custom_allocation(const EnrollmentTerms& terms, const Instance& instance) {
    if (!terms.custom_allocation) {
        return {};
    }
    const auto definition = read_function_definition(*terms.custom_allocation);
    if (!definition) {
        return std::unexpected(definition.error());
    }
    return definition->rule.empty() ? Result<void>()
                                    : check_rule(terms, definition->rule, instance);
}

Result<void> check_hubs(const EnrollmentTerms& terms, const Instance& instance) {
    std::vector<HubName> hubs = terms.hubs;
    if (terms.legacy_hub) {
        hubs.push_back(*terms.legacy_hub);
    }
    for (const HubName& hub : hubs) {
        if (instance.find_hub(hub) == nullptr) {
            return fail(Code::malformed,
                        "hub '" + hub.text() + "' is not linked to this provisioning service");
        }
    }
    return {};
}

Result<void> check_references(const Attestation& attestation, const Instance& instance) {
    const auto* references = std::get_if<CaReferences>(&attestation);
    if (references == nullptr) {
        return {};
    }
    for (const auto& name : {references->names.primary, references->names.secondary}) {
        if (name && instance.find_certificate(*name) == nullptr) {
            return fail(Code::malformed, "no CA certificate is called '" + *name + "'");
        }
    }
    return {};
}

const CertificateSlots* slots_in(const Attestation& attestation) {
    if (const auto* client = std::get_if<ClientCertificates>(&attestation)) {
        return &client->certificates;
    }
    const auto* signing = std::get_if<SigningCertificates>(&attestation);
    return signing == nullptr ? nullptr : &signing->certificates;
}

Result<void> check_strength(const Attestation& attestation) {
    const CertificateSlots* slots = slots_in(attestation);
    if (slots == nullptr) {
        return {};
    }
    for (const auto* slot : {&slots->primary, &slots->secondary}) {
        if (*slot) {
            if (auto strong = crypto::check_key_strength(**slot); !strong) {
                return strong;
            }
        }
    }
    return {};
}

Result<void> check_terms(const EnrollmentTerms& terms, const Instance& instance) {
    if (auto checked = check_allocation(terms); !checked) {
        return checked;
    }
    if (auto checked = check_custom_allocation(terms, instance); !checked) {
        return checked;
    }
    if (auto checked = check_hubs(terms, instance); !checked) {
        return checked;
    }
    if (auto checked = check_strength(terms.attestation); !checked) {
        return checked;
    }
    return check_references(terms.attestation, instance);
}

} // namespace

Result<void> validate(const IndividualEnrollment& enrollment, const Instance& instance) {
    if (std::holds_alternative<SigningCertificates>(enrollment.terms.attestation)) {
        return fail(Code::malformed, "an individual enrollment takes no signingCertificates");
    }
    return check_terms(enrollment.terms, instance);
}

Result<void> validate(const EnrollmentGroup& group, const Instance& instance) {
    const Attestation& attestation = group.terms.attestation;
    const bool fits = std::holds_alternative<SymmetricKeyAttestation>(attestation) ||
                      std::holds_alternative<SigningCertificates>(attestation) ||
                      std::holds_alternative<CaReferences>(attestation);
    if (!fits) {
        return fail(Code::malformed, "an enrollment group attests by symmetricKey, or by x509 with "
                                     "signingCertificates or caReferences");
    }
    return check_terms(group.terms, instance);
}

} // namespace muster::provisioning
