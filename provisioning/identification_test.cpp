#include "provisioning/identification.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

struct Identification : testing::Test {
    Result<Applicant> by_individual(const DeviceRequest& request, Attestation attestation) {
        explanation = {};
        return identify(claim(request), individual("dev-1", std::move(attestation)), instance,
                        explanation);
    }

    Result<Applicant> by_groups(const DeviceRequest& request, std::vector<EnrollmentGroup> groups) {
        explanation = {};
        return identify(claim(request),
                        std::make_shared<const GroupIndex>(
                            std::move(groups), std::make_shared<const Instance>(instance)),
                        explanation);
    }

    static Claim claim(const DeviceRequest& request) {
        return {.scope = test_scope, .id = request.id, .proof = request.proof, .now = test_time};
    }

    void add_ca(std::string name, const crypto::Identity& ca, bool verified) {
        instance.certificates.push_back(
            {.name = std::move(name), .certificate = ca.certificate, .verified = verified});
    }

    [[nodiscard]] std::vector<FindingCode> codes() const { return codes_of(explanation); }

    Instance instance = test_instance();
    Explanation explanation; // of the last question
};

using Codes = std::vector<FindingCode>;
using enum FindingCode;

Code code_of(const Result<Applicant>& applicant) {
    return applicant ? Code::internal : applicant.error().code;
}

std::string cause_of(const Result<Applicant>& applicant) {
    return applicant ? "accepted" : applicant.error().cause;
}

std::string group_of(const Result<Applicant>& applicant) {
    if (!applicant) {
        return "refused: " + applicant.error().cause;
    }
    const auto* decider = std::get_if<DecidedByGroup>(&applicant->decided_by);
    return decider == nullptr ? "individual" : decider->id.text();
}

EnrollmentGroup disabled(EnrollmentGroup group) {
    group.terms.status = ProvisioningStatus::disabled;
    return group;
}

HubThumbprints thumbprints_of(const Result<Applicant>& applicant) {
    return std::get<HubThumbprints>(applicant.value().credential);
}

using Individual = Identification;

TEST_F(Individual, SymmetricKeysGoToTheHubAsTheyAre) {
    const auto applicant =
        by_individual(with_key("Dev-1", key_b), SymmetricKeyAttestation{test_keys});
    ASSERT_TRUE(applicant) << cause_of(applicant);
    EXPECT_EQ(applicant->credential, HubCredential(HubKeys{test_keys}));
    EXPECT_EQ(applicant->id.text(), "Dev-1");
    EXPECT_EQ(applicant->device_id, DeviceId("dev-1")) << "as the enrollment spells it";
    EXPECT_EQ(applicant->attestation_note, (JsonObject{{"symmetricKey", JsonObject()}}));
}

TEST_F(Individual, WrongTokenIsUnauthenticatedAndSaysWhyToTheLogOnly) {
    const auto applicant =
        by_individual(with_key("dev-1", key_c), SymmetricKeyAttestation{test_keys});
    EXPECT_EQ(code_of(applicant), Code::unauthenticated);
    EXPECT_EQ(applicant.error().detail, "unauthorized");
    EXPECT_EQ(cause_of(applicant),
              "enrollment 'dev-1': key_mismatch: signed with neither the primary nor the "
              "secondary key");
}

TEST_F(Individual, NoProofAndTheWrongKindOfProofAreRefused) {
    const auto leaf = make_leaf("dev-1");
    const Attestation keys = SymmetricKeyAttestation{test_keys};
    const Attestation pin = client(leaf.certificate);
    EXPECT_EQ(code_of(by_individual(request_of("dev-1", {}), keys)), Code::unauthenticated);
    EXPECT_EQ(codes(), Codes{token_missing});
    EXPECT_EQ(code_of(by_individual(with_chain("dev-1", chain_of(leaf)), keys)),
              Code::unauthenticated);
    EXPECT_EQ(codes(), Codes{token_missing});
    EXPECT_EQ(code_of(by_individual(request_of("dev-1", {}), pin)), Code::attestation_failed);
    EXPECT_EQ(codes(), Codes{certificate_missing});
    EXPECT_EQ(code_of(by_individual(with_key("dev-1", key_a), pin)), Code::attestation_failed);
    EXPECT_EQ(codes(), Codes{certificate_missing});
    const Attestation other = client(make_leaf("dev-1").certificate);
    EXPECT_EQ(code_of(by_individual(with_chain("dev-1", chain_of(leaf)), other)),
              Code::attestation_failed);
    EXPECT_EQ(codes(), Codes{not_enrolled_certificate});
}

