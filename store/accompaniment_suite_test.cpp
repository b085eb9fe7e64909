// What every write of enrollments and registrations carries along: quota, audit entry, event.

#include "store/suite.h"

#include <fmt/format.h>

#include <atomic>

namespace muster::store {

namespace {

using provisioning::Change;
using provisioning::DeviceEvent;
using provisioning::Expected;
using provisioning::Write;

class AccompanimentSuite : public StoreSuite {
  protected:
    provisioning::EnrollmentStore& enrollments() { return stores().enrollments(); }

    provisioning::RegistrationStore& registrations() { return stores().registrations(); }

    std::string counts(const IdScope& of = scope) { return describe(enrollments().counts(of)); }

    /// The actions in the scope's audit chain, which must be whole.
    std::string audited() {
        const auto entries = stores().audit().read(scope, 0, 100);
        EXPECT_TRUE(entries);
        provisioning::AuditVerifier verifier;
        std::string actions;
        for (const provisioning::AuditEntry& entry : *entries) {
            EXPECT_TRUE(verifier.check(entry));
            const auto text = parse_json_object(entry.text);
            EXPECT_TRUE(text);
            actions += (actions.empty() ? "" : " ") + *string_member(*text, "action");
        }
        return actions;
    }

    std::size_t noted() {
        const auto events = stores().journal().find(scope, {}, 0, 100);
        EXPECT_TRUE(events);
        return events->size();
    }
};

Change change(std::string action) {
    return {.at = from_unix_seconds(1'900'000'000),
            .by = {"policy:owner"},
            .action = std::move(action),
            .resource = "enrollment/a",
            .before = {},
            .after = {}};
}

DeviceEvent event() {
    DeviceEvent made;
    made.at = from_unix_seconds(1'900'000'000);
    made.kind = provisioning::DeviceEventKind::assigned;
    made.registration_id = "a";
    made.detail = JsonObject{{"hub", "hub-1"}};
    return made;
}

Write at_most(std::int64_t count_max, std::int64_t expected = 0) {
    return Write(Expected{expected}).limited(count_max);
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Engines, AccompanimentSuite, every_engine, engine_name);

TEST_P(AccompanimentSuite, EveryKindIsCountedByScope) {
    EXPECT_EQ(counts(), "0 enrollments, 0 groups, 0 registrations");
    ASSERT_TRUE(enrollments().save(scope, individual("a"), Expected{0}));
    ASSERT_TRUE(enrollments().save(scope, individual("b"), Expected{0}));
    ASSERT_TRUE(enrollments().save(scope, group("g"), Expected{0}));
    ASSERT_TRUE(registrations().save(scope, record("a"), Expected{0}));
    ASSERT_TRUE(registrations().save(scope, record("x"), Expected{0}));
    ASSERT_TRUE(enrollments().save(other_scope, group("g"), Expected{0}));
    reopen();
    EXPECT_EQ(counts(), "2 enrollments, 1 groups, 2 registrations");
    EXPECT_EQ(counts(other_scope), "0 enrollments, 1 groups, 0 registrations");

    // Changes and refusals count nothing.
    ASSERT_TRUE(enrollments().save(scope, individual("a", 2), Expected{1}));
    ASSERT_TRUE(registrations().save(scope, record("x", 2), Expected{1}));
    EXPECT_FALSE(enrollments().save(scope, group("g"), Expected{0}));
    EXPECT_FALSE(enrollments().erase_group(scope, EnrollmentGroupId("g"), Expected{7}));
    EXPECT_EQ(counts(), "2 enrollments, 1 groups, 2 registrations");

    // The registration goes with its enrollment.
    ASSERT_TRUE(
        enrollments().erase_individual(scope, RegistrationId("A"), Expected{2}, nothing_remains));
    EXPECT_EQ(counts(), "1 enrollments, 1 groups, 1 registrations");
    ASSERT_TRUE(
        enrollments().erase_individual(scope, RegistrationId("b"), Expected{1}, nothing_remains));
    ASSERT_TRUE(registrations().erase(scope, RegistrationId("x"), Expected{2}));
    ASSERT_TRUE(enrollments().erase_group(scope, EnrollmentGroupId("g"), Expected{1}));
    reopen();
    EXPECT_EQ(counts(), "0 enrollments, 0 groups, 0 registrations");
    EXPECT_EQ(counts(other_scope), "0 enrollments, 1 groups, 0 registrations");
}

TEST_P(AccompanimentSuite, AQuotaRefusesCreationsOnly) {
    ASSERT_TRUE(enrollments().save(scope, individual("a"), at_most(1)));
    const auto refused = enrollments().save(scope, individual("b"), at_most(1));
    ASSERT_EQ(code_of(refused), Code::quota_exceeded);
    EXPECT_EQ(refused.error().detail, "the quota of individual enrollments (1) is used up");
    EXPECT_EQ(code_of(enrollments().save(scope, individual("a"), at_most(1))), Code::conflict);
    ASSERT_TRUE(enrollments().save(scope, individual("a", 2), at_most(0, 1)));
    ASSERT_TRUE(enrollments().save(other_scope, individual("b"), at_most(1)));
    ASSERT_TRUE(
        enrollments().erase_individual(scope, RegistrationId("a"), Expected{2}, nothing_remains));
    ASSERT_TRUE(enrollments().save(scope, individual("b"), at_most(1)));
    EXPECT_EQ(ids_of(enrollments().individuals(scope, "", 10)), "b");
}

TEST_P(AccompanimentSuite, EachKindHasItsOwnQuota) {
    ASSERT_TRUE(enrollments().save(scope, individual("a"), at_most(1)));
    ASSERT_TRUE(enrollments().save(scope, group("a"), at_most(1)));
    ASSERT_TRUE(registrations().save(scope, record("a"), at_most(1)));
    const auto group_refused = enrollments().save(scope, group("b"), at_most(1));
    const auto record_refused = registrations().save(scope, record("b"), at_most(1));
    ASSERT_EQ(code_of(group_refused), Code::quota_exceeded);
    ASSERT_EQ(code_of(record_refused), Code::quota_exceeded);
    EXPECT_EQ(group_refused.error().detail, "the quota of enrollment groups (1) is used up");
    EXPECT_EQ(record_refused.error().detail, "the quota of registrations (1) is used up");
    ASSERT_TRUE(enrollments().save(scope, group("a", 2), at_most(1, 1)));
    ASSERT_TRUE(registrations().save(scope, record("a", 2), at_most(1, 1)));
    reopen();
    EXPECT_EQ(ids_of(enrollments().groups(scope)), "a");
    EXPECT_EQ(ids_of(registrations().all(scope, "", 10)), "a");
    EXPECT_EQ(enrollments().groups_revision(scope), 2);
}

TEST_P(AccompanimentSuite, ManyAtOnceDoNotOverrunAQuota) {
    constexpr int bound = 10;
    std::atomic<int> created = 0;
    race(8, [&](int number) {
        for (int round = 0; round < 5; ++round) {
            const std::string id = fmt::format("{}-{}", number, round);
            const auto individual_saved = enrollments().save(scope, individual(id), at_most(bound));
            const auto record_saved = registrations().save(scope, record(id), at_most(bound));
            created += (individual_saved ? 1 : 0) + (record_saved ? 1 : 0);
            EXPECT_TRUE(individual_saved || code_of(individual_saved) == Code::quota_exceeded);
        }
    });
    EXPECT_EQ(created, 2 * bound);
    EXPECT_EQ(counts(), "10 enrollments, 0 groups, 10 registrations");
    EXPECT_EQ(enrollments().individuals(scope, "", 100)->size(), 10U);
}

TEST_P(AccompanimentSuite, CreationsAndErasuresAtTheBoundKeepTheCount) {
    race(8, [&](int number) {
        const std::string id = fmt::format("dev-{}", number);
        for (int round = 0; round < 10; ++round) {
            if (enrollments().save(scope, individual(id), at_most(3))) {
                EXPECT_TRUE(enrollments().erase_individual(scope, RegistrationId(id), Expected{1},
                                                           nothing_remains));
            }
        }
    });
    EXPECT_EQ(counts(), "0 enrollments, 0 groups, 0 registrations");
}

TEST_P(AccompanimentSuite, EveryWriteIsAuditedAndNoted) {
    const DeviceEvent noted_event = event();
    int step = 0;
    std::vector<Change> changes;
    changes.reserve(8); // writes point to them
    const auto with = [&](std::int64_t expected) {
        changes.push_back(change(fmt::format("step-{}", ++step)));
        return Write(Expected{expected}).audited(changes.back()).noted(noted_event);
    };
    ASSERT_TRUE(enrollments().save(scope, individual("a"), with(0)));
    ASSERT_TRUE(enrollments().save(scope, individual("a", 2), with(1)));
    ASSERT_TRUE(enrollments().save(scope, group("a"), with(0)));
    ASSERT_TRUE(enrollments().erase_group(scope, EnrollmentGroupId("a"), with(1)));
    ASSERT_TRUE(registrations().save(scope, record("a"), with(0)));
    ASSERT_TRUE(registrations().save(scope, record("a", 2), with(1)));
    ASSERT_TRUE(registrations().erase(scope, RegistrationId("a"), with(2)));
    ASSERT_TRUE(
        enrollments().erase_individual(scope, RegistrationId("a"), with(2), nothing_remains));
    reopen();
    EXPECT_EQ(audited(), "step-1 step-2 step-3 step-4 step-5 step-6 step-7 step-8");
    EXPECT_EQ(noted(), 8U);
}

TEST_P(AccompanimentSuite, ARefusedWriteLeavesNeither) {
    const DeviceEvent noted_event = event();
    const Change refused = change("refused");
    ASSERT_TRUE(enrollments().save(
        scope, individual_with_certificates("there", SampleCertificate::a), Expected{0}));
    const auto with = [&](std::int64_t expected, std::int64_t count_max = 100) {
        return at_most(count_max, expected).audited(refused).noted(noted_event);
    };
    EXPECT_FALSE(enrollments().save(scope, individual("there"), with(0)));
    EXPECT_FALSE(enrollments().save(scope, individual("a"), with(0, 1)));
    EXPECT_FALSE(enrollments().save(scope, individual_with_certificates("a", SampleCertificate::a),
                                    with(0)));
    EXPECT_FALSE(
        enrollments().erase_individual(scope, RegistrationId("a"), with(1), nothing_remains));
    EXPECT_FALSE(enrollments().save(scope, group("a"), with(0, 0)));
    EXPECT_FALSE(enrollments().erase_group(scope, EnrollmentGroupId("a"), with(1)));
    EXPECT_FALSE(registrations().save(scope, record("a"), with(0, 0)));
    EXPECT_FALSE(registrations().save(scope, record("a", 2), with(1)));
    EXPECT_FALSE(registrations().erase(scope, RegistrationId("a"), with(1)));
    reopen();
    EXPECT_EQ(audited(), "");
    EXPECT_EQ(noted(), 0U);
    EXPECT_EQ(counts(), "1 enrollments, 0 groups, 0 registrations");
}

} // namespace muster::store
