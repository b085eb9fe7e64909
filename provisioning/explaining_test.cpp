#include "provisioning/explaining.h"
#include "provisioning/planning.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

using enum FindingCode;
using Codes = std::vector<FindingCode>;

struct WhatWouldHappen : testing::Test, World {
    Prediction explain(const Supposition& supposition, const Proposal* proposal = nullptr) {
        const auto prediction = explaining->explain(supposition, proposal);
        EXPECT_TRUE(prediction) << prediction.error().detail;
        return prediction.value_or(Prediction());
    }

    Prediction explain(const std::string& id, const Proposal* proposal = nullptr) {
        return explain({.id = RegistrationId(id), .proof = {}, .group = {}}, proposal);
    }

    Prediction explain(const DeviceRequest& request, const Proposal* proposal = nullptr) {
        return explain({.id = request.id, .proof = request.proof, .group = {}}, proposal);
    }

    Prediction explain_in(const std::string& id, const std::string& group) {
        return explain({.id = RegistrationId(id), .proof = {}, .group = EnrollmentGroupId(group)});
    }
};

std::string decider_of(const Prediction& prediction) {
    if (!prediction.decided_by) {
        return "nobody";
    }
    const auto* by_group = std::get_if<DecidedByGroup>(&*prediction.decided_by);
    return by_group != nullptr ? "group " + by_group->id.text()
                               : std::get<DecidedByIndividual>(*prediction.decided_by).id.text();
}

EnrollmentGroup disabled_group(const std::string& id) {
    EnrollmentGroup off = group(id, SymmetricKeyAttestation{test_keys});
    off.terms.status = ProvisioningStatus::disabled;
    return off;
}

// ---- with a proof ----

TEST_F(WhatWouldHappen, AGoodProofIsAssignedWhereItThenGoes) {
    put(individual("dev-1", SymmetricKeyAttestation{test_keys}));
    const DeviceRequest request = with_key("dev-1", key_a);
    const Prediction before = explain(request);
    EXPECT_EQ(before.outcome, Outcome::assigned);
    EXPECT_FALSE(before.proof_assumed);
    EXPECT_FALSE(before.current_hub);
    EXPECT_EQ(before.policy, "hashed");
    EXPECT_EQ(decider_of(before), "dev-1");
    EXPECT_EQ(before.device_id, DeviceId("dev-1"));
    EXPECT_EQ(before.error_code, 0);
    EXPECT_EQ(provision(request).record->assignment->hub, before.hub);
    EXPECT_EQ(explain(request).current_hub, before.hub);
}

TEST_F(WhatWouldHappen, StoreNothingAndTellNobody) {
    put(individual("dev-1", SymmetricKeyAttestation{test_keys}));
    const std::size_t changes = store.changes().size();
    explain(with_key("dev-1", key_a));
    explain(with_key("dev-1", key_c));
    explain("dev-1");
    settle();
    journal->flush();
    EXPECT_FALSE(record("dev-1"));
    EXPECT_EQ(store.records_written(), 0);
    EXPECT_EQ(store.changes().size(), changes);
    EXPECT_TRUE(store.events().empty());
    EXPECT_EQ(journal_store.appends(), 0);
    EXPECT_EQ(hubs.writes(), 0);
}

TEST_F(WhatWouldHappen, ABadProofIsRefusedWithTheReasons) {
    put(individual("dev-1", SymmetricKeyAttestation{test_keys}));
    const Prediction prediction = explain(with_key("dev-1", key_c));
    EXPECT_EQ(prediction.outcome, Outcome::refused);
    EXPECT_EQ(prediction.error_code, 401000);
    EXPECT_EQ(prediction.message, "unauthorized") << "what the device would hear";
    EXPECT_EQ(codes_of(prediction.explanation), Codes{key_mismatch});
    EXPECT_EQ(decider_of(prediction), "nobody");
}