TEST_F(Individual, KindsThatProveNothingRefuseEverything) {
    const auto leaf = make_leaf("dev-1");
    const DeviceRequest both =
        request_of("dev-1", {.sas = token_for("dev-1", key_a), .certificates = chain_of(leaf)});
    EXPECT_EQ(code_of(by_individual(both, NoAttestation{})), Code::unauthenticated);
    EXPECT_EQ(codes(), Codes{no_attestation});
    EXPECT_EQ(code_of(by_individual(both, signing(leaf.certificate))), Code::unauthenticated);
    const auto tpm = by_individual(both, TpmAttestation{.endorsement_key = "AToAAQ=="});
    EXPECT_EQ(code_of(tpm), Code::unsupported);
    EXPECT_EQ(tpm.error().detail, "TPM attestation is not supported yet");
    EXPECT_EQ(codes(), Codes{attestation_unsupported});
}

TEST_F(Individual, OneClientCertificateIsToldTwiceAndTwoAreToldEach) {
    // iothub C.2
    const auto first = make_leaf("dev-1");
    const auto second = make_leaf("dev-1");
    const std::string one = first.certificate.sha256_thumbprint();
    const std::string two = second.certificate.sha256_thumbprint();
    const DeviceRequest request = with_chain("dev-1", chain_of(first));
    EXPECT_EQ(thumbprints_of(by_individual(request, client(first.certificate))),
              (HubThumbprints{one, one}));
    EXPECT_EQ(thumbprints_of(by_individual(request, client({}, first.certificate))),
              (HubThumbprints{one, one}));
    const auto applicant = by_individual(request, client(second.certificate, first.certificate));
    EXPECT_EQ(thumbprints_of(applicant), (HubThumbprints{two, one}));
    EXPECT_EQ(applicant->attestation_note, (JsonObject{{"x509", JsonObject()}}));
}

TEST_F(Individual, CaReferenceNeedsAVerifiedCa) {
    const auto ca = make_ca("ca");
    const auto other = make_ca("other");
    const auto leaf = make_leaf("dev-1", &ca);
    const DeviceRequest request = with_chain("dev-1", chain_of(leaf));
    add_ca("unproven", ca, false);
    add_ca("other", other, true);
    EXPECT_EQ(cause_of(by_individual(request, references("unproven", "gone"))),
              "enrollment 'dev-1': ca_not_verified: CA certificate 'unproven'; "
              "enrollment 'dev-1': ca_not_registered: CA certificate 'gone'");
    EXPECT_EQ(codes(), (Codes{ca_not_verified, ca_not_registered}));
    EXPECT_EQ(code_of(by_individual(request, references("other"))), Code::attestation_failed);
    add_ca("proven", ca, true);
    const std::string leaf_thumbprint = leaf.certificate.sha256_thumbprint();
    EXPECT_EQ(thumbprints_of(by_individual(request, references("other", "proven"))),
              (HubThumbprints{leaf_thumbprint, leaf_thumbprint}));
}

using SymmetricGroups = Identification;

TEST_F(SymmetricGroups, TheOneWhoseKeySignedDecides) {
    const auto applicant = by_groups(with_group_key("dev-1", key_b),
                                     {group("other", SymmetricKeyAttestation{{key_c, key_c}}),
                                      group("mine", SymmetricKeyAttestation{{key_a, key_b}})});
    EXPECT_EQ(group_of(applicant), "mine");
    const HubKeys derived{
        {crypto::derive_device_key(key_a, "dev-1"), crypto::derive_device_key(key_b, "dev-1")}};
    EXPECT_EQ(applicant->credential, HubCredential(derived));
    EXPECT_EQ(applicant->device_id, std::nullopt) << "groups never name devices";
    EXPECT_EQ(applicant->attestation_note,
              (JsonObject{{"symmetricKey", JsonObject{{"enrollmentGroupId", "mine"}}}}));
}

