// What each change of an enrollment leaves in the audit trail and in the journal, and quotas.

#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

const IfMatch absent{};
const IfMatch any{.kind = IfMatch::Kind::any, .etag = {}};

struct EnrollmentAudit : testing::Test, World {
    /// The only change since the last call.
    Change change_made() {
        const auto all = store.changes();
        EXPECT_EQ(all.size(), seen + 1);
        seen = all.size();
        return all.empty() ? Change() : all.back();
    }

    static std::string headline(const Change& change) {
        return change.action + " " + change.resource + " by " + change.by.name;
    }

    static std::string text_of(const Change& change) {
        return to_text(change.before.value_or(JsonObject())) +
               to_text(change.after.value_or(JsonObject()));
    }

    static void expect_no_keys(const Change& change) {
        for (const Secret& key : {key_a, key_b, key_c}) {
            EXPECT_EQ(text_of(change).find(crypto::encode_key(key)), std::string::npos);
        }
    }

    std::size_t seen = 0;
    IndividualEnrollment keyed = individual("Dev-1", SymmetricKeyAttestation{test_keys});
    EnrollmentGroup keyed_group = group("Group-1", SymmetricKeyAttestation{test_keys});
};

TEST_F(EnrollmentAudit, NamesWhoDidWhatAndWhen) {
    put(keyed);
    const Change created = change_made();
    EXPECT_EQ(headline(created), "enrollment.create enrollment/Dev-1 by policy:test");
    EXPECT_EQ(created.at, test_time);
    EXPECT_FALSE(created.before);
    EXPECT_EQ(created.after->at("registrationId"), "Dev-1");
    clock.advance(1h);
    keyed.terms.status = ProvisioningStatus::disabled;
    put(keyed, IfMatch::Kind::any);
    const Change updated = change_made();
    EXPECT_EQ(headline(updated), "enrollment.update enrollment/Dev-1 by policy:test");
    EXPECT_EQ(updated.at, test_time + 1h);
    EXPECT_EQ(updated.before->at("provisioningStatus"), "enabled");
    EXPECT_EQ(updated.after->at("provisioningStatus"), "disabled");
    ASSERT_TRUE(enrollments->erase(keyed.id, absent, {"token:ci"}));
    const Change erased = change_made();
    EXPECT_EQ(headline(erased), "enrollment.delete enrollment/Dev-1 by token:ci");
    EXPECT_EQ(erased.before->at("provisioningStatus"), "disabled");
    EXPECT_FALSE(erased.after);
}

TEST_F(EnrollmentAudit, GroupsHaveTheirOwnNames) {
    put(keyed_group);
    EXPECT_EQ(headline(change_made()),
              "enrollmentGroup.create enrollmentGroup/Group-1 by policy:test");
    put(keyed_group, IfMatch::Kind::any);
    EXPECT_EQ(headline(change_made()),
              "enrollmentGroup.update enrollmentGroup/Group-1 by policy:test");
    ASSERT_TRUE(enrollments->erase(keyed_group.id, any, test_operator));
    const Change erased = change_made();
    EXPECT_EQ(headline(erased), "enrollmentGroup.delete enrollmentGroup/Group-1 by policy:test");
    EXPECT_EQ(erased.before->at("enrollmentGroupId"), "Group-1");
}

TEST_F(EnrollmentAudit, KeysNeverShowButTheirChangeDoes) {
    put(keyed);
    expect_no_keys(change_made());
    put(keyed, IfMatch::Kind::any);
    const Change same = change_made();
    EXPECT_FALSE(same.after->contains("keysChanged"));
    keyed.terms.attestation = SymmetricKeyAttestation{{key_a, key_c}};
    put(keyed, IfMatch::Kind::any);
    const Change rotated = change_made();
    expect_no_keys(rotated);
    EXPECT_EQ(rotated.after->at("keysChanged"), true);
    EXPECT_FALSE(rotated.before->contains("keysChanged"));
    keyed.terms.attestation = TpmAttestation{.endorsement_key = "AA=="};
    put(keyed, IfMatch::Kind::any);
    EXPECT_FALSE(change_made().after->contains("keysChanged")) << "the type says it";
}

TEST_F(EnrollmentAudit, TheKeyOfAWebhookNeverShows) {
    const auto webhook = [&](std::string_view query) {
        keyed.terms.allocation_policy = AllocationPolicy::custom;
        keyed.terms.custom_allocation =
            JsonObject{{"webhookUrl", "https://web.hook/a?" + std::string(query)},
                       {"apiVersion", "2019-03-31"}};
    };
    webhook("code=SeCrEt");
    put(keyed);
    webhook("code=OtHeR");
    put(keyed, IfMatch::Kind::any);
    for (const Change& change : store.changes()) {
        EXPECT_EQ(text_of(change).find("SeCrEt"), std::string::npos);
        EXPECT_EQ(change.after->at("customAllocationDefinition").at("webhookUrl"),
                  "https://web.hook/a?****");
    }
    EXPECT_EQ(store.changes().back().after->at("webhookUrlChanged"), true);
    EXPECT_EQ(enrollments->get(keyed.id)->enrollment.terms.custom_allocation->at("webhookUrl"),
              "https://web.hook/a?code=OtHeR")
        << "the operator still reads it";
}

