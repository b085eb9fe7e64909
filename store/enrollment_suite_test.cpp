#include "store/suite.h"

#include <atomic>
#include <limits>

namespace muster::store {

namespace {

using provisioning::Expected;

class EnrollmentSuite : public StoreSuite {
  protected:
    provisioning::EnrollmentStore& enrollments() { return stores().enrollments(); }

    Result<void> save(const provisioning::IndividualEnrollment& enrollment, std::int64_t expected) {
        return enrollments().save(scope, enrollment, Expected{expected});
    }

    Result<void> save(const provisioning::EnrollmentGroup& group, std::int64_t expected) {
        return enrollments().save(scope, group, Expected{expected});
    }

    Result<void> erase_individual(std::string_view id, std::int64_t expected) {
        return enrollments().erase_individual(scope, RegistrationId(std::string(id)),
                                              Expected{expected}, nothing_remains);
    }

    Result<void> erase_group(std::string_view id, std::int64_t expected) {
        return enrollments().erase_group(scope, EnrollmentGroupId(std::string(id)),
                                         Expected{expected});
    }

    std::string found(std::string_view id, const IdScope& in = scope) {
        return describe(enrollments().find_individual(in, RegistrationId(std::string(id))));
    }

    std::string found_group(std::string_view id, const IdScope& in = scope) {
        return describe(enrollments().find_group(in, EnrollmentGroupId(std::string(id))));
    }

    std::string holder(SampleCertificate which, const IdScope& in = scope) {
        return describe(enrollments().individual_with_thumbprint(in, sha256_thumbprint(which)));
    }

