#include "provisioning/instances/instances_world.h"
#include "provisioning/instances/purge.h"

namespace muster::provisioning {
namespace {

struct DeletionTest : testing::Test, InstancesWorld {
    IdScope scope_of(const std::string& name) { return instances->find(name)->scope; }
};

TEST_F(DeletionTest, RefusesWhatIsNotThereOrNotTheVersion) {
    EXPECT_EQ(code_of(instances->erase("dps-1", {}, by)), Code::not_found);
    make("dps-1");
    EXPECT_EQ(code_of(instances->erase("dps-1", exactly(ETag("x")), by)), Code::precondition);
    EXPECT_EQ(instances->find("dps-1")->state, InstanceState::active);
    EXPECT_TRUE(instances->erase("DPS-1", exactly(instances->find("dps-1")->stamp.etag), by));
}

TEST_F(DeletionTest, EndsServiceAtOnceAndPurgesInSteps) {
    const IdScope scope = make("dps-1")->scope;
    store.fill(scope, 3 * purge_rows_max + 1);
    const auto held = sites->served.at(scope.text());
    ASSERT_TRUE(instances->erase("dps-1", {}, by));

    EXPECT_TRUE(sites->served.empty());
    EXPECT_EQ(held->get()->state, InstanceState::deleting);
    EXPECT_EQ(instances->find("dps-1")->state, InstanceState::deleting);
    EXPECT_EQ(store.all()->front().state, InstanceState::deleting);
    EXPECT_EQ(store.rows(scope), 3 * purge_rows_max + 1);
    ASSERT_TRUE(workers.run_one());
    EXPECT_EQ(store.rows(scope), 2 * purge_rows_max + 1);

    settle();
    EXPECT_EQ(store.rows(scope), 0U);
    EXPECT_TRUE(store.all()->empty());
    EXPECT_EQ(instances->find("dps-1"), nullptr);
    EXPECT_TRUE(instances->all().empty());
    EXPECT_EQ(sites->heard, (std::vector<std::string>{"serve dps-1", "withdraw dps-1"}));
}

TEST_F(DeletionTest, NamesWhoDidItInTheServersChain) {
    const IdScope scope = make("dps-1")->scope;
    ASSERT_TRUE(instances->erase("dps-1", {}, {"token:alice"}));
    EXPECT_EQ(store.audit().back().scope, scope.text());
    EXPECT_EQ(store.audit().back().change.action, "instance.delete");
    restart(); // nobody is asked again
    settle();
    const FakeAuditEntry last = store.audit().back();
    EXPECT_EQ(last.scope, "");
    EXPECT_EQ(last.change.action, "instance.delete");
    EXPECT_EQ(last.change.resource, "instance/dps-1");
    EXPECT_EQ(last.change.by.name, "token:alice");
    EXPECT_EQ(last.change.before->at("idScope"), Json(scope.text()));
}

TEST_F(DeletionTest, WaitsForRequestsThatHadBegun) {
    const IdScope scope = make("dps-1")->scope;
    ASSERT_TRUE(instances->erase("dps-1", {}, by));
    workers.run_all(); // nothing left
    EXPECT_EQ(store.all()->size(), 1U);
    store.fill(scope, 3); // a late write
    settle();
    EXPECT_EQ(store.rows(scope), 0U);
    EXPECT_TRUE(store.all()->empty());
}

TEST_F(DeletionTest, KeepsTheNameUntilItHasEnded) {
    make("dps-1");
    ASSERT_TRUE(instances->erase("dps-1", {}, by));
    const auto again = try_put(named("dps-1"));
    EXPECT_EQ(code_of(again), Code::conflict);
    EXPECT_EQ(detail_of(again), "the instance dps-1 is being deleted; its name is free again when "
                                "that has ended");
    EXPECT_EQ(
        code_of(instances->rotate_key("dps-1", "provisioningserviceowner", KeySlot::primary, by)),
        Code::conflict);
    EXPECT_EQ(code_of(instances->erase_certificate("dps-1", "x", {}, by)), Code::conflict);
    EXPECT_TRUE(instances->erase("dps-1", {}, by)); // once more is no mistake
    const IdScope old = scope_of("dps-1");
    settle();
    EXPECT_TRUE(make("dps-1"));
    EXPECT_NE(scope_of("dps-1"), old);
}

TEST_F(DeletionTest, IsTakenUpAgainAfterARestart) {
    const IdScope scope = make("dps-1")->scope;
    make("dps-2");
    store.fill(scope, 3 * purge_rows_max);
    ASSERT_TRUE(instances->erase("dps-1", {}, by));
    ASSERT_TRUE(workers.run_one());
    restart();
    EXPECT_EQ(sites->heard, std::vector<std::string>{"serve dps-2"});
    EXPECT_EQ(instances->find("dps-1")->state, InstanceState::deleting);
    settle();
    EXPECT_EQ(store.rows(scope), 0U);
    EXPECT_EQ(store.all()->size(), 1U);
}

TEST_F(DeletionTest, GoesOnAfterFailures) {
    const IdScope scope = make("dps-1")->scope;
    store.fill(scope, 2 * purge_rows_max);
    ASSERT_TRUE(instances->erase("dps-1", {}, by));
    store.fail_writes(9, Code::unavailable);
    const auto begun = timers.now();
    settle();
    EXPECT_TRUE(store.all()->empty());
    EXPECT_GT(timers.now() - begun, std::chrono::minutes(2)); // waiting longer each time
    EXPECT_EQ(store.rows(scope), 0U);
}

TEST_F(DeletionTest, WaitsForAFullQueue) {
    make("dps-1");
    workers.full = true;
    ASSERT_TRUE(instances->erase("dps-1", {}, by));
    EXPECT_EQ(timers.waiting(), 1U);
    ASSERT_TRUE(timers.run_next());
    EXPECT_EQ(timers.waiting(), 1U);
    workers.full = false;
    settle();
    EXPECT_TRUE(store.all()->empty());
}

TEST_F(DeletionTest, DoesNotBeginIfItCannotBeStored) {
    make("dps-1");
    store.fail_writes(1, Code::unavailable);
    EXPECT_EQ(code_of(instances->erase("dps-1", {}, by)), Code::unavailable);
    EXPECT_EQ(instances->find("dps-1")->state, InstanceState::active);
    EXPECT_EQ(sites->served.size(), 1U);
    EXPECT_EQ(workers.waiting(), 0U);
}

TEST_F(DeletionTest, OfOneLeavesNothingBehindInTheOthers) {
    make("dps-1");
    const IdScope other = make("dps-2")->scope;
    store.fill(other, 10);
    ASSERT_TRUE(instances->erase("dps-1", {}, by));
    settle();
    EXPECT_EQ(store.rows(other), 10U);
    EXPECT_EQ(instances->all().size(), 1U);
}

TEST_F(DeletionTest, MayOutliveItsOwner) {
    make("dps-1");
    ASSERT_TRUE(instances->erase("dps-1", {}, by));
    instances.reset(); // what it left in the queue finds nobody
    settle();
    EXPECT_EQ(store.all()->size(), 1U);
}

} // namespace
} // namespace muster::provisioning