TEST_F(WhatWouldHappen, ADisabledEnrollmentDeclines) {
    put(disabled_group("off"));
    const Prediction prediction = explain(with_group_key("member", key_a));
    EXPECT_EQ(prediction.outcome, Outcome::declined);
    EXPECT_EQ(prediction.error_code, 403000);
    EXPECT_EQ(decider_of(prediction), "group off");
    EXPECT_EQ(codes_of(prediction.explanation), Codes{enrollment_disabled});
}

TEST_F(WhatWouldHappen, HubsThatAreNoCandidatesAreNamed) {
    put(individual("dev-1", SymmetricKeyAttestation{test_keys}));
    change([](Instance& next) { next.hubs[0].apply_allocation_policy = false; });
    const Prediction prediction = explain("dev-1");
    EXPECT_EQ(prediction.hub, HubName("hub-2"));
    EXPECT_EQ(prediction.excluded, std::vector<std::string>{"hub-1: takes no new devices"});
}

TEST_F(WhatWouldHappen, AFullQuotaIsForeseenForNewDevicesOnly) {
    put(group("g", SymmetricKeyAttestation{test_keys}));
    provision(with_group_key("old", key_a));
    change([](Instance& next) { next.quotas.registrations = 1; });
    EXPECT_EQ(explain("old").outcome, Outcome::assigned);
    const Prediction prediction = explain("new");
    EXPECT_EQ(prediction.outcome, Outcome::refused);
    EXPECT_EQ(prediction.error_code, 403203);
    EXPECT_EQ(codes_of(prediction.explanation), Codes{quota_reached});
}

// ---- without a proof ----

TEST_F(WhatWouldHappen, TheIndividualEnrollmentIsAssumedToAcceptIt) {
    put(individual("dev-1", client(make_leaf("dev-1").certificate)));
    put(group("g", SymmetricKeyAttestation{test_keys}));
    const Prediction prediction = explain_in("DEV-1", "g");
    EXPECT_EQ(prediction.outcome, Outcome::assigned);
    EXPECT_TRUE(prediction.proof_assumed);
    EXPECT_EQ(decider_of(prediction), "dev-1") << "it shadows the groups";
}

TEST_F(WhatWouldHappen, TheGroupNamedDecides) {
    put(group("a", SymmetricKeyAttestation{test_keys}));
    put(disabled_group("b"));
    EXPECT_EQ(decider_of(explain_in("member", "A")), "group a");
    EXPECT_EQ(explain_in("member", "a").outcome, Outcome::assigned);
    EXPECT_EQ(explain_in("member", "b").outcome, Outcome::declined);
    const Prediction nowhere = explain_in("member", "c");
    EXPECT_EQ(nowhere.outcome, Outcome::refused);
    EXPECT_EQ(nowhere.error_code, 404201);
    EXPECT_EQ(nowhere.explanation.findings.at(0).detail,
              "no individual enrollment 'member', and no group 'c'");
}

TEST_F(WhatWouldHappen, ThenTheGroupThatDecidedTheLastTime) {
    put(group("a", SymmetricKeyAttestation{test_keys}));
    put(group("b", SymmetricKeyAttestation{{key_c, key_c}}));
    provision(with_group_key("member", key_c));
    EXPECT_EQ(decider_of(explain("member")), "group b");
    ASSERT_TRUE(enrollments->erase(EnrollmentGroupId("b"), {}, test_operator));
    EXPECT_EQ(decider_of(explain("member")), "group a") << "the only one left";
}