    std::int64_t revision(const IdScope& of = scope) {
        return enrollments().groups_revision(of).value_or(-1);
    }
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Engines, EnrollmentSuite, every_engine, engine_name);

TEST_P(EnrollmentSuite, WhatIsSavedComesBackWhole) {
    EXPECT_EQ(found("first"), "nothing");
    ASSERT_TRUE(save(individual("first"), 0));
    ASSERT_TRUE(save(group("line-1"), 0));
    reopen();
    EXPECT_EQ(found("first"), describe(individual("first")));
    EXPECT_EQ(found_group("line-1"), describe(group("line-1")));
    EXPECT_EQ(found("line-1"), "nothing");
    EXPECT_EQ(found_group("first"), "nothing");
}

TEST_P(EnrollmentSuite, IdsAreComparedWithoutCaseAndKeptAsSpelled) { // DPS-DEVICE-65
    ASSERT_TRUE(save(individual("MiXed"), 0));
    ASSERT_TRUE(save(group("Line-1"), 0));
    EXPECT_EQ(found("mIxED"), describe(individual("MiXed")));
    EXPECT_EQ(found_group("LINE-1"), describe(group("Line-1")));
    EXPECT_EQ(code_of(save(individual("mixed"), 0)), Code::conflict);
    ASSERT_TRUE(save(individual("MIXED", 2), 1));
    EXPECT_EQ(found("mixed"), describe(individual("MIXED", 2)));
    ASSERT_TRUE(erase_individual("miXED", 2));
    EXPECT_EQ(found("MiXed"), "nothing");
}

TEST_P(EnrollmentSuite, AStaleVersionChangesNothing) {
    EXPECT_EQ(code_of(save(individual("a", 2), 1)), Code::conflict);
    EXPECT_EQ(code_of(erase_individual("a", 1)), Code::conflict);
    EXPECT_EQ(code_of(erase_individual("a", 0)), Code::conflict);
    EXPECT_EQ(found("a"), "nothing");

    ASSERT_TRUE(save(individual("a"), 0));
    EXPECT_EQ(code_of(save(individual("a", 9), 0)), Code::conflict);
    EXPECT_EQ(code_of(save(individual("a", 9), 2)), Code::conflict);
    EXPECT_EQ(code_of(erase_individual("a", 0)), Code::conflict);
    EXPECT_EQ(code_of(erase_individual("a", 2)), Code::conflict);
    EXPECT_EQ(found("a"), describe(individual("a")));

    ASSERT_TRUE(save(individual("a", 2), 1));
    EXPECT_EQ(code_of(save(individual("a", 9), 1)), Code::conflict);
    EXPECT_EQ(found("a"), describe(individual("a", 2)));
    ASSERT_TRUE(erase_individual("a", 2));
    ASSERT_TRUE(save(individual("a"), 0));
}

TEST_P(EnrollmentSuite, AStaleVersionOfAGroupChangesNothing) {
    EXPECT_EQ(code_of(save(group("a", 2), 1)), Code::conflict);
    EXPECT_EQ(code_of(erase_group("a", 0)), Code::conflict);
    ASSERT_TRUE(save(group("a"), 0));
    EXPECT_EQ(code_of(save(group("a", 9), 0)), Code::conflict);
    EXPECT_EQ(code_of(save(group("a", 9), 2)), Code::conflict);
    EXPECT_EQ(code_of(erase_group("a", 2)), Code::conflict);
    EXPECT_EQ(found_group("a"), describe(group("a")));
    ASSERT_TRUE(save(group("a", 2), 1));
    ASSERT_TRUE(erase_group("a", 2));
    EXPECT_EQ(found_group("a"), "nothing");
}

TEST_P(EnrollmentSuite, OneScopeDoesNotSeeAnother) {
    ASSERT_TRUE(save(individual("a"), 0));
    ASSERT_TRUE(save(group("a"), 0));
    EXPECT_EQ(found("a", other_scope), "nothing");
    EXPECT_EQ(found_group("a", other_scope), "nothing");
    EXPECT_EQ(ids_of(enrollments().groups(other_scope)), "");
    EXPECT_EQ(ids_of(enrollments().individuals(other_scope, "", 10)), "");
    EXPECT_EQ(revision(other_scope), 0);
    ASSERT_TRUE(enrollments().save(other_scope, individual("a"), Expected{0}));
    ASSERT_TRUE(erase_individual("a", 1));
    EXPECT_EQ(found("a", other_scope), describe(individual("a")));
}

TEST_P(EnrollmentSuite, PagesRunInTheOrderOfFoldedIds) {
    for (const std::string_view id : {"b", "A", "C.1", "c-1", "a2", "10", "9"}) {
        ASSERT_TRUE(save(individual(id), 0));
    }
    ASSERT_TRUE(enrollments().save(other_scope, individual("a1"), Expected{0}));
    reopen();
    EXPECT_EQ(ids_of(enrollments().individuals(scope, "", 100)), "10 9 A a2 b c-1 C.1");
    EXPECT_EQ(ids_of(enrollments().individuals(scope, "", 2)), "10 9");
    EXPECT_EQ(ids_of(enrollments().individuals(scope, "9", 2)), "A a2");
    EXPECT_EQ(ids_of(enrollments().individuals(scope, "a1", 2)), "a2 b");
    EXPECT_EQ(ids_of(enrollments().individuals(scope, "c.1", 2)), "");
    EXPECT_EQ(ids_of(enrollments().individuals(scope, "", 0)), "");
    const auto all = std::numeric_limits<std::size_t>::max();
    EXPECT_EQ(ids_of(enrollments().individuals(scope, "b", all)), "c-1 C.1");
}

TEST_P(EnrollmentSuite, GroupsComeInTheOrderOfFoldedIds) {
    for (const std::string_view id : {"b", "A", "c"}) {
        ASSERT_TRUE(save(group(id), 0));
    }
    EXPECT_EQ(ids_of(enrollments().groups(scope)), "A b c");
}

TEST_P(EnrollmentSuite, TheRevisionGrowsWithEveryChangeOfAGroupAndOnlyThen) {
    EXPECT_EQ(revision(), 0);
    ASSERT_TRUE(save(group("a"), 0));
    EXPECT_EQ(revision(), 1);
    ASSERT_TRUE(save(group("a", 2), 1));
    EXPECT_EQ(revision(), 2);
    EXPECT_FALSE(save(group("a", 2), 1));
    EXPECT_FALSE(erase_group("a", 1));
    ASSERT_TRUE(save(individual("a"), 0));
    EXPECT_EQ(revision(), 2);
    ASSERT_TRUE(erase_group("a", 2));
    reopen();
    EXPECT_EQ(revision(), 3);
}

TEST_P(EnrollmentSuite, ErasingAnIndividualErasesItsRegistration) { // dps-service 9.5
    auto& registrations = stores().registrations();
    ASSERT_TRUE(save(individual("Gone"), 0));
    ASSERT_TRUE(registrations.save(scope, record("gone"), Expected{0}));
    ASSERT_TRUE(registrations.save(scope, record("stays"), Expected{0}));
    ASSERT_TRUE(registrations.save(other_scope, record("gone"), Expected{0}));
    EXPECT_FALSE(erase_individual("gone", 2));
    EXPECT_EQ(ids_of(registrations.all(scope, "", 10)), "gone stays");
    ASSERT_TRUE(erase_individual("gone", 1));
    reopen();
    EXPECT_EQ(ids_of(stores().registrations().all(scope, "", 10)), "stays");
    EXPECT_EQ(ids_of(stores().registrations().all(other_scope, "", 10)), "gone");
}

TEST_P(EnrollmentSuite, ClientCertificatesLeadToTheirEnrollment) {
    EXPECT_EQ(holder(SampleCertificate::a), "nothing");
    ASSERT_TRUE(save(individual_with_certificates("Dev-A", SampleCertificate::a), 0));
    ASSERT_TRUE(save(individual("other"), 0));
    reopen();
    EXPECT_EQ(holder(SampleCertificate::a), "Dev-A");
    EXPECT_EQ(holder(SampleCertificate::b), "nothing");
    EXPECT_EQ(holder(SampleCertificate::a, other_scope), "nothing");
}

TEST_P(EnrollmentSuite, AChangedCertificateFreesTheOldOne) {
    ASSERT_TRUE(save(individual_with_certificates("a", SampleCertificate::a), 0));
    auto changed = individual_with_certificates("A", SampleCertificate::b, SampleCertificate::b);
    changed.stamp.version = 2;
    ASSERT_TRUE(save(changed, 1));
    EXPECT_EQ(holder(SampleCertificate::a), "nothing");
    EXPECT_EQ(holder(SampleCertificate::b), "A");
    ASSERT_TRUE(save(individual("a", 3), 2));
    EXPECT_EQ(holder(SampleCertificate::b), "nothing");
    ASSERT_TRUE(save(individual_with_certificates("b", SampleCertificate::b), 0));
    ASSERT_TRUE(erase_individual("b", 1));
    EXPECT_EQ(holder(SampleCertificate::b), "nothing");
}

TEST_P(EnrollmentSuite, ACertificateBelongsToOneEnrollment) { // dps-service 14, 15
    ASSERT_TRUE(save(individual_with_certificates("a", SampleCertificate::a), 0));
    const auto second =
        individual_with_certificates("b", SampleCertificate::b, SampleCertificate::a);
    EXPECT_EQ(code_of(save(second, 0)), Code::already_exists);
    EXPECT_EQ(found("b"), "nothing");
    EXPECT_EQ(holder(SampleCertificate::b), "nothing");
    ASSERT_TRUE(enrollments().save(other_scope, second, Expected{0}));

    ASSERT_TRUE(save(individual("b"), 0));
    auto changed = second;
    changed.stamp.version = 2;
    EXPECT_EQ(code_of(save(changed, 1)), Code::already_exists);
    EXPECT_EQ(found("b"), describe(individual("b")));
}

TEST_P(EnrollmentSuite, OfManyWhoCreateTheSameOneWins) {
    std::atomic<int> winners = 0;
    race(16, [&](int) {
        const auto saved = save(individual("same"), 0);
        winners += saved ? 1 : 0;
        EXPECT_TRUE(saved || saved.error().code == Code::conflict);
    });
    EXPECT_EQ(winners, 1);
}

TEST_P(EnrollmentSuite, OfManyWhoClaimACertificateOneWins) {
    std::atomic<int> winners = 0;
    race(16, [&](int number) {
        const std::string id = "claims-" + std::to_string(number);
        const auto saved = save(individual_with_certificates(id, SampleCertificate::a), 0);
        winners += saved ? 1 : 0;
        EXPECT_TRUE(saved || saved.error().code == Code::already_exists);
    });
    EXPECT_EQ(winners, 1);
    EXPECT_EQ(enrollments().individuals(scope, "", 100)->size(), 1U);
}

TEST_P(EnrollmentSuite, NoChangeOfAGroupIsMissedByTheRevision) {
    race(8, [&](int number) {
        const std::string id = "group-" + std::to_string(number);
        ASSERT_TRUE(save(group(id), 0));
        ASSERT_TRUE(save(group(id, 2), 1));
    });
    EXPECT_EQ(revision(), 16);
}

} // namespace muster::store