TEST_F(EnrollmentAudit, NorDoesTheKeyItIsSignedWith) {
    keyed.terms.allocation_policy = AllocationPolicy::custom;
    const auto sign_with = [&](const char* key) {
        keyed.terms.custom_allocation = JsonObject{
            {"webhookUrl", "https://web.hook"}, {"apiVersion", "2019-03-31"}, {"signingKey", key}};
        put(keyed, seen == 0 ? IfMatch::Kind::absent : IfMatch::Kind::any);
        const Change change = change_made();
        EXPECT_EQ(text_of(change).find(key), std::string::npos);
        EXPECT_EQ(text_of(change).find("signingKey"), std::string::npos);
        return change;
    };
    EXPECT_FALSE(sign_with("MDEyMzQ1Njc4OWFiY2RlZg==").after->contains("keysChanged"));
    EXPECT_EQ(sign_with("ZmVkY2JhOTg3NjU0MzIxMA==").after->at("keysChanged"), true);
    EXPECT_FALSE(sign_with("ZmVkY2JhOTg3NjU0MzIxMA==").after->contains("keysChanged"));
}

TEST_F(EnrollmentAudit, WhatIsRefusedLeavesNothing) {
    EXPECT_FALSE(enrollments->put(keyed, any, test_operator));
    EXPECT_FALSE(enrollments->erase(keyed.id, absent, test_operator));
    EXPECT_FALSE(enrollments->erase_registration(keyed.id, absent, test_operator));
    keyed.terms.hubs = {HubName("unknown")};
    EXPECT_FALSE(enrollments->put(keyed, absent, test_operator));
    EXPECT_TRUE(store.changes().empty());
    EXPECT_TRUE(store.events().empty());
}

TEST_F(EnrollmentAudit, AnEnrollmentTakesItsRecordAlongVisibly) {
    put(keyed);
    provision(with_key("Dev-1", key_a));
    ASSERT_TRUE(enrollments->erase(keyed.id, absent, test_operator));
    const Change erased = store.changes().back();
    EXPECT_EQ(erased.before->at("registrationState").at("status"), "assigned");
    const DeviceEvent event = store.events().back();
    EXPECT_EQ(event.kind, DeviceEventKind::erased);
    EXPECT_EQ(event.registration_id, "Dev-1");
    EXPECT_EQ(event.detail.at("by"), "policy:test");
    EXPECT_TRUE(event.detail.contains("hub"));
}

TEST_F(EnrollmentAudit, DeletingARecordIsAChangeAndAnEventOfTheDevice) {
    put(keyed_group);
    provision(with_group_key("member", key_a));
    ASSERT_TRUE(enrollments->erase_registration(RegistrationId("MEMBER"), absent, test_operator));
    const Change erased = store.changes().back();
    EXPECT_EQ(headline(erased), "registration.delete registration/member by policy:test");
    EXPECT_EQ(erased.before->at("status"), "assigned");
    EXPECT_FALSE(erased.after);
    const DeviceEvent event = store.events().back();
    EXPECT_EQ(event.kind, DeviceEventKind::erased);
    EXPECT_EQ(event.registration_id, "member");
    EXPECT_EQ(event.group, "Group-1");
    EXPECT_EQ(event.at, test_time);
}

TEST_F(EnrollmentAudit, QuotasEndCreationsAndNothingElse) {
    change([](Instance& one) { one.quotas = {.enrollments = 1, .enrollment_groups = 1}; });
    put(keyed);
    put(keyed_group);
    const auto second =
        enrollments->put(individual("dev-2", SymmetricKeyAttestation{}), absent, test_operator);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::quota_exceeded);
    EXPECT_EQ(enrollments->put(group("g-2", SymmetricKeyAttestation{}), absent, test_operator)
                  .error()
                  .code,
              Code::quota_exceeded);
    EXPECT_EQ(store.changes().size(), 2U);
    put(keyed, IfMatch::Kind::any);
    put(keyed_group, IfMatch::Kind::any);
    ASSERT_TRUE(enrollments->erase(keyed.id, absent, test_operator));
    put(individual("dev-2", SymmetricKeyAttestation{}));
    EXPECT_EQ(enrollments->counts()->enrollments, 1);
    EXPECT_EQ(enrollments->counts()->enrollment_groups, 1);
}

TEST_F(EnrollmentAudit, AQuotaChangesWithTheInstanceAtOnce) {
    put(keyed);
    change([](Instance& one) { one.quotas.enrollments = 1; });
    EXPECT_FALSE(enrollments->put(individual("dev-2", NoAttestation{}), absent, test_operator));
    change([](Instance& one) { one.quotas.enrollments.reset(); });
    EXPECT_TRUE(enrollments->put(individual("dev-2", NoAttestation{}), absent, test_operator));
}

} // namespace
} // namespace muster::provisioning
