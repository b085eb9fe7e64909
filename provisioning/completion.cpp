#include "provisioning/completion.h"

#include "base/text.h"
#include "crypto/keys.h"
#include "provisioning/allocating/definition_views.h"
#include "provisioning/validation.h"

#include <utility>

namespace muster::provisioning {

namespace {

constexpr std::size_t generated_key_bytes = 64; // dps-service 14, 5

void complete_key(Secret& wanted, const Secret* stored, Random& random) {
    if (!wanted.empty()) {
        return;
    }
    wanted = stored != nullptr ? *stored : crypto::new_key(random, generated_key_bytes);
}

SymmetricKeyAttestation complete_keys(SymmetricKeyAttestation wanted, const Attestation* stored,
                                      Random& random) {
    const auto* had = stored == nullptr ? nullptr : std::get_if<SymmetricKeyAttestation>(stored);
    complete_key(wanted.keys.primary, had == nullptr ? nullptr : &had->keys.primary, random);
    complete_key(wanted.keys.secondary, had == nullptr ? nullptr : &had->keys.secondary, random);
    return wanted;
}

bool matches(const std::optional<crypto::Certificate>& stored, const std::string& thumbprint) {
    return stored && equal_ignoring_case(stored->sha256_thumbprint(), thumbprint);
}

/// The stored certificate that an `info` stands for: the one with its thumbprint, in whichever
/// slot; or, if it names none, the one in the same slot.
std::optional<crypto::Certificate> find_kept(const std::string& thumbprint,
                                             const std::optional<crypto::Certificate>& same_slot,
                                             const std::optional<crypto::Certificate>& other_slot) {
    if (thumbprint.empty() || matches(same_slot, thumbprint)) {
        return same_slot;
    }
    return matches(other_slot, thumbprint) ? other_slot : std::nullopt;
}

Result<CertificateSlots> complete_slots(CertificateSlots wanted, const CertificateSlots& stored) {
    if (wanted.kept.primary) {
        wanted.primary = find_kept(*wanted.kept.primary, stored.primary, stored.secondary);
    }
    if (wanted.kept.secondary) {
        wanted.secondary = find_kept(*wanted.kept.secondary, stored.secondary, stored.primary);
    }
    if ((wanted.kept.primary && !wanted.primary) || (wanted.kept.secondary && !wanted.secondary)) {
        return fail(Code::malformed, "a certificate slot holds no certificate, and its info "
                                     "names none that is stored here");
    }
    wanted.kept = {};
    return wanted;
}

template <class Container>
Result<Attestation> complete_container(const Container& wanted, const Attestation* stored) {
    const auto* had = stored == nullptr ? nullptr : std::get_if<Container>(stored);
    Result<CertificateSlots> slots = complete_slots(
        wanted.certificates, had == nullptr ? CertificateSlots() : had->certificates);
    if (!slots) {
        return std::unexpected(std::move(slots).error());
    }
    return Container{*std::move(slots)};
}

Result<Attestation> complete_attestation(Attestation wanted, const Attestation* stored,
                                         Random& random) {
    if (const auto* keys = std::get_if<SymmetricKeyAttestation>(&wanted)) {
        return complete_keys(*keys, stored, random);
    }
    if (const auto* client = std::get_if<ClientCertificates>(&wanted)) {
        return complete_container(*client, stored);
    }
    if (const auto* signing = std::get_if<SigningCertificates>(&wanted)) {
        return complete_container(*signing, stored);
    }
    return wanted;
}

template <class Resource>
Result<Resource> complete(Resource wanted, const Resource* stored, const Instance& instance,
                          Random& random) {
    const Attestation* had = stored != nullptr ? &stored->terms.attestation : nullptr;
    Result<Attestation> attestation =
        complete_attestation(std::move(wanted.terms.attestation), had, random);
    if (!attestation) {
        return std::unexpected(std::move(attestation).error());
    }
    wanted.terms.attestation = *std::move(attestation);
    wanted.terms.custom_allocation =
        complete_definition(std::move(wanted.terms.custom_allocation),
                            stored == nullptr ? std::nullopt : stored->terms.custom_allocation);
    if (stored != nullptr) {
        wanted.id = stored->id; // dps-service 14, 21: the first spelling stays
    }
    if (auto valid = validate(wanted, instance); !valid) {
        return std::unexpected(std::move(valid).error());
    }
    return wanted;
}

} // namespace

Result<IndividualEnrollment> completed(IndividualEnrollment wanted,
                                       const IndividualEnrollment* stored, const Instance& instance,
                                       Random& random) {
    return complete(std::move(wanted), stored, instance, random);
}

Result<EnrollmentGroup> completed(EnrollmentGroup wanted, const EnrollmentGroup* stored,
                                  const Instance& instance, Random& random) {
    return complete(std::move(wanted), stored, instance, random);
}

} // namespace muster::provisioning