TEST_F(WhatWouldHappen, ThenTheOnlyOneThatCould) {
    EXPECT_EQ(explain("member").outcome, Outcome::refused);
    EXPECT_EQ(codes_of(explain("member").explanation), Codes{no_enrollment});
    put(group("a", SymmetricKeyAttestation{test_keys}));
    auto request = certificate_request("old", crypto::Purpose::certificate_authority);
    request.not_after = test_time - 1h;
    put(group("x", signing(issue(request).certificate)));
    const Prediction prediction = explain("member");
    EXPECT_EQ(decider_of(prediction), "group a");
    EXPECT_EQ(codes_of(prediction.explanation), Codes{certificate_expired}) << "rules out x";
    put(group("b", SymmetricKeyAttestation{{key_c, key_c}}));
    const Prediction either = explain("member");
    EXPECT_EQ(either.outcome, Outcome::undecided);
    EXPECT_EQ(either.explanation.considered.size(), 3U);
    EXPECT_FALSE(either.hub);
}

TEST_F(WhatWouldHappen, WhatNoProofCouldOvercomeIsSaid) {
    auto request = certificate_request("dev-1", crypto::Purpose::client);
    request.not_after = test_time - 1h;
    put(individual("expired", client(issue(request).certificate)));
    put(individual("tpm", TpmAttestation{.endorsement_key = "AToAAQ=="}));
    change([](Instance& next) {
        next.certificates = {{.name = "unproven", .certificate = make_ca("unproven").certificate}};
    });
    put(individual("by-ca", references("unproven")));
    EXPECT_EQ(explain("expired").error_code, 401002);
    EXPECT_EQ(codes_of(explain("expired").explanation), Codes{certificate_expired});
    EXPECT_EQ(explain("tpm").error_code, 501000);
    EXPECT_EQ(codes_of(explain("tpm").explanation), Codes{attestation_unsupported});
    EXPECT_EQ(explain("by-ca").error_code, 401002);
    EXPECT_EQ(codes_of(explain("by-ca").explanation), Codes{ca_not_verified});
    change([](Instance& next) { next.certificates[0].verified = true; });
    EXPECT_EQ(explain("by-ca").outcome, Outcome::assigned);
}

// ---- against a proposal ----

TEST_F(WhatWouldHappen, AProposedEnrollmentShadowsTheStoredOne) {
    put(individual("dev-1", SymmetricKeyAttestation{test_keys}));
    Proposal proposal;
    proposal.enrollments = {individual("DEV-1", SymmetricKeyAttestation{{key_c, key_c}}),
                            individual("dev-2", SymmetricKeyAttestation{test_keys})};
    proposal.enrollments[1].terms.hubs = {HubName("hub-2")};
    EXPECT_EQ(explain(with_key("dev-1", key_a), &proposal).outcome, Outcome::refused);
    EXPECT_EQ(explain(with_key("dev-1", key_c), &proposal).outcome, Outcome::assigned);
    EXPECT_EQ(explain(with_key("dev-2", key_a), &proposal).hub, HubName("hub-2"));
    EXPECT_EQ(explain(with_key("dev-2", key_a)).outcome, Outcome::refused) << "not applied";
}

TEST_F(WhatWouldHappen, ProposedGroupsShadowTheirLikesOnly) {
    put(group("a", SymmetricKeyAttestation{test_keys}));
    put(group("b", SymmetricKeyAttestation{{key_c, key_c}}));
    Proposal proposal;
    proposal.groups = {disabled_group("A")};
    EXPECT_EQ(explain(with_group_key("m", key_a), &proposal).outcome, Outcome::declined);
    EXPECT_EQ(explain(with_group_key("m", key_c), &proposal).outcome, Outcome::assigned);
    proposal.groups.clear();
    proposal.without_groups = {EnrollmentGroupId("B")};
    EXPECT_EQ(explain(with_group_key("m", key_c), &proposal).outcome, Outcome::refused);
    EXPECT_EQ(explain(with_group_key("m", key_a), &proposal).outcome, Outcome::assigned);
}

