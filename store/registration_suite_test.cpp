#include "store/suite.h"

#include <atomic>

namespace muster::store {

namespace {

using provisioning::DecidedByGroup;
using provisioning::DecidedByIndividual;
using provisioning::Expected;
using provisioning::RegistrationRecord;
using provisioning::RegistrationStatus;

class RegistrationSuite : public StoreSuite {
  protected:
    provisioning::RegistrationStore& registrations() { return stores().registrations(); }

    Result<void> save(const RegistrationRecord& record, std::int64_t expected) {
        return registrations().save(scope, record, Expected{expected});
    }

    Result<void> erase(std::string_view id, std::int64_t expected) {
        return registrations().erase(scope, RegistrationId(std::string(id)), Expected{expected});
    }

    std::string found(std::string_view id, const IdScope& in = scope) {
        return describe(registrations().find(in, RegistrationId(std::string(id))));
    }

    std::string of_group(std::string_view group, std::string_view after = "",
                         std::size_t count_max = 100, const IdScope& in = scope) {
        return ids_of(registrations().of_group(in, EnrollmentGroupId(std::string(group)),
                                               std::string(after), count_max));
    }
};

RegistrationRecord of(std::string_view group, RegistrationRecord record) {
    record.decided_by = DecidedByGroup{EnrollmentGroupId(std::string(group))};
    return record;
}

RegistrationRecord assigning(RegistrationRecord record) {
    record.status = RegistrationStatus::assigning;
    provisioning::DeviceProvision provision;
    provision.device_id = DeviceId(record.id.text());
    provision.credential =
        provisioning::HubKeys{{Secret(std::string(32, 'p')), Secret(std::string(32, 's'))}};
    provision.initial_twin.desired = {{"interval", 10}};
    record.plan = provisioning::Plan{
        .kind = provisioning::PlanKind::assign, .hub = hub_2, .provision = provision};
    return record;
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Engines, RegistrationSuite, every_engine, engine_name);

TEST_P(RegistrationSuite, WhatIsSavedComesBackWhole) {
    auto full = assigning(of("Line-1", record("Dev-1", 7)));
    full.earlier_operations = {OperationId("5.older"), OperationId("5.oldest")};
    full.payload = JsonObject{{"from", "webhook"}, {"list", {1, 2.5, nullptr}}};
    full.attestation_note = JsonObject{{"x509", JsonObject{}}};
    auto failed = record("dev-2");
    failed.status = RegistrationStatus::failed;
    failed.failure = provisioning::Failure{.error_code = 400209, .message = "no hub"};
    failed.decided_by = DecidedByIndividual{RegistrationId("Dev-2")};
    ASSERT_TRUE(save(full, 0));
    ASSERT_TRUE(save(failed, 0));
    reopen();
    EXPECT_EQ(found("dev-1"), describe(full));
    EXPECT_EQ(found("DEV-2"), describe(failed));
    EXPECT_EQ(found("dev-3"), "nothing");
}

TEST_P(RegistrationSuite, AStaleVersionChangesNothing) {
    EXPECT_EQ(code_of(save(record("a", 2), 1)), Code::conflict);
    EXPECT_EQ(code_of(erase("a", 0)), Code::conflict);
    EXPECT_EQ(code_of(erase("a", 1)), Code::conflict);
    ASSERT_TRUE(save(record("a"), 0));
    EXPECT_EQ(code_of(save(record("A", 9), 0)), Code::conflict);
    EXPECT_EQ(code_of(save(record("a", 9), 2)), Code::conflict);
    EXPECT_EQ(code_of(erase("a", 2)), Code::conflict);
    EXPECT_EQ(found("a"), describe(record("a")));
    ASSERT_TRUE(save(record("a", 2), 1));
    ASSERT_TRUE(erase("A", 2));
    EXPECT_EQ(found("a"), "nothing");
}

TEST_P(RegistrationSuite, OneScopeDoesNotSeeAnother) {
    ASSERT_TRUE(save(assigning(of("line", record("a"))), 0));
    EXPECT_EQ(found("a", other_scope), "nothing");
    EXPECT_EQ(of_group("line", "", 10, other_scope), "");
    EXPECT_EQ(ids_of(registrations().all(other_scope, "", 10)), "");
    EXPECT_EQ(ids_of(registrations().unfinished(other_scope, "", 10)), "");
    EXPECT_EQ(code_of(registrations().erase(other_scope, RegistrationId("a"), Expected{1})),
              Code::conflict);
    ASSERT_TRUE(registrations().save(other_scope, record("a"), Expected{0}));
    EXPECT_EQ(found("a"), describe(assigning(of("line", record("a")))));
}

TEST_P(RegistrationSuite, TheRecordsOfAGroupComeInPages) {
    for (const std::string_view id : {"d", "B", "a", "C"}) {
        ASSERT_TRUE(save(of("Line-1", record(id)), 0));
    }
    ASSERT_TRUE(save(of("line-2", record("bb")), 0));
    auto by_individual = record("line-1");
    by_individual.decided_by = DecidedByIndividual{RegistrationId("line-1")};
    ASSERT_TRUE(save(by_individual, 0));
    ASSERT_TRUE(save(record("undecided"), 0));
    reopen();
    EXPECT_EQ(of_group("line-1"), "a B C d");
    EXPECT_EQ(of_group("LINE-1", "a", 2), "B C");
    EXPECT_EQ(of_group("line-1", "c", 2), "d");
    EXPECT_EQ(of_group("line-1", "", 0), "");
    EXPECT_EQ(of_group("line-2"), "bb");
    EXPECT_EQ(of_group("line-3"), "");
    EXPECT_EQ(ids_of(registrations().all(scope, "", 100)), "a B bb C d line-1 undecided");
    EXPECT_EQ(ids_of(registrations().all(scope, "b", 2)), "bb C");
}

TEST_P(RegistrationSuite, ARecordMovesFromGroupToGroup) {
    ASSERT_TRUE(save(of("line-1", record("a")), 0));
    ASSERT_TRUE(save(of("line-2", record("a", 2)), 1));
    EXPECT_EQ(of_group("line-1"), "");
    EXPECT_EQ(of_group("line-2"), "a");
    ASSERT_TRUE(save(record("a", 3), 2));
    EXPECT_EQ(of_group("line-2"), "");
}

TEST_P(RegistrationSuite, UnfinishedPlansAreFoundAfterARestart) {
    for (const std::string_view id : {"c", "A", "b"}) {
        ASSERT_TRUE(save(assigning(record(id)), 0));
    }
    ASSERT_TRUE(save(record("done"), 0));
    reopen();
    EXPECT_EQ(ids_of(registrations().unfinished(scope, "", 100)), "A b c");
    EXPECT_EQ(ids_of(registrations().unfinished(scope, "", 2)), "A b");
    EXPECT_EQ(ids_of(registrations().unfinished(scope, "a", 2)), "b c");
    EXPECT_EQ(ids_of(registrations().unfinished(scope, "c", 2)), "");
    ASSERT_TRUE(save(record("A", 2), 1));
    ASSERT_TRUE(erase("b", 1));
    EXPECT_EQ(ids_of(registrations().unfinished(scope, "", 100)), "c");
}

TEST_P(RegistrationSuite, OfManyWhoWriteAVersionOneWins) {
    ASSERT_TRUE(save(record("same"), 0));
    for (std::int64_t version = 1; version <= 20; ++version) {
        std::atomic<int> winners = 0;
        race(8, [&](int) {
            const auto saved = save(record("same", version + 1), version);
            winners += saved ? 1 : 0;
            EXPECT_TRUE(saved || saved.error().code == Code::conflict);
        });
        ASSERT_EQ(winners, 1) << version;
    }
}

TEST_P(RegistrationSuite, NoIncrementIsLostBetweenManyWriters) {
    constexpr int writers = 8;
    constexpr int increments = 10;
    ASSERT_TRUE(save(record("counter"), 0));
    race(writers, [&](int) {
        for (int done = 0; done < increments;) {
            const auto current = registrations().find(scope, RegistrationId("counter"));
            ASSERT_TRUE(current && *current);
            const std::int64_t version = (*current)->stamp.version;
            done += save(record("counter", version + 1), version) ? 1 : 0;
        }
    });
    reopen();
    EXPECT_EQ(found("counter"), describe(record("counter", 1 + writers * increments)));
}

TEST_P(RegistrationSuite, ErasureAndChangeDoNotBothWin) {
    for (int round = 0; round < 20; ++round) {
        ASSERT_TRUE(save(record("a"), 0));
        std::atomic<bool> changed = false;
        std::atomic<bool> erased = false;
        race(2, [&](int number) {
            number == 0 ? changed = save(record("a", 2), 1).has_value()
                        : erased = erase("a", 1).has_value();
        });
        ASSERT_NE(changed.load(), erased.load());
        if (changed) {
            ASSERT_TRUE(erase("a", 2));
        }
    }
}

} // namespace muster::store
