#include "provisioning/fleet/fleet_world.h"

namespace muster::provisioning {
namespace {

class QuarantineTest : public testing::Test {
  protected:
    std::vector<std::string> actions() {
        std::vector<std::string> actions;
        for (const Change& change : world.store.changes()) {
            if (change.resource == "registration/dev-00000") {
                actions.push_back(change.action);
            }
        }
        return actions;
    }

    static RegistrationId id() { return RegistrationId("DEV-00000"); }

    FleetWorld world;
};

TEST_F(QuarantineTest, MovesADeviceAndKeepsItThere) {
    world.populate(1);
    ASSERT_TRUE(world.fleets->quarantine(id(), hub_3, "it floods", fleet_operator));
    world.run_for(60s);
    EXPECT_EQ(world.hub_of("dev-00000"), "hub-3");
    ASSERT_EQ(actions(),
              (std::vector<std::string>{"registration.quarantine", "registration.reassign"}));
    const auto changes = world.store.changes();
    const auto& change = *std::ranges::find(changes, "registration.quarantine", &Change::action);
    EXPECT_EQ(change.by.name, fleet_operator.name);
    EXPECT_EQ(change.after->at("reason"), "it floods");
    EXPECT_EQ(change.after->at("heldAt"), "hub-3");
    world.provision(with_group_key("dev-00000", key_a));
    EXPECT_EQ(world.hub_of("dev-00000"), "hub-3") << "whatever its enrollment says";

    InstanceSettings only{.name = "fleet", .tenant = "acme"};
    only.hubs = {{.name = hub_1, .apply_allocation_policy = false},
                 {.name = hub_2},
                 {.name = hub_3, .apply_allocation_policy = false}};
    ASSERT_TRUE(world.instances.put(only, {}, configuration));
    ASSERT_TRUE(world.fleets->release(id(), fleet_operator));
    world.run_for(60s);
    EXPECT_EQ(world.hub_of("dev-00000"), "hub-2");
    EXPECT_FALSE(world.record("dev-00000")->held_at);
}

TEST_F(QuarantineTest, RefusesWhatMakesNoSense) {
    world.populate(1);
    const auto code = [](const Result<void>& done) {
        return done ? std::nullopt : std::optional(done.error().code);
    };
    EXPECT_EQ(code(world.fleets->quarantine(RegistrationId("none"), hub_2, "", fleet_operator)),
              Code::not_found);
    EXPECT_EQ(code(world.fleets->quarantine(id(), HubName("hub-9"), "", fleet_operator)),
              Code::malformed);
    EXPECT_EQ(code(world.fleets->quarantine(id(), hub_2, std::string(257, 'x'), fleet_operator)),
              Code::malformed);
    EXPECT_EQ(code(world.fleets->quarantine(id(), hub_2, "a\nb", fleet_operator)), Code::malformed);
    EXPECT_EQ(code(world.fleets->release(id(), fleet_operator)), Code::precondition);
    EXPECT_EQ(code(world.fleets->release(RegistrationId("none"), fleet_operator)), Code::not_found);
    EXPECT_TRUE(actions().empty());
    EXPECT_EQ(world.hub_of("dev-00000"), "hub-1");
}

TEST_F(QuarantineTest, HoldsADeviceWhereItIs) {
    world.populate(1);
    ASSERT_TRUE(world.fleets->quarantine(id(), hub_1, "", fleet_operator));
    world.run_for(60s);
    EXPECT_EQ(world.hub_of("dev-00000"), "hub-1");
    EXPECT_EQ(world.record("dev-00000")->held_at, hub_1);
    const auto drain = world.begin(OperationKind::drain);
    EXPECT_EQ(world.run_until_quiet(drain.id), OperationState::done);
    EXPECT_EQ(world.hub_of("dev-00000"), "hub-1");
    EXPECT_EQ(world.view(drain.id).operation.failures,
              std::vector<std::string>{"dev-00000: stays: quarantined here"});
}

/// A plan under way is finished first; then the device goes without being asked again.
TEST_F(QuarantineTest, GoesAfterThePlanThatIsUnderWay) {
    world.populate(1);
    world.hubs.down(hub_1);
    ASSERT_TRUE(world.registration->register_device(with_group_key("dev-00000", key_a)));
    world.run_for(1s);
    ASSERT_TRUE(world.fleets->quarantine(id(), hub_3, "", fleet_operator));
    world.run_for(1s);
    EXPECT_TRUE(world.record("dev-00000")->held_at);
    world.hubs.recover();
    world.run_for(120s);
    EXPECT_EQ(world.hub_of("dev-00000"), "hub-3");
}

/// The same, if that plan is given up with the operation whose part it is.
TEST_F(QuarantineTest, GoesAfterThePlanOfAnOperationThatIsStopped) {
    world.populate(1);
    world.hubs.down(hub_2);
    world.hubs.down(hub_3);
    const auto drain = world.begin(OperationKind::drain);
    world.run_for(1s);
    ASSERT_TRUE(world.fleets->quarantine(id(), hub_3, "", fleet_operator));
    ASSERT_TRUE(world.fleets->stop(drain.id, fleet_operator));
    EXPECT_EQ(world.run_until_quiet(drain.id), OperationState::stopped);
    world.hubs.recover();
    world.run_for(120s);
    EXPECT_EQ(world.hub_of("dev-00000"), "hub-3");
}

TEST_F(QuarantineTest, SurvivesAConflict) {
    world.populate(1);
    world.store.before_next_save([&] {
        auto record = *world.record("dev-00000");
        const auto version = record.stamp.version++;
        ASSERT_TRUE(world.registrations().save(test_scope, record, Expected{version}));
    });
    ASSERT_TRUE(world.fleets->quarantine(id(), hub_2, "", fleet_operator));
    world.run_for(60s);
    EXPECT_EQ(world.hub_of("dev-00000"), "hub-2");
}

TEST_F(QuarantineTest, GathersAGroupAndReleasesIt) {
    world.populate(30);
    world.place("other", hub_1);
    world.put(individual("other", SymmetricKeyAttestation{test_keys}));
    const EnrollmentGroupId group("G");
    const auto begun =
        world.fleets->quarantine(group, hub_3, "bad batch", FleetWorld::fast, fleet_operator);
    ASSERT_TRUE(begun) << begun.error().detail;
    EXPECT_EQ(begun->kind, OperationKind::gather);
    EXPECT_NE(world.instance.get()->find_quarantine(group), nullptr);
    EXPECT_EQ(world.run_until_quiet(begun->id), OperationState::done);
    world.run_for(60s);
    EXPECT_EQ(world.count_at(hub_3, 30), 30);
    EXPECT_EQ(world.hub_of("other"), "hub-1") << "an individual enrollment decides";
    world.provision(with_group_key("newcomer", key_a));
    EXPECT_EQ(world.hubs.hubs_serving(DeviceId("newcomer")), std::vector<HubName>{hub_3})
        << "those to come included";

    const auto released = world.fleets->release(group, FleetWorld::fast, fleet_operator);
    ASSERT_TRUE(released) << released.error().detail;
    EXPECT_EQ(world.run_until_quiet(released->id), OperationState::done);
    world.run_for(60s);
    EXPECT_LT(world.count_at(hub_3, 30), 20) << "only those that belong there";
    EXPECT_EQ(world.count_at(hub_1, 30) + world.count_at(hub_2, 30) + world.count_at(hub_3, 30),
              30);
}

TEST_F(QuarantineTest, RefusesGroupsThatMakeNoSense) {
    const EnrollmentGroupId group("g");
    const auto code = [](const Result<FleetOperation>& begun) {
        return begun ? std::nullopt : std::optional(begun.error().code);
    };
    EXPECT_EQ(
        code(world.fleets->quarantine(EnrollmentGroupId("none"), hub_2, "", {}, fleet_operator)),
        Code::not_found);
    EXPECT_EQ(code(world.fleets->quarantine(group, HubName("hub-9"), "", {}, fleet_operator)),
              Code::malformed);
    EXPECT_EQ(code(world.fleets->quarantine(group, hub_2, "", {.concurrency = 0}, fleet_operator)),
              Code::malformed);
    EXPECT_EQ(code(world.fleets->release(group, {}, fleet_operator)), Code::not_found);
    EXPECT_TRUE(world.fleets->list()->empty());
    EXPECT_TRUE(world.instance.get()->quarantines.empty());
}

// ---- suspects ----

TEST_F(QuarantineTest, FindsSuspectsPageByPage) {
    world.populate(5);
    world.clock.advance(2h);
    world.hubs.edit(hub_1, DeviceId("dev-00001"),
                    [&](FakeHubRow& row) { row.device.last_activity = world.clock.wall(); });
    std::vector<std::string> found;
    std::string after;
    int pages = 0;
    do {
        const auto page = world.fleets->suspects(after, 2);
        ASSERT_TRUE(page);
        for (const Suspect& suspect : page->suspects) {
            found.push_back(suspect.id.text());
        }
        after = page->next;
        ASSERT_LT(++pages, 10);
    } while (!after.empty());
    EXPECT_EQ(found,
              (std::vector<std::string>{"dev-00000", "dev-00002", "dev-00003", "dev-00004"}));
    EXPECT_EQ(pages, 3);
}

TEST_F(QuarantineTest, AsksASilentHubOncePerPage) {
    world.populate(5);
    world.clock.advance(2h);
    world.hubs.down(hub_1);
    const auto calls = world.hubs.calls();
    const auto page = world.fleets->suspects("", 100);
    ASSERT_TRUE(page);
    EXPECT_TRUE(page->suspects.empty()) << "who is not read is not accused";
    EXPECT_TRUE(page->next.empty());
    EXPECT_EQ(world.hubs.calls() - calls, 1);
}

} // namespace
} // namespace muster::provisioning