TEST_F(SymmetricGroups, EnabledOnesAreTriedBeforeDisabledOnes) {
    const SymmetricKeyAttestation same{test_keys};
    const DeviceRequest request = with_group_key("dev-1", key_a);
    EXPECT_EQ(group_of(by_groups(request, {disabled(group("a", same)), group("b", same)})), "b");
    const auto blocked = by_groups(request, {disabled(group("a", same))});
    EXPECT_EQ(group_of(blocked), "a") << "found, so that the device can be told";
    EXPECT_EQ(blocked->terms->status, ProvisioningStatus::disabled);
}

TEST_F(SymmetricGroups, NoneSignedIsUnauthenticatedWithEveryGroupInTheLog) {
    const auto applicant =
        by_groups(with_key("dev-1", key_c), {group("a", SymmetricKeyAttestation{test_keys}),
                                             group("b", SymmetricKeyAttestation{test_keys})});
    EXPECT_EQ(code_of(applicant), Code::unauthenticated);
    EXPECT_EQ(codes(), (Codes{key_mismatch, key_mismatch}));
    EXPECT_EQ(explanation.considered.at(0).kind, "enrollmentGroup");
    EXPECT_EQ(explanation.considered.at(0).id, "a");
    EXPECT_EQ(explanation.considered.at(1).id, "b");
}

TEST_F(SymmetricGroups, NoneAtAllIsNotFound) {
    // DPS-SERVICE-40: the device reads 404201
    EXPECT_EQ(code_of(by_groups(with_key("dev-1", key_a), {})), Code::not_found);
    const auto ca = make_ca("ca");
    EXPECT_EQ(code_of(by_groups(with_key("dev-1", key_a), {group("x", signing(ca.certificate))})),
              Code::not_found);
}

TEST_F(SymmetricGroups, ABadTokenIsABadTokenWhateverThereIs) {
    const DeviceRequest stolen =
        request_of("dev-1", {.sas = token_for("dev-2", key_a), .certificates = {}});
    EXPECT_EQ(code_of(by_groups(stolen, {})), Code::unauthenticated);
    EXPECT_EQ(code_of(by_groups(request_of("dev-1", {}), {})), Code::unauthenticated);
}

TEST_F(SymmetricGroups, AHundredWrongOnesMakeALogLineOfBoundedLength) {
    std::vector<EnrollmentGroup> groups;
    for (int i = 0; i < 100; ++i) {
        groups.push_back(group("group-" + std::to_string(i), SymmetricKeyAttestation{test_keys}));
    }
    const auto applicant = by_groups(with_key("dev-1", key_c), groups);
    EXPECT_LT(cause_of(applicant).size(), 4200U);
    EXPECT_EQ(explanation.considered.size(), explanation_considered_max);
    EXPECT_EQ(explanation.left_out, 100 - explanation_considered_max);
    EXPECT_TRUE(cause_of(applicant).ends_with("; 68 more enrollments")) << cause_of(applicant);
}

struct X509Groups : Identification {
    crypto::Identity root = make_ca("root");
    crypto::Identity middle = make_ca("middle", &root);
    crypto::Identity leaf = make_leaf("dev-1", &middle);
    DeviceRequest request = with_chain("dev-1", chain_of(leaf, middle));
};

TEST_F(X509Groups, TheFirstFromTheLeafUpwardsDecides) {
    // dps-service 9.6
    const auto upper = group("a-root", signing(root.certificate));
    const auto lower = group("middle", signing(middle.certificate));
    EXPECT_EQ(group_of(by_groups(request, {upper, lower})), "middle");
    EXPECT_EQ(group_of(by_groups(request, {upper})), "a-root");
    const auto applicant = by_groups(request, {lower});
    const std::string thumbprint = leaf.certificate.sha256_thumbprint();
    EXPECT_EQ(thumbprints_of(applicant), (HubThumbprints{thumbprint, thumbprint}));
    EXPECT_EQ(applicant->attestation_note, (JsonObject{{"x509", JsonObject()}}));
}

