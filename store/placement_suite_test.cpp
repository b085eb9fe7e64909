// Where the devices of the registrations are, and what is left of the erased ones.

#include "store/suite.h"

#include <fmt/format.h>

namespace muster::store {

namespace {

using provisioning::Expected;
using provisioning::RegistrationRecord;
using provisioning::Write;

class PlacementSuite : public StoreSuite {
  protected:
    provisioning::RegistrationStore& registrations() { return stores().registrations(); }

    Result<void> save(const RegistrationRecord& record, const Write& write) {
        return registrations().save(scope, record, write);
    }

    Result<void> add(const RegistrationRecord& record) { return save(record, Expected{0}); }

    std::string at(const HubName& hub, std::string_view after = "", std::size_t count_max = 100) {
        return ids_of(registrations().at_hub(scope, hub, std::string(after), count_max));
    }

    std::string counts() { return describe(registrations().hub_counts(scope)); }

    std::string unfinished() { return ids_of(registrations().unfinished(scope, "", 100)); }

    std::string all() { return ids_of(registrations().all(scope, "", 100)); }

    std::string found(std::string_view id) {
        return describe(registrations().find(scope, RegistrationId(std::string(id))));
    }

    std::int64_t counted() { return stores().enrollments().counts(scope)->registrations; }
};

/// With a plan that ends at the hub.
RegistrationRecord bound_for(const HubName& hub, RegistrationRecord record) {
    record.status = provisioning::RegistrationStatus::assigning;
    provisioning::DeviceProvision provision;
    provision.device_id = DeviceId(record.id.text());
    record.plan = provisioning::Plan{
        .kind = provisioning::PlanKind::move, .hub = hub, .provision = provision};
    return record;
}

RegistrationRecord nowhere(RegistrationRecord record) {
    record.assignment.reset();
    return record;
}

RegistrationRecord with_chore(RegistrationRecord record) {
    record.chores.push_back({.kind = provisioning::ChoreKind::erase,
                             .place = {.hub = hub_2, .device_id = DeviceId(record.id.text())},
                             .token = provisioning::MoveToken("4f3a9c0d11223344")});
    return record;
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Engines, PlacementSuite, every_engine, engine_name);

TEST_P(PlacementSuite, RecordsAreFoundByTheHubTheyAreAssignedTo) {
    for (const std::string_view id : {"d", "B", "a", "C"}) {
        ASSERT_TRUE(add(record(id))); // at hub 1
    }
    ASSERT_TRUE(add(bound_for(hub_2, record("moving"))));
    ASSERT_TRUE(add(bound_for(hub_2, nowhere(record("new")))));
    ASSERT_TRUE(add(nowhere(record("failed"))));
    reopen();
    EXPECT_EQ(at(hub_1), "a B C d moving");
    EXPECT_EQ(at(HubName("HUB-1.example"), "a", 2), "B C");
    EXPECT_EQ(at(hub_1, "d"), "moving");
    EXPECT_EQ(at(hub_1, "", 0), "");
    EXPECT_EQ(at(hub_2), "");
    EXPECT_EQ(ids_of(registrations().at_hub(other_scope, hub_1, "", 10)), "");
}

TEST_P(PlacementSuite, HubsCountWhatTheyHaveAndWhatIsOnItsWay) {
    EXPECT_EQ(counts(), "[]");
    ASSERT_TRUE(add(record("a")));
    ASSERT_TRUE(add(record("b")));
    ASSERT_TRUE(add(bound_for(hub_2, record("c"))));
    ASSERT_TRUE(add(nowhere(record("d"))));
    ASSERT_TRUE(add(bound_for(HubName(), record("asking")))); // for its hub
    ASSERT_TRUE(add(bound_for(HubName(), nowhere(record("asking-first")))));
    reopen();
    EXPECT_EQ(counts(), "[hub-1.example: 3; hub-2.example: 1; ]");
    ASSERT_TRUE(save(bound_for(hub_2, record("a", 2)), Expected{1}));
    EXPECT_EQ(counts(), "[hub-1.example: 2; hub-2.example: 2; ]");
    ASSERT_TRUE(registrations().erase(scope, RegistrationId("asking"), Expected{1}));
    ASSERT_TRUE(registrations().erase(scope, RegistrationId("b"), Expected{1}));
    EXPECT_EQ(counts(), "[hub-2.example: 2; ]");
    EXPECT_EQ(describe(registrations().hub_counts(other_scope)), "[]");
}

TEST_P(PlacementSuite, ChoresAreUnfinishedToo) {
    ASSERT_TRUE(add(with_chore(record("b"))));
    ASSERT_TRUE(add(bound_for(hub_2, record("a"))));
    ASSERT_TRUE(add(record("done")));
    reopen();
    EXPECT_EQ(unfinished(), "a b");
    EXPECT_EQ(ids_of(registrations().unfinished(scope, "a", 1)), "b");
    ASSERT_TRUE(save(record("b", 2), Expected{1}));
    EXPECT_EQ(unfinished(), "a");
}

// ---- erased records ----

TEST_P(PlacementSuite, AnErasedRecordIsHiddenFromEverybodyButTheNextRegistration) {
    auto gone = *erased(with_chore(record("gone", 0)));
    gone.decided_by = provisioning::DecidedByGroup{EnrollmentGroupId("line")};
    ASSERT_TRUE(add(gone));
    ASSERT_TRUE(add(record("stays")));
    reopen();
    EXPECT_EQ(found("GONE"), describe(gone));
    EXPECT_EQ(unfinished(), "gone");
    EXPECT_EQ(all(), "stays");
    EXPECT_EQ(at(hub_1), "stays");
    EXPECT_EQ(counts(), "[hub-1.example: 1; ]");
    EXPECT_EQ(ids_of(registrations().of_group(scope, EnrollmentGroupId("line"), "", 10)), "");
    EXPECT_EQ(counted(), 1);
}

TEST_P(PlacementSuite, TheCountFollowsErasureAndReturn) {
    ASSERT_TRUE(add(record("a")));
    ASSERT_TRUE(save(*erased(record("a")), Expected{1})); // version 2
    EXPECT_EQ(counted(), 0);
    ASSERT_TRUE(save(*erased(record("a", 2)), Expected{2}));
    EXPECT_EQ(counted(), 0);
    EXPECT_EQ(code_of(save(record("a", 4), Expected{2})), Code::conflict);
    EXPECT_EQ(code_of(save(record("a", 1), Expected{0})), Code::conflict) << "it is there";
    ASSERT_TRUE(save(record("a", 4), Expected{3}));
    EXPECT_EQ(counted(), 1);
    ASSERT_TRUE(save(record("a", 5), Expected{4}));
    EXPECT_EQ(counted(), 1);
    EXPECT_EQ(all(), "a");
    ASSERT_TRUE(save(*erased(record("a", 5)), Expected{5}));
    EXPECT_EQ(code_of(registrations().erase(scope, RegistrationId("a"), Expected{5})),
              Code::conflict);
    ASSERT_TRUE(registrations().erase(scope, RegistrationId("a"), Expected{6}));
    EXPECT_EQ(counted(), 0);
    EXPECT_EQ(found("a"), "nothing");
}

TEST_P(PlacementSuite, WhoeverComesBackNeedsRoomInTheQuota) {
    ASSERT_TRUE(add(*erased(record("gone", 0))));
    ASSERT_TRUE(save(record("a"), Write(Expected{0}).limited(1)));
    const auto back = record("gone", 2);
    EXPECT_EQ(code_of(save(back, Write(Expected{1}).limited(1))), Code::quota_exceeded);
    EXPECT_EQ(found("gone"), describe(*erased(record("gone", 0))));
    EXPECT_EQ(counted(), 1);
    EXPECT_TRUE(save(*erased(record("gone", 1)), Write(Expected{1}).limited(1)))
        << "who stays erased needs none";
    EXPECT_TRUE(save(record("a", 2), Write(Expected{1}).limited(1))) << "nor who is there";
    EXPECT_TRUE(save(record("gone", 3), Write(Expected{2}).limited(2)));
    EXPECT_EQ(counted(), 2);
}

TEST_P(PlacementSuite, AnEnrollmentLeavesWhatRemainsOfItsRecord) {
    auto& enrollments = stores().enrollments();
    ASSERT_TRUE(enrollments.save(scope, individual("A"), Expected{0}));
    ASSERT_TRUE(add(with_chore(record("a"))));
    const auto remove = [&](std::int64_t version, const provisioning::Remains& remains) {
        return enrollments.erase_individual(scope, RegistrationId("a"), Expected{version}, remains);
    };
    int calls = 0;
    const provisioning::Remains counting = [&](const RegistrationRecord& record) {
        ++calls;
        EXPECT_EQ(describe(record), describe(with_chore(store::record("a"))));
        return erased(record);
    };
    EXPECT_EQ(code_of(remove(2, counting)), Code::conflict);
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(all(), "a");
    ASSERT_TRUE(remove(1, counting));
    EXPECT_EQ(calls, 1);
    reopen();
    EXPECT_EQ(found("a"), describe(*erased(with_chore(record("a")))));
    EXPECT_EQ(all(), "");
    EXPECT_EQ(unfinished(), "a");
    EXPECT_EQ(at(hub_1), "");
    EXPECT_EQ(describe(stores().enrollments().counts(scope)),
              "0 enrollments, 0 groups, 0 registrations");
}

TEST_P(PlacementSuite, WhatWasErasedBeforeIsNobodysRemains) {
    auto& enrollments = stores().enrollments();
    ASSERT_TRUE(enrollments.save(scope, individual("a"), Expected{0}));
    ASSERT_TRUE(add(*erased(record("a", 0))));
    const provisioning::Remains never = [](const RegistrationRecord&) {
        ADD_FAILURE() << "it was erased already";
        return std::nullopt;
    };
    ASSERT_TRUE(enrollments.erase_individual(scope, RegistrationId("a"), Expected{1}, never));
    EXPECT_EQ(found("a"), describe(*erased(record("a", 0))));
    EXPECT_EQ(counted(), 0);
}

TEST_P(PlacementSuite, NothingRemainsWhereNothingHasTo) {
    auto& enrollments = stores().enrollments();
    for (const std::string_view id : {"with", "without"}) {
        ASSERT_TRUE(enrollments.save(scope, individual(id), Expected{0}));
    }
    ASSERT_TRUE(add(record("with")));
    for (const std::string_view id : {"with", "without"}) {
        ASSERT_TRUE(enrollments.erase_individual(scope, RegistrationId(std::string(id)),
                                                 Expected{1}, nothing_remains));
        EXPECT_EQ(found(id), "nothing");
    }
    EXPECT_EQ(describe(enrollments.counts(scope)), "0 enrollments, 0 groups, 0 registrations");
}

} // namespace muster::store