TEST_F(WhatWouldHappen, AnEnrollmentProposedAwayTakesItsRecordAlong) {
    // dps-service 9.5
    IndividualEnrollment fixed = individual("dev-1", SymmetricKeyAttestation{test_keys});
    fixed.terms.allocation_policy = AllocationPolicy::fixed;
    fixed.terms.hubs = {HubName("hub-1")};
    put(fixed);
    provision(with_key("dev-1", key_a));
    put(group("g", SymmetricKeyAttestation{test_keys}));
    Proposal proposal;
    proposal.without_enrollments = {RegistrationId("DEV-1")};
    const Prediction prediction = explain(with_group_key("dev-1", key_a), &proposal);
    EXPECT_EQ(decider_of(prediction), "group g");
    EXPECT_FALSE(prediction.current_hub);
}

TEST_F(WhatWouldHappen, AProposedInstanceDecidesAboutHubsAndCertificates) {
    const auto ca = make_ca("ca");
    change([&](Instance& next) {
        next.certificates = {{.name = "ca", .certificate = ca.certificate, .verified = false}};
    });
    put(group("g", references("ca")));
    const DeviceRequest request = with_chain("dev-1", chain_of(make_leaf("dev-1", &ca)));
    EXPECT_EQ(codes_of(explain(request).explanation), Codes{ca_not_verified});
    Proposal proposal;
    proposal.instance = *instance.get();
    proposal.instance->certificates[0].verified = true;
    proposal.instance->hubs = {{.name = HubName("hub-9")}};
    EXPECT_EQ(explain(request, &proposal).hub, HubName("hub-9"));
}

TEST_F(WhatWouldHappen, ACertificateProposedForAnotherIdShadowsTheGroups) {
    const auto ca = make_ca("factory");
    auto two_names = certificate_request("blocked", crypto::Purpose::client);
    two_names.dns_names = {"alias"};
    const auto leaf = issue(two_names, &ca);
    put(group("factory", signing(ca.certificate)));
    const DeviceRequest by_alias = with_chain("alias", chain_of(leaf));
    Proposal proposal;
    proposal.enrollments = {individual("blocked", client(leaf.certificate))};
    EXPECT_EQ(explain(by_alias).outcome, Outcome::assigned);
    EXPECT_EQ(codes_of(explain(by_alias, &proposal).explanation), Codes{leaf_enrolled_elsewhere});
    put(individual("blocked", client({}, leaf.certificate)));
    EXPECT_EQ(explain(by_alias).outcome, Outcome::refused);
    proposal.enrollments = {individual("blocked", SymmetricKeyAttestation{test_keys})};
    EXPECT_EQ(explain(by_alias, &proposal).outcome, Outcome::assigned) << "no more its holder";
}

// ---- moves and functions ----

TEST_F(WhatWouldHappen, SaysWhatBecomesOfADeviceThatIsElsewhere) {
    IndividualEnrollment enrollment = individual("dev-1", SymmetricKeyAttestation{test_keys});
    enrollment.terms.allocation_policy = AllocationPolicy::fixed;
    enrollment.terms.hubs = {HubName("hub-1")};
    put(enrollment);
    EXPECT_EQ(explain("dev-1").plan, "assign");
    provision(with_key("dev-1", key_a));
    EXPECT_EQ(explain("dev-1").plan, "keep");
    enrollment.terms.hubs = {HubName("hub-2")};
    put(enrollment, IfMatch::Kind::any);
    EXPECT_EQ(explain("dev-1").plan, "move");
    EXPECT_EQ(explain("dev-1").hub, HubName("hub-2"));
    const auto sticky = explaining->explain(
        {.id = RegistrationId("dev-1"), .proof = {}, .group = {}, .api_version = "2018-04-01"});
    EXPECT_EQ(sticky->plan, "keep");
    enrollment.terms.reprovision_policy = ReprovisionPolicy{.migrate_device_data = false};
    enrollment.terms.hubs = {HubName("hub-1")};
    put(enrollment, IfMatch::Kind::any);
    EXPECT_EQ(explain("dev-1").plan, "reset");
}

