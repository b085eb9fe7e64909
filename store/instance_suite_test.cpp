// The contract of provisioning::InstanceStore.

#include "store/operator_suite.h"

#include <set>

namespace muster::store {

namespace {

using provisioning::Expected;
using provisioning::Write;

class InstanceSuite : public StoreSuite {
  protected:
    provisioning::InstanceStore& instances() { return stores().instances(); }

    std::string all() { return text_of(instances().all()); }

    /// So many of each kind, with a certificate and events.
    void fill(const IdScope& tenant, int count) {
        for (int number = 0; number < count; ++number) {
            const std::string name = fmt::format("dev-{}", number);
            const auto happened = event(name);
            ASSERT_TRUE(stores().enrollments().save(tenant, individual(name), Expected{0}));
            ASSERT_TRUE(stores().enrollments().save(tenant, group(name), Expected{0}));
            ASSERT_TRUE(stores().registrations().save(tenant, record(name),
                                                      Write(Expected{0}).noted(happened)));
            provisioning::FleetOperation operation;
            operation.id = "op-" + name;
            operation.version = 1;
            ASSERT_TRUE(stores().fleet_operations().save(tenant, operation, 0, nullptr));
        }
        ASSERT_TRUE(stores().enrollments().save(
            tenant, individual_with_certificates("with-certificate", SampleCertificate::a),
            Expected{0}));
    }

    /// Everything that a purge removes.
    std::string contents(const IdScope& tenant) {
        auto& enrollments = stores().enrollments();
        const auto counts = enrollments.counts(tenant);
        return describe(enrollments.individuals(tenant, "", 1000)) +
               describe(enrollments.groups(tenant)) +
               describe(enrollments.groups_revision(tenant)) +
               describe(enrollments.individual_with_thumbprint(
                   tenant, sha256_thumbprint(SampleCertificate::a))) +
               describe(stores().registrations().all(tenant, "", 1000)) +
               describe(stores().registrations().find(tenant, RegistrationId("gone"))) +
               describe(stores().fleet_operations().all(tenant)) +
               text_of(stores().journal().find(tenant, {}, 0, 1000)) +
               fmt::format("{} {} {}", counts->enrollments, counts->enrollment_groups,
                           counts->registrations);
    }

    /// The counts are those of the rows.
    void expect_true_counts(const IdScope& tenant) {
        auto& enrollments = stores().enrollments();
        const auto counts = enrollments.counts(tenant);
        const auto count = [](const auto& rows) { return static_cast<std::int64_t>(rows->size()); };
        EXPECT_EQ(counts->enrollments, count(enrollments.individuals(tenant, "", 1000)));
        EXPECT_EQ(counts->enrollment_groups, count(enrollments.groups(tenant)));
        EXPECT_EQ(counts->registrations, count(stores().registrations().all(tenant, "", 1000)));
    }

