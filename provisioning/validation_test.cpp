#include "provisioning/test_world.h"
#include "provisioning/validation.h"

namespace muster::provisioning {
namespace {

std::string refusal(const EnrollmentTerms& terms) {
    static const Instance instance = test_instance();
    IndividualEnrollment enrollment = individual("a", SymmetricKeyAttestation{test_keys});
    const Attestation attestation = enrollment.terms.attestation;
    enrollment.terms = terms;
    enrollment.terms.attestation = attestation;
    const auto verdict = validate(enrollment, instance);
    EXPECT_TRUE(verdict || verdict.error().code == Code::malformed);
    return verdict ? "accepted" : verdict.error().detail;
}

std::string refusal_of_webhook(std::string_view definition) {
    EnrollmentTerms terms{.allocation_policy = AllocationPolicy::custom};
    terms.custom_allocation = parse_json_object(definition).value();
    return refusal(terms);
}

const HubName hub_1("hub-1");
const HubName hub_2("hub-2");

TEST(Validation, HubsNeedAPolicy) {
    // the service's own words, dps-service 8.3
    EXPECT_EQ(refusal({.hubs = {hub_1}}),
              "Enrollment allocationPolicy must be specified when iotHubs are specified.");
    EXPECT_EQ(refusal({.allocation_policy = AllocationPolicy::hashed, .hubs = {hub_1, hub_2}}),
              "accepted");
}

TEST(Validation, HubsMustBeLinked) {
    EXPECT_EQ(
        refusal({.allocation_policy = AllocationPolicy::hashed, .hubs = {hub_1, HubName("hub-9")}}),
        "hub 'hub-9' is not linked to this provisioning service");
    EXPECT_EQ(refusal({.legacy_hub = HubName("hub-9")}),
              "hub 'hub-9' is not linked to this provisioning service");
    EXPECT_EQ(refusal({.legacy_hub = hub_2}), "accepted");
}

TEST(Validation, StaticTakesAtMostOneHub) {
    EXPECT_EQ(refusal({.allocation_policy = AllocationPolicy::fixed, .hubs = {hub_1, hub_2}}),
              "the static allocation policy takes a single hub");
    EXPECT_EQ(refusal({.allocation_policy = AllocationPolicy::fixed, .hubs = {hub_1}}), "accepted");
    EXPECT_EQ(refusal({.allocation_policy = AllocationPolicy::fixed}), "accepted")
        << "recorded from the real service";
}

TEST(Validation, CustomNeedsAWebhookOfWhichOnlyTheShapeCounts) {
    // DPS-SERVICE-28
    EXPECT_EQ(refusal({.allocation_policy = AllocationPolicy::custom}),
              "A CustomAllocationDefinition is required when the allocation policy is set to "
              "'Custom'");
    EXPECT_EQ(refusal_of_webhook(R"({"webhookUrl":"https://web.hook","apiVersion":"2019-03-31"})"),
              "accepted");
    EXPECT_EQ(
        refusal_of_webhook(R"({"webhookUrl":"HTTP://h:80/a?code=b%2F","apiVersion":"2019-03-31"})"),
        "accepted");
    for (const auto* url : {"", "web.hook", "/path", "ftp://web.hook", "https://", "https:web",
                            "https://web hook", "file:///etc/passwd"}) {
        EXPECT_EQ(refusal_of_webhook(R"({"apiVersion":"2019-03-31","webhookUrl":")" +
                                     std::string(url) + "\"}"),
                  "customAllocationDefinition.webhookUrl must be an absolute http or https address")
            << url;
    }
    EXPECT_EQ(refusal_of_webhook(R"({"webhookUrl":"https://web.hook"})"),
              "customAllocationDefinition.apiVersion is required");
    EXPECT_EQ(refusal_of_webhook(R"({"apiVersion":"2019-03-31"})"),
              "customAllocationDefinition.webhookUrl is required where there is no rule");
}

TEST(Validation, ARuleNamesHubsThatCanTakeTheDevice) {
    const auto refusal_of_rule = [](std::string_view rule, std::vector<HubName> hubs) {
        EnrollmentTerms terms{.allocation_policy = AllocationPolicy::custom,
                              .hubs = std::move(hubs)};
        terms.custom_allocation = JsonObject{{"rule", rule}};
        return refusal(terms);
    };
    EXPECT_EQ(refusal_of_rule("otherwise hubs('hub-1', 'HUB-2')", {}), "accepted");
    EXPECT_EQ(refusal_of_rule("otherwise hub('hub-1')", {hub_1}), "accepted");
    EXPECT_EQ(refusal_of_rule("otherwise policy('hashed')", {hub_1}), "accepted");
    EXPECT_EQ(refusal_of_rule("when 1 = 2 then hub('hub-9') otherwise hub('hub-1')", {}),
              "customAllocationDefinition.rule names hub 'hub-9', which is not linked to this "
              "provisioning service");
    EXPECT_EQ(refusal_of_rule("otherwise hub('hub-2')", {hub_1}),
              "customAllocationDefinition.rule names hub 'hub-2', which is not among the iotHubs");
    EXPECT_EQ(refusal_of_rule("otherwise hub('hub-1'", {}),
              "customAllocationDefinition.rule column 22: expected ')'");
}

TEST(Validation, AWebhookIsCheckedUnderAnyPolicy) {
    EnrollmentTerms terms;
    terms.custom_allocation = parse_json_object(R"({"webhookUrl":"nowhere"})").value();
    EXPECT_NE(refusal(terms), "accepted");
}

TEST(Validation, IndividualsAndGroupsTakeTheirOwnKindsOfProof) {
    Instance instance = test_instance();
    const auto ca = make_ca("ca");
    instance.certificates.push_back({.name = "ca", .certificate = ca.certificate});
    const auto for_individual = [&](Attestation attestation) {
        return validate(individual("a", std::move(attestation)), instance).has_value();
    };
    const auto for_group = [&](Attestation attestation) {
        return validate(group("a", std::move(attestation)), instance).has_value();
    };
    const Attestation keys = SymmetricKeyAttestation{test_keys};
    const Attestation tpm = TpmAttestation{.endorsement_key = "AA=="};
    EXPECT_TRUE(for_individual(keys) && for_group(keys));
    EXPECT_TRUE(for_individual(client(ca.certificate)) && !for_group(client(ca.certificate)));
    EXPECT_TRUE(!for_individual(signing(ca.certificate)) && for_group(signing(ca.certificate)));
    EXPECT_TRUE(for_individual(references("ca")) && for_group(references("ca")));
    EXPECT_TRUE(!for_individual(references("gone")) && !for_group(references("ca", "gone")));
    EXPECT_TRUE(for_individual(tpm) && !for_group(tpm));
    EXPECT_TRUE(for_individual(NoAttestation{}) && !for_group(NoAttestation{}));
}

} // namespace
} // namespace muster::provisioning
