#pragma once
// Random enrollments that an instance called test_instance() accepts, for property tests.

#include "provisioning/test_world.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace muster::provisioning {

class RandomEnrollments {
  public:
    explicit RandomEnrollments(std::uint64_t seed) : engine_(seed) {}

    IndividualEnrollment individual() {
        IndividualEnrollment enrollment;
        enrollment.id = RegistrationId(text("abcXYZ019-._:", 40) + "z");
        if (chance()) {
            enrollment.device_id = DeviceId(text("abcXYZ019-:.+%_#*?!(),=@$'", 40));
        }
        if (chance()) {
            enrollment.device_information = object(3);
        }
        enrollment.terms = terms();
        enrollment.terms.attestation = individual_attestation();
        return enrollment;
    }

    EnrollmentGroup group() {
        EnrollmentGroup group;
        group.id = EnrollmentGroupId(text("abcXYZ019-._:", 40) + "-");
        group.terms = terms();
        group.terms.attestation = chance() ? Attestation(SymmetricKeyAttestation{keys()})
                                           : Attestation(SigningCertificates{certificate_slots()});
        return group;
    }

    std::size_t below(std::size_t bound) { return engine_() % bound; }

    bool chance() { return below(2) == 0; }

  private:
    std::string text(std::string_view alphabet, std::size_t size_max) {
        std::string text;
        for (std::size_t i = 1 + below(size_max); i > 0; --i) {
            text += alphabet[below(alphabet.size())];
        }
        return text;
    }

    std::string words() { return text("abc xyz \"\\/\n\t{}[]:,'<>&%", 20) + "\u00e5\U0001F600"; }

    Json value(int depth) {
        switch (below(depth > 0 ? 8 : 6)) {
        case 0: return nullptr;
        case 1: return chance();
        case 2: return static_cast<std::int64_t>(engine_());
        case 3: return static_cast<std::uint64_t>(engine_());
        case 4: return static_cast<double>(static_cast<std::int32_t>(engine_())) / 1024;
        case 5: return Json(words());
        case 6: return array(depth - 1);
        default: return object(depth - 1);
        }
    }

    JsonArray array(int depth) {
        JsonArray array;
        for (std::size_t i = below(4); i > 0; --i) {
            array.push_back(value(depth));
        }
        return array;
    }

    JsonObject object(int depth) {
        JsonObject object;
        for (std::size_t i = below(5); i > 0; --i) {
            object[words()] = value(depth);
        }
        return object;
    }

    JsonObject initial_twin() {
        JsonObject twin = object(1);
        if (chance()) {
            twin["tags"] = object(3);
        }
        if (chance()) {
            twin["properties"] = JsonObject{{"desired", object(3)}};
        }
        return twin;
    }

    SymmetricKeys keys() {
        const auto key = [&] { return Secret(random_.bytes(16 + below(49))); };
        return {.primary = key(), .secondary = key()};
    }

    CertificateSlots certificate_slots() {
        static const std::vector<crypto::Identity> pool{make_leaf("one"), make_leaf("two"),
                                                        make_ca("three")};
        const auto& some = pool[below(pool.size())].certificate;
        switch (below(3)) {
        case 0: return slots(some);
        case 1: return slots({}, some);
        default: return slots(some, pool[below(pool.size())].certificate);
        }
    }

    Attestation individual_attestation() {
        switch (below(5)) {
        case 0: return SymmetricKeyAttestation{keys()};
        case 1: return ClientCertificates{certificate_slots()};
        case 2:
            return TpmAttestation{.endorsement_key = base64_encode(random_.bytes(20)),
                                  .storage_root_key = base64_encode(random_.bytes(20))};
        case 3: return TpmAttestation{.endorsement_key = "AToAAQ=="};
        default: return NoAttestation{};
        }
    }

    void choose_allocation(EnrollmentTerms& terms) {
        using enum AllocationPolicy;
        switch (below(6)) {
        case 0: terms.hubs_sent_empty = true; break;
        case 1: terms.allocation_policy = hashed; [[fallthrough]];
        case 2:
            terms.allocation_policy = terms.allocation_policy.value_or(geo_latency);
            terms.hubs = {HubName("Hub-1"), HubName("hub-2")};
            break;
        case 3:
            terms.allocation_policy = fixed;
            terms.hubs = {HubName("HUB-2")};
            break;
        case 4:
            terms.allocation_policy = custom;
            terms.custom_allocation = JsonObject{{"webhookUrl", "https://web.hook/a?code=b"},
                                                 {"apiVersion", "2019-03-31"},
                                                 {"more", value(1)}};
            break;
        default: break;
        }
    }

    EnrollmentTerms terms() {
        EnrollmentTerms terms;
        choose_allocation(terms);
        terms.status = chance() ? ProvisioningStatus::enabled : ProvisioningStatus::disabled;
        if (chance()) {
            terms.reprovision_policy = ReprovisionPolicy{.update_hub_assignment = chance(),
                                                         .migrate_device_data = chance()};
        }
        if (below(4) == 0) {
            terms.legacy_hub = HubName("Hub-1");
        }
        if (chance()) {
            terms.iot_edge = chance();
        }
        if (chance()) {
            terms.initial_twin = initial_twin();
        }
        if (below(4) == 0) {
            terms.trust_bundle_id = words();
            terms.certificate_issuance = object(2);
            terms.credential_policy = words();
        }
        return terms;
    }

    std::mt19937_64 engine_;
    SeededRandom random_{engine_()};
};

} // namespace muster::provisioning