TEST_F(WhatWouldHappen, CallsTheFunctionOnlyWhenAskedTo) {
    IndividualEnrollment enrollment = individual("dev-1", SymmetricKeyAttestation{test_keys});
    enrollment.terms.allocation_policy = AllocationPolicy::custom;
    enrollment.terms.custom_allocation =
        JsonObject{{"webhookUrl", "https://f.example/a"}, {"apiVersion", "2021-10-01"}};
    put(enrollment);
    web.answer(R"({"iotHubHostName":"hub-2"})");
    const Prediction unasked = explain("dev-1");
    EXPECT_EQ(unasked.outcome, Outcome::undecided);
    EXPECT_EQ(unasked.plan, "ask");
    EXPECT_EQ(unasked.hub, std::nullopt);
    EXPECT_TRUE(web.calls().empty());
    Supposition supposition{.id = RegistrationId("dev-1"), .proof = {}, .group = {}};
    supposition.payload = Json{{"model", "pump"}};
    supposition.ask_function = true;
    const auto asked = explaining->explain(supposition);
    ASSERT_TRUE(asked);
    EXPECT_TRUE(asked->function_asked);
    EXPECT_EQ(asked->outcome, Outcome::assigned);
    EXPECT_EQ(asked->hub, HubName("hub-2"));
    EXPECT_EQ(asked->plan, "assign");
    ASSERT_EQ(web.calls().size(), 1U);
    EXPECT_NE(web.calls()[0].body.find("pump"), std::string::npos);
    web.answer_by([](const WebCall&) -> Result<WebReply> {
        return WebReply{.status = 403, .content_type = {}, .body = {}};
    });
    const auto refused = explaining->explain(supposition);
    EXPECT_EQ(refused->outcome, Outcome::declined);
    EXPECT_EQ(refused->error_code, 400207);
    EXPECT_FALSE(record("dev-1")) << "nothing is stored";
}

// ---- as a document, and faults ----

TEST_F(WhatWouldHappen, AsADocument) {
    put(group("g", SymmetricKeyAttestation{test_keys}));
    change([](Instance& next) { next.hubs = {{.name = HubName("hub-1")}}; });
    provision(with_group_key("dev-1", key_a));
    const JsonObject expected{
        {"outcome", "assigned"},
        {"proofAssumed", true},
        {"decidedBy", JsonObject{{"kind", "enrollmentGroup"}, {"id", "g"}}},
        {"allocationPolicy", "hashed"},
        {"excludedHubs", JsonArray()},
        {"reasons", to_document(explain("dev-1")).at("reasons")},
        {"functionAsked", false},
        {"plan", "keep"},
        {"hub", "hub-1"},
        {"deviceId", "dev-1"},
        {"currentHub", "hub-1"},
        {"considered", JsonArray{JsonObject{
                           {"kind", "enrollmentGroup"}, {"id", "g"}, {"findings", JsonArray()}}}},
        {"findings", JsonArray()}};
    EXPECT_EQ(to_document(explain("dev-1")), expected);
    EXPECT_FALSE(expected.at("reasons").as_array().empty());
    const JsonObject refused = to_document(explain(with_key("dev-1", key_c)));
    EXPECT_EQ(refused.at("outcome"), Json("refused"));
    EXPECT_EQ(refused.at("errorCode"), Json(401000));
    EXPECT_EQ(refused.at("message"), Json("unauthorized"));
    EXPECT_FALSE(refused.contains("hub"));
}

TEST_F(WhatWouldHappen, AStoreThatIsDownIsNoPrediction) {
    store.fail_reads(1, Code::unavailable);
    const auto prediction =
        explaining->explain({.id = RegistrationId("dev-1"), .proof = {}, .group = {}});
    ASSERT_FALSE(prediction);
    EXPECT_EQ(prediction.error().code, Code::unavailable);
}

} // namespace
} // namespace muster::provisioning