TEST_F(X509Groups, ADisabledOneBlocksThoseAboveIt) {
    const auto applicant = by_groups(request, {group("a-root", signing(root.certificate)),
                                               disabled(group("z", signing(middle.certificate)))});
    EXPECT_EQ(group_of(applicant), "z");
    EXPECT_EQ(applicant->terms->status, ProvisioningStatus::disabled);
    const auto same = by_groups(request, {group("a", signing(middle.certificate)),
                                          disabled(group("z", signing(middle.certificate)))});
    EXPECT_EQ(group_of(same), "z");
}

TEST_F(X509Groups, EitherSlotCounts) {
    const auto other = make_ca("other");
    EXPECT_EQ(
        group_of(by_groups(request, {group("g", signing(other.certificate, root.certificate))})),
        "g");
}

TEST_F(X509Groups, TheChainMayBeReorderedOrIncludeTheRootButMustNotHaveGaps) {
    const auto by_root = std::vector{group("g", signing(root.certificate))};
    EXPECT_EQ(group_of(by_groups(with_chain("dev-1", chain_of(leaf, root, middle)), by_root)), "g");
    EXPECT_EQ(group_of(by_groups(with_chain("dev-1", chain_of(leaf, middle, root)), by_root)), "g");
    EXPECT_EQ(code_of(by_groups(with_chain("dev-1", chain_of(leaf)), by_root)),
              Code::attestation_failed);
}

TEST_F(X509Groups, CaReferencesCountOnceVerified) {
    add_ca("proven", root, true);
    EXPECT_EQ(group_of(by_groups(request, {group("g", references("proven"))})), "g");
    add_ca("unproven", middle, false);
    const auto applicant =
        by_groups(request, {group("g", references("proven")), group("h", references("unproven"))});
    EXPECT_EQ(code_of(applicant), Code::attestation_failed)
        << "the lower certificate has a group, so that group decides";
    EXPECT_EQ(codes(), Codes{ca_not_verified});
    EXPECT_EQ(explanation.considered.at(0).id, "h");
}

TEST_F(X509Groups, StrangersAreRefusedWithTheReason) {
    const std::vector groups{group("g", signing(root.certificate))};
    const auto impostor_ca = make_ca("root");
    const auto impostor = make_leaf("dev-1", &impostor_ca);
    const auto applicant = by_groups(with_chain("dev-1", chain_of(impostor, impostor_ca)), groups);
    EXPECT_EQ(code_of(applicant), Code::attestation_failed);
    EXPECT_EQ(applicant.error().detail, "invalid certificate");
    EXPECT_TRUE(cause_of(applicant).starts_with("group 'g': not_issued_by_anchor: "))
        << cause_of(applicant);
    EXPECT_FALSE(by_groups(with_chain("dev-1", chain_of(make_leaf("dev-1"))), groups));
    EXPECT_EQ(codes(), (Codes{not_issued_by_anchor, not_issued_by_anchor}))
        << "of the group that was not even tried, and of the chain";
}

TEST_F(X509Groups, ACertificateForAnotherNameIsRefused) {
    const std::vector groups{group("g", signing(root.certificate))};
    EXPECT_EQ(code_of(by_groups(with_chain("dev-2", chain_of(leaf, middle)), groups)),
              Code::attestation_failed);
}

TEST_F(X509Groups, TheGroupsOwnCertificateIsNoDevice) {
    const auto ca = make_ca("dev-1");
    EXPECT_EQ(code_of(by_groups(with_chain("dev-1", chain_of(ca)),
                                {group("g", signing(ca.certificate))})),
              Code::attestation_failed);
}

TEST_F(X509Groups, NoneAtAllIsNotFound) {
    EXPECT_EQ(code_of(by_groups(request, {})), Code::not_found);
    EXPECT_EQ(code_of(by_groups(request, {group("s", SymmetricKeyAttestation{test_keys})})),
              Code::not_found);
    EXPECT_EQ(code_of(by_groups(with_chain("dev-1", {"junk"}), {})), Code::attestation_failed);
}

