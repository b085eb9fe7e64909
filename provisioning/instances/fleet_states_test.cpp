// Hubs that come and go, and quarantines.

#include "provisioning/instances/hub_changes.h"
#include "provisioning/instances/instances_world.h"

#include <fmt/format.h>

namespace muster::provisioning {
namespace {

struct FleetStates : testing::Test, InstancesWorld {
    FleetStates() { link({linked(hub_1.text()), linked(hub_2.text())}); }

    InstancePtr link(std::vector<LinkedHub> hubs) {
        InstanceSettings settings = named("dps-1");
        settings.hubs = std::move(hubs);
        return put(settings);
    }

    [[nodiscard]] InstancePtr current() const { return instances->find("dps-1"); }

    Result<InstancePtr> quarantine(const std::string& group, std::optional<HubName> hub,
                                   const std::string& reason = "odd") {
        return instances->quarantine_group("DPS-1", EnrollmentGroupId(group), hub, reason, by);
    }

    /// What the last change was called, and what it was done to.
    std::string last_change() {
        const Change change = store.audit().back().change;
        return change.by.name + ' ' + change.action + ' ' + change.resource;
    }

    const HubName hub_1{"hub-1.example.net"};
    const HubName hub_2{"hub-2.example.net"};
};

// ---- unlinking ----

TEST_F(FleetStates, AnUnlinkedHubIsRememberedWithItsKey) {
    const InstancePtr after = link({hub_link(hub_1.text())});
    ASSERT_EQ(after->former_hubs.size(), 1U);
    const FormerHub* former = after->find_former_hub(hub_2);
    ASSERT_NE(former, nullptr);
    EXPECT_EQ(former->connection_string.reveal(), connection_string(hub_2.text()));
    EXPECT_FALSE(former->lost);
    EXPECT_EQ(after->find_hub(hub_2), nullptr);
    restart();
    EXPECT_NE(current()->find_former_hub(hub_2), nullptr);
}

TEST_F(FleetStates, AHubThatIsLinkedAgainIsNotFormerAnyMore) {
    link({});
    EXPECT_EQ(current()->former_hubs.size(), 2U);
    ASSERT_TRUE(instances->declare_lost("dps-1", hub_1, true, by));
    const InstancePtr by_key = link({linked(hub_1.text())});
    EXPECT_EQ(by_key->find_former_hub(hub_1), nullptr);
    EXPECT_NE(by_key->find_hub(hub_1), nullptr);
    // By its name only: the key is known.
    const InstancePtr by_name = link({hub_link(hub_1.text()), hub_link(hub_2.text())});
    EXPECT_TRUE(by_name->former_hubs.empty());
    EXPECT_EQ(by_name->find_hub(hub_2)->connection_string.reveal(),
              connection_string(hub_2.text()));
}

TEST_F(FleetStates, OnlySoManyFormerHubsAreRememberedAndOnlyLostOnesForgotten) {
    Instance instance;
    for (std::size_t number = 0; number < former_hubs_max; ++number) {
        instance.former_hubs.push_back({.name = HubName(fmt::format("old-{}.net", number))});
    }
    instance.hubs = {{.name = HubName("last.net")}};
    EXPECT_EQ(code_of(with_hubs(instance, {})), Code::quota_exceeded);

    instance.former_hubs[7].lost = true;
    const auto changed = with_hubs(instance, {});
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->former_hubs.size(), former_hubs_max);
    EXPECT_EQ(changed->find_former_hub(HubName("old-7.net")), nullptr);
    EXPECT_NE(changed->find_former_hub(HubName("last.net")), nullptr);
    EXPECT_NE(changed->find_former_hub(HubName("old-0.net")), nullptr);
}

TEST_F(FleetStates, OnlyAFormerHubCanBeLost) {
    EXPECT_EQ(code_of(instances->declare_lost("dps-1", hub_1, true, by)), Code::precondition);
    EXPECT_EQ(code_of(instances->declare_lost("dps-1", HubName("never"), true, by)),
              Code::not_found);
    EXPECT_EQ(code_of(instances->declare_lost("dps-9", hub_1, true, by)), Code::not_found);
    const InstancePtr before = link({linked(hub_1.text())});
    const auto lost = instances->declare_lost("dps-1", hub_2, true, by);
    ASSERT_TRUE(lost);
    EXPECT_TRUE((*lost)->find_former_hub(hub_2)->lost);
    EXPECT_NE((*lost)->stamp.etag, before->stamp.etag);
    EXPECT_EQ(last_change(), "token:ci hub.lost hub/hub-2.example.net");
    const int saves = store.saves();
    ASSERT_TRUE(instances->declare_lost("dps-1", hub_2, true, by));
    EXPECT_EQ(store.saves(), saves) << "it is so already";
    ASSERT_TRUE(instances->declare_lost("dps-1", hub_2, false, by));
    EXPECT_FALSE(current()->find_former_hub(hub_2)->lost);
    EXPECT_EQ(last_change(), "token:ci hub.back hub/hub-2.example.net");
}

TEST_F(FleetStates, TheAuditTrailHoldsNoKeyOfAFormerHub) {
    link({});
    ASSERT_TRUE(instances->declare_lost("dps-1", hub_2, true, by));
    for (const FakeAuditEntry& entry : store.audit()) {
        const std::string text = audit_text(1, entry.change);
        EXPECT_EQ(text.find("SharedAccessKey"), std::string::npos) << text;
    }
}

// ---- draining ----

TEST_F(FleetStates, AHubCanBeTakenOutOfTheAllocation) {
    const auto drained = instances->set_apply_policy("dps-1", hub_1, false, by);
    ASSERT_TRUE(drained);
    EXPECT_FALSE((*drained)->find_hub(hub_1)->apply_allocation_policy);
    EXPECT_TRUE((*drained)->find_hub(hub_2)->apply_allocation_policy);
    EXPECT_EQ(last_change(), "token:ci hub.update hub/hub-1.example.net");
    const int saves = store.saves();
    ASSERT_TRUE(instances->set_apply_policy("dps-1", hub_1, false, by));
    EXPECT_EQ(store.saves(), saves);
    ASSERT_TRUE(instances->set_apply_policy("dps-1", hub_1, true, by));
    EXPECT_TRUE(current()->find_hub(hub_1)->apply_allocation_policy);
    EXPECT_EQ(code_of(instances->set_apply_policy("dps-1", HubName("x"), true, by)),
              Code::not_found);
    EXPECT_EQ(code_of(instances->set_apply_policy("dps-9", hub_1, true, by)), Code::not_found);
}

// ---- quarantine ----

TEST_F(FleetStates, AGroupIsQuarantinedAndReleased) {
    const auto begun = quarantine("Line-1", hub_2);
    ASSERT_TRUE(begun);
    const GroupQuarantine* found = (*begun)->find_quarantine(EnrollmentGroupId("LINE-1"));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->hub, hub_2);
    EXPECT_EQ(found->reason, "odd");
    EXPECT_EQ(found->since, clock.wall());
    EXPECT_EQ(last_change(), "token:ci quarantine.begin enrollmentGroup/Line-1");
    clock.advance(std::chrono::hours(1));
    ASSERT_TRUE(quarantine("line-1", hub_1));
    ASSERT_EQ(current()->quarantines.size(), 1U) << "it goes on at another hub";
    EXPECT_EQ(current()->quarantines.front().hub, hub_1);
    restart();
    EXPECT_EQ(current()->quarantines.size(), 1U);
    ASSERT_TRUE(quarantine("Line-1", std::nullopt));
    EXPECT_TRUE(current()->quarantines.empty());
    EXPECT_EQ(last_change(), "token:ci quarantine.end enrollmentGroup/Line-1");
    EXPECT_EQ(code_of(quarantine("Line-1", std::nullopt)), Code::not_found);
}