    /// Until nothing is left; how often that took.
    int purge_all(const IdScope& tenant, std::size_t rows_max) {
        int times = 1;
        for (auto more = instances().purge(tenant, rows_max); more && *more && times < 1000;
             more = instances().purge(tenant, rows_max)) {
            ++times;
        }
        return times;
    }
};

INSTANTIATE_TEST_SUITE_P(Stores, InstanceSuite, every_engine, engine_name);

} // namespace

TEST_P(InstanceSuite, ComesBackAsItWasSaved) {
    ASSERT_TRUE(instances().save(instance(other_scope, "plant-2"), Expected{0}));
    ASSERT_TRUE(instances().save(instance(scope, "Plant-1"), Expected{0}));
    reopen();
    EXPECT_EQ(all(), describe(instance(scope, "Plant-1")) + "\n" +
                         describe(instance(other_scope, "plant-2")) + "\n");
}

TEST_P(InstanceSuite, ASaveNamesTheVersionItChanges) {
    EXPECT_EQ(code_of(instances().save(instance(scope, "plant", 2), Expected{1})), Code::conflict);
    ASSERT_TRUE(instances().save(instance(scope, "plant", 1), Expected{0}));
    EXPECT_EQ(code_of(instances().save(instance(scope, "plant", 1), Expected{0})), Code::conflict);
    ASSERT_TRUE(instances().save(instance(scope, "plant", 2), Expected{1}));
    EXPECT_EQ(code_of(instances().save(instance(scope, "plant", 2), Expected{1})), Code::conflict);
    EXPECT_EQ(all(), describe(instance(scope, "plant", 2)) + "\n");
}

TEST_P(InstanceSuite, ANameBelongsToOneScopeWhateverItsCase) {
    ASSERT_TRUE(instances().save(instance(scope, "plant"), Expected{0}));
    ASSERT_TRUE(instances().save(instance(other_scope, "mill"), Expected{0}));
    const auto write = change("instance.write");
    const auto renamed = instance(other_scope, "PLANT", 2);
    const auto refused = instances().save(renamed, Write(Expected{1}).audited(write));
    EXPECT_EQ(code_of(refused), Code::already_exists);
    EXPECT_EQ(refused.error().detail, "another instance has the name");
    const IdScope third("0ne00000003");
    EXPECT_EQ(code_of(instances().save(instance(third, "Mill"), Write(Expected{0}).audited(write))),
              Code::already_exists);
    // The version is looked at first.
    EXPECT_EQ(code_of(instances().save(renamed, Expected{7})), Code::conflict);
    EXPECT_EQ(code_of(instances().save(instance(scope, "mill"), Expected{0})), Code::conflict);
    EXPECT_EQ(all(), describe(instance(scope, "plant")) + "\n" +
                         describe(instance(other_scope, "mill")) + "\n");
    EXPECT_EQ(actions_of(stores(), other_scope) + actions_of(stores(), third), "");
}

TEST_P(InstanceSuite, ANameIsFreeOnceItsInstanceHasAnotherOrIsGone) {
    ASSERT_TRUE(instances().save(instance(scope, "plant"), Expected{0}));
    ASSERT_TRUE(instances().save(instance(scope, "mill", 2), Expected{1}));
    ASSERT_TRUE(instances().save(instance(other_scope, "plant"), Expected{0}));
    ASSERT_TRUE(instances().erase(scope, change("instance.erase")));
    EXPECT_TRUE(instances().save(instance(other_scope, "mill", 2), Expected{1}));
}

TEST_P(InstanceSuite, OneOfManyCreatorsOfANameWins) {
    std::atomic<int> created = 0;
    race(8, [&](int number) {
        const IdScope own(fmt::format("0ne1000000{}", number));
        const auto saved = instances().save(instance(own, "plant"), Expected{0});
        created += saved ? 1 : 0;
        EXPECT_TRUE(saved || saved.error().code == Code::already_exists) << describe(saved);
    });
    EXPECT_EQ(created, 1);
}

/// The server's says that it came, which stays when the instance and its chain are gone.
TEST_P(InstanceSuite, AChangeIsInTheInstancesOwnChain) {
    const auto created = change("instance.create");
    const auto changed = change("instance.write");
    ASSERT_TRUE(instances().save(instance(scope, "plant"), Write(Expected{0}).audited(created)));
    ASSERT_TRUE(instances().save(instance(scope, "plant", 2), Write(Expected{1}).audited(changed)));
    ASSERT_FALSE(
        instances().save(instance(scope, "plant", 2), Write(Expected{1}).audited(changed)));
    EXPECT_EQ(actions_of(stores(), scope), "instance.create instance.write");
    EXPECT_EQ(actions_of(stores(), provisioning::server_chain), "instance.create");
}

TEST_P(InstanceSuite, ErasingTakesTheChainAndTellsTheServers) {
    const auto created = change("instance.create");
    ASSERT_TRUE(instances().save(instance(scope, "plant"), Write(Expected{0}).audited(created)));
    ASSERT_TRUE(
        instances().save(instance(other_scope, "mill"), Write(Expected{0}).audited(created)));
    ASSERT_TRUE(instances().erase(scope, change("instance.erase")));
    reopen();
    EXPECT_EQ(all(), describe(instance(other_scope, "mill")) + "\n");
    EXPECT_EQ(actions_of(stores(), scope), "");
    EXPECT_EQ(actions_of(stores(), other_scope), "instance.create");
    EXPECT_EQ(actions_of(stores(), provisioning::server_chain),
              "instance.create instance.create instance.erase");
}

TEST_P(InstanceSuite, ErasingNothingIsNotFoundAndIsNotWritten) {
    EXPECT_EQ(code_of(instances().erase(scope, change("instance.erase"))), Code::not_found);
    EXPECT_EQ(actions_of(stores(), provisioning::server_chain), "");
}

// Longer than what is deleted at once.
TEST_P(InstanceSuite, ErasingTakesALongChain) {
    ASSERT_TRUE(instances().save(instance(scope, "plant"), Expected{0}));
    race(64, [&](int) { // they share commits
        for (int round = 0; round < 65; ++round) {
            ASSERT_TRUE(stores().audit().append(scope, change("policy.rotate")));
        }
    });
    ASSERT_TRUE(instances().erase(scope, change("instance.erase")));
    EXPECT_EQ(text_of(stores().audit().read(scope, 0, 10)), "");
    EXPECT_EQ(actions_of(stores(), provisioning::server_chain), "instance.erase");
}

// A scope that is given out again starts from nothing.
TEST_P(InstanceSuite, AScopeCanBeUsedAgain) {
    const std::string untouched = contents(scope);
    ASSERT_TRUE(instances().save(instance(scope, "plant"), Expected{0}));
    fill(scope, 3);
    purge_all(scope, 100);
    ASSERT_TRUE(instances().erase(scope, change("instance.erase")));
    EXPECT_EQ(contents(scope), untouched);
    const auto created = change("instance.create");
    ASSERT_TRUE(instances().save(instance(scope, "plant"), Write(Expected{0}).audited(created)));
    fill(scope, 2);
    EXPECT_EQ(verdict_on(chain_of(stores(), scope)), "");
    EXPECT_EQ(actions_of(stores(), scope), "instance.create");
    EXPECT_EQ(stores().journal().find(scope, {}, 0, 1)->front().sequence, 2);
    expect_true_counts(scope);
}

TEST_P(InstanceSuite, PurgingAnEmptyScopeIsDoneAtOnce) {
    EXPECT_EQ(instances().purge(scope, 10), false);
    EXPECT_EQ(instances().purge(scope, 0), false);
}

TEST_P(InstanceSuite, PurgingRemovesEverythingButTheInstanceAndItsChain) {
    const std::string untouched = contents(scope);
    const auto created = change("instance.create");
    ASSERT_TRUE(instances().save(instance(scope, "plant"), Write(Expected{0}).audited(created)));
    fill(scope, 3);
    EXPECT_EQ(instances().purge(scope, 1000), false);
    EXPECT_EQ(contents(scope), untouched);
    EXPECT_EQ(all(), describe(instance(scope, "plant")) + "\n");
    EXPECT_EQ(actions_of(stores(), scope), "instance.create");
}

// 3 enrollments and one with a certificate, 3 groups, 3 registrations, 3 operations, 3 events.
TEST_P(InstanceSuite, EveryPurgeIsBoundedAndLeavesTrueCounts) {
    fill(scope, 3);
    for (const bool expected : {true, true, true, false}) {
        EXPECT_EQ(instances().purge(scope, 5), expected);
        expect_true_counts(scope);
    }
    fill(scope, 3);
    EXPECT_EQ(purge_all(scope, 1), 17);
    fill(scope, 3);
    EXPECT_EQ(purge_all(scope, 0), 17) << "at least one at a time, or it would never end";
}

TEST_P(InstanceSuite, PurgingIsTakenUpAgainAndLeavesOtherScopesAlone) {
    fill(scope, 6);
    fill(other_scope, 4);
    const std::string other = contents(other_scope);
    std::set<std::string> steps;
    for (bool more = true; more; reopen()) {
        const auto purged = instances().purge(scope, 3);
        ASSERT_TRUE(purged);
        more = *purged;
        EXPECT_TRUE(steps.insert(contents(scope)).second) << "a purge has to get on";
        EXPECT_EQ(contents(other_scope), other);
        expect_true_counts(scope);
    }
    EXPECT_EQ(steps.size(), 11U); // 31 rows, three at a time
    EXPECT_EQ(contents(other_scope), other);
}

// They count for nothing, whether they are there or gone.
TEST_P(InstanceSuite, ErasedRecordsArePurgedWithoutBeingCounted) {
    const std::string untouched = contents(scope);
    ASSERT_TRUE(stores().registrations().save(scope, record("stays"), Expected{0}));
    ASSERT_TRUE(stores().registrations().save(scope, *erased(record("gone", 0)), Expected{0}));
    EXPECT_EQ(instances().purge(scope, 1), true) << "the erased one";
    expect_true_counts(scope);
    EXPECT_EQ(describe(stores().registrations().find(scope, RegistrationId("gone"))), "nothing");
    purge_all(scope, 1);
    EXPECT_EQ(contents(scope), untouched);
}

TEST_P(InstanceSuite, ThumbprintsArePurgedWithTheirEnrollments) {
    fill(scope, 0);
    EXPECT_EQ(instances().purge(scope, 1), true);
    const auto again = individual_with_certificates("another", SampleCertificate::a);
    EXPECT_TRUE(stores().enrollments().save(scope, again, Expected{0}));
}

} // namespace muster::store