TEST_F(X509Groups, ACertificateOfSomebodyElseDoesNotHideAToken) {
    DeviceRequest both = with_group_key("dev-1", key_a);
    both.proof.certificates = chain_of(make_leaf("some laptop"));
    const std::vector groups{group("s", SymmetricKeyAttestation{test_keys}),
                             group("x", signing(root.certificate))};
    EXPECT_EQ(group_of(by_groups(both, groups)), "s");
    both.proof.sas = token_for("dev-1", key_c);
    EXPECT_EQ(code_of(by_groups(both, groups)), Code::unauthenticated);
}

TEST_F(X509Groups, ATieBetweenATrustedAndAnUnverifiedAnchorIsNotDecidedByOrder) {
    add_ca("unproven", root, false);
    for (const auto* trusting : {"a", "z"}) {
        const std::vector groups{group("m", references("unproven")),
                                 group(trusting, signing(root.certificate))};
        EXPECT_EQ(group_of(by_groups(request, groups)), trusting);
        EXPECT_EQ(group_of(by_groups(request, {groups[1], groups[0]})), trusting);
    }
}

TEST_F(X509Groups, EveryGroupThatWasNotTriedSaysWhy) {
    add_ca("strange", make_ca("strange"), true);
    const auto stranger = make_leaf("dev-1");
    EXPECT_FALSE(by_groups(with_chain("dev-1", chain_of(stranger)),
                           {group("a", references("gone")), group("b", references("strange")),
                            group("c", signing(root.certificate, middle.certificate)),
                            group("d", SymmetricKeyAttestation{test_keys})}));
    EXPECT_EQ(codes(), (Codes{ca_not_registered, not_issued_by_anchor, not_issued_by_anchor,
                              not_issued_by_anchor, not_issued_by_anchor}));
    EXPECT_EQ(explanation.considered.size(), 3U) << "groups of symmetric keys are none of these";
    EXPECT_EQ(explanation.considered.at(2).findings.size(), 2U) << "one for each slot";
}

TEST_F(X509Groups, AnAcceptedDeviceIsExplainedToo) {
    const auto impostor_root = make_ca("root");
    EXPECT_EQ(group_of(by_groups(
                  request, {group("g", signing(impostor_root.certificate, root.certificate))})),
              "g");
    ASSERT_EQ(explanation.considered.size(), 1U);
    EXPECT_TRUE(explanation.considered.at(0).findings.empty());
    EXPECT_EQ(summary_of(explanation), "group 'g': accepts the proof");
}

TEST(GroupCacheTest, ReadsTheGroupsOnceForEachRevision) {
    World world;
    GroupCache cache(world.store);
    world.put(group("a", SymmetricKeyAttestation{test_keys}));
    const int before = world.store.groups_read();
    EXPECT_EQ(cache.current(world.instance.get()).value()->groups().size(), 1U);
    EXPECT_EQ(cache.current(world.instance.get()).value()->groups().size(), 1U);
    EXPECT_EQ(world.store.groups_read(), before + 1);
    world.put(group("b", SymmetricKeyAttestation{test_keys}));
    EXPECT_EQ(cache.current(world.instance.get()).value()->groups().size(), 2U);
    EXPECT_TRUE(world.enrollments->erase(EnrollmentGroupId("a"), {}, test_operator));
    EXPECT_EQ(cache.current(world.instance.get()).value()->groups().size(), 1U);
}

TEST(GroupCacheTest, AChangedInstanceIsLookedAtAnew) {
    World world;
    GroupCache cache(world.store);
    const auto ca = make_ca("ca");
    const auto set_ca = [&](bool verified) {
        world.change([&](Instance& next) {
            next.certificates = {
                {.name = "ca", .certificate = ca.certificate, .verified = verified}};
        });
    };
    set_ca(false);
    world.put(group("a", references("ca")));
    const auto leaf = make_leaf("dev-1", &ca);
    const auto anchors = [&] {
        return cache.current(world.instance.get()).value()->possible_issuers(leaf.certificate);
    };
    ASSERT_EQ(anchors().size(), 1U);
    EXPECT_FALSE(anchors().front()->trusted);
    set_ca(true);
    ASSERT_EQ(anchors().size(), 1U);
    EXPECT_TRUE(anchors().front()->trusted);
}

} // namespace
} // namespace muster::provisioning