TEST_F(FleetStates, AQuarantineThatCannotBeChangesNothing) {
    const int saves = store.saves();
    EXPECT_EQ(code_of(quarantine("g", HubName("elsewhere"))), Code::malformed);
    EXPECT_EQ(code_of(quarantine("g", hub_1, std::string(257, 'x'))), Code::malformed);
    EXPECT_EQ(code_of(quarantine("g", hub_1, "two\nlines")), Code::malformed);
    EXPECT_EQ(code_of(instances->quarantine_group("dps-9", EnrollmentGroupId("g"), hub_1, "", by)),
              Code::not_found);
    EXPECT_EQ(store.saves(), saves);
    for (std::size_t number = 0; number < group_quarantines_max; ++number) {
        ASSERT_TRUE(quarantine(fmt::format("g-{}", number), hub_1, ""));
    }
    EXPECT_EQ(code_of(quarantine("one-more", hub_1)), Code::quota_exceeded);
    EXPECT_TRUE(quarantine("g-5", hub_2)) << "this one is there already";
}

TEST_F(FleetStates, SettingsLeaveThemAlone) {
    ASSERT_TRUE(quarantine("line-1", hub_1));
    link({hub_link(hub_1.text())});
    InstanceSettings settings = named("dps-1");
    settings.location = "elsewhere";
    const InstancePtr after = put(settings);
    EXPECT_EQ(after->quarantines.size(), 1U);
    EXPECT_EQ(after->former_hubs.size(), 1U);
}

TEST_F(FleetStates, LimitsAndLoadAreSettings) {
    LinkedHub small = hub_link(hub_1.text());
    small.devices_max = 10;
    InstanceSettings settings = named("dps-1");
    settings.hubs = {small};
    settings.even_load = true;
    const InstancePtr after = put(settings);
    EXPECT_EQ(after->find_hub(hub_1)->devices_max, 10);
    EXPECT_TRUE(after->even_load);
    EXPECT_TRUE(put(named("dps-1"))->even_load) << "what is not said is kept";
    for (const std::int64_t bad : {std::int64_t{-1}, std::int64_t{1'000'000'001}}) {
        settings.hubs->front().devices_max = bad;
        EXPECT_EQ(code_of(try_put(settings)), Code::malformed);
    }
}

} // namespace
} // namespace muster::provisioning
