#include "base/random.h"
#include "provisioning/fleet/relocating.h"

#include <gtest/gtest.h>

namespace muster::provisioning {
namespace {

const HubName hub_1{"hub-1"};
const HubName hub_2{"hub-2"};
const HubName hub_3{"hub-3"};

/// A device of the group "g" at hub-1, of three, and an operation that drains it.
struct Device {
    Device() {
        instance.hubs = {{.name = hub_1}, {.name = hub_2}, {.name = hub_3}};
        operation.id = "op-1";
        operation.hub = hub_1;
        record.id = RegistrationId("dev-1");
        record.status = RegistrationStatus::assigned;
        record.assignment = Assignment{.hub = hub_1, .device_id = DeviceId("dev-1")};
        record.decided_by = decider;
        record.stamp.version = 3;
    }

    [[nodiscard]] RelocationVerdict decide() const {
        const Applicants::Standing standing{
            .terms = is_gone ? nullptr : std::make_shared<const EnrollmentTerms>(terms),
            .decided_by = decider};
        return decide_relocation({.operation = operation,
                                  .record = record,
                                  .standing = standing,
                                  .instance = instance,
                                  .inputs = {},
                                  .token = MoveToken("0123456789abcdef")});
    }

    /// "to hub-2", "stays: why", "waits", "refused: why"
    [[nodiscard]] std::string verdict() const {
        const RelocationVerdict verdict = decide();
        if (const auto* leave = std::get_if<Leave>(&verdict)) {
            return "stays: " + leave->reason;
        }
        if (const auto* refuse = std::get_if<Refuse>(&verdict)) {
            return "refused: " + refuse->message;
        }
        if (const auto* relocate = std::get_if<Relocate>(&verdict)) {
            return (relocate->plan.kind == PlanKind::ask ? "asks" : "to ") +
                   relocate->plan.hub.text();
        }
        return "waits";
    }

    /// Only this one may be chosen.
    void leave_open(const HubName& hub) {
        for (LinkedHub& one : instance.hubs) {
            one.apply_allocation_policy = one.name == hub;
        }
    }

    Instance instance;
    FleetOperation operation;
    RegistrationRecord record;
    EnrollmentTerms terms;
    bool is_gone = false;
    std::optional<DecidedBy> decider = DecidedByGroup{EnrollmentGroupId("g")};
};

struct Rule {
    const char* name;
    void (*arrange)(Device&);
    const char* verdict;
};

void quarantine(Device& device, const HubName& hub) {
    device.instance.quarantines.push_back({.group = EnrollmentGroupId("G"), .hub = hub});
}

const ReprovisionPolicy never{.update_hub_assignment = false, .migrate_device_data = false};

const Rule drains[] = {
    {"goes to an open hub", [](Device& d) { d.leave_open(hub_3); }, "to hub-3"},
    {"whatever never says",
     [](Device& d) {
         d.leave_open(hub_3);
         d.terms.reprovision_policy = never;
     },
     "to hub-3"},
    {"also if its enrollment is gone",
     [](Device& d) {
         d.leave_open(hub_2);
         d.is_gone = true;
     },
     "to hub-2"},
    {"not if it is elsewhere by now", [](Device& d) { d.record.assignment->hub = hub_2; },
     "stays: "},
    {"not if it is nowhere", [](Device& d) { d.record.assignment.reset(); }, "stays: "},
    {"not if it was deleted", [](Device& d) { d.record.erased = true; }, "stays: "},
    {"static to the hub",
     [](Device& d) {
         d.terms.allocation_policy = AllocationPolicy::fixed;
         d.terms.hubs = {hub_1, hub_2};
     },
     "stays: its enrollment is static to this hub"},
    {"static by the instance's default",
     [](Device& d) {
         d.instance.default_policy = AllocationPolicy::fixed;
         d.terms.hubs = {hub_1};
     },
     "stays: its enrollment is static to this hub"},
    {"static to another hub",
     [](Device& d) {
         d.terms.allocation_policy = AllocationPolicy::fixed;
         d.terms.hubs = {hub_2};
     },
     "to hub-2"},
    {"names only the hub", [](Device& d) { d.terms.hubs = {hub_1}; },
     "stays: its enrollment names no other hub"},
    {"names only the hub, the older way", [](Device& d) { d.terms.legacy_hub = hub_1; },
     "stays: its enrollment names no other hub"},
    {"static to the hub, the older way",
     [](Device& d) {
         d.terms.allocation_policy = AllocationPolicy::fixed;
         d.terms.legacy_hub = hub_1;
     },
     "stays: its enrollment is static to this hub"},
    {"names another one, too", [](Device& d) { d.terms.hubs = {hub_1, hub_2}; }, "to hub-2"},
    {"quarantined there", [](Device& d) { d.record.held_at = hub_1; }, "stays: quarantined here"},
    {"quarantined elsewhere", [](Device& d) { d.record.held_at = hub_3; }, "to hub-3"},
    {"its group is quarantined there", [](Device& d) { quarantine(d, hub_1); },
     "stays: quarantined here"},
    {"its group is quarantined elsewhere", [](Device& d) { quarantine(d, hub_2); }, "to hub-2"},
    {"its own quarantine counts more",
     [](Device& d) {
         quarantine(d, hub_2);
         d.record.held_at = hub_3;
     },
     "to hub-3"},
    {"an individual enrollment decides, not the group",
     [](Device& d) {
         quarantine(d, hub_2);
         d.leave_open(hub_3);
         d.decider = DecidedByIndividual{d.record.id};
     },
     "to hub-3"},
    {"another plan is under way", [](Device& d) { d.record.plan = Plan(); }, "waits"},
    {"too many chores", [](Device& d) { d.record.chores.resize(chores_max); },
     "refused: too much is left to do at its former hubs"},
};

TEST(RelocatingDevices, Drains) {
    for (const Rule& rule : drains) {
        Device device;
        rule.arrange(device);
        EXPECT_EQ(device.verdict(), rule.verdict) << rule.name;
    }
}

TEST(RelocatingDevices, RefusesToDrainToNowhere) {
    Device device;
    device.instance.hubs.resize(1);
    EXPECT_TRUE(device.verdict().starts_with("refused: ")) << device.verdict();
}

const Rule rebalances[] = {
    {"goes to where it belongs", [](Device& d) { d.leave_open(hub_3); }, "to hub-3"},
    {"stays where it belongs", [](Device& d) { d.leave_open(hub_1); }, "stays: "},
    {"never", [](Device& d) { d.terms.reprovision_policy = never; },
     "stays: its enrollment says never"},
    {"static",
     [](Device& d) {
         d.terms.allocation_policy = AllocationPolicy::fixed;
         d.terms.hubs = {hub_2};
     },
     "stays: its enrollment is static"},
    {"custom", [](Device& d) { d.terms.allocation_policy = AllocationPolicy::custom; },
     "stays: its allocation is custom"},
    {"gone", [](Device& d) { d.is_gone = true; }, "stays: its enrollment is gone"},
    {"quarantined", [](Device& d) { d.record.held_at = hub_1; }, "stays: quarantined here"},
    {"on its way", [](Device& d) { d.record.plan = Plan(); }, "waits"},
};

TEST(RelocatingDevices, Rebalances) {
    for (const Rule& rule : rebalances) {
        Device device;
        device.operation.kind = OperationKind::rebalance;
        device.operation.hub.reset();
        rule.arrange(device);
        EXPECT_EQ(device.verdict(), rule.verdict) << rule.name;
    }
}

const Rule gatherings[] = {
    {"goes to the hub", [](Device& d) { quarantine(d, hub_2); }, "to hub-2"},
    {"whatever never and static say",
     [](Device& d) {
         quarantine(d, hub_2);
         d.terms.reprovision_policy = never;
         d.terms.allocation_policy = AllocationPolicy::fixed;
         d.terms.hubs = {hub_1};
     },
     "to hub-2"},
    {"is there", [](Device& d) { quarantine(d, hub_1); }, "stays: "},
    {"the quarantine has ended", [](Device&) {}, "stays: not quarantined any more"},
    {"held by itself",
     [](Device& d) {
         quarantine(d, hub_2);
         d.record.held_at = hub_1;
     },
     "stays: "},
};

TEST(RelocatingDevices, Gathers) {
    for (const Rule& rule : gatherings) {
        Device device;
        device.operation.kind = OperationKind::gather;
        device.operation.hub = hub_2;
        device.operation.group = EnrollmentGroupId("g");
        rule.arrange(device);
        EXPECT_EQ(device.verdict(), rule.verdict) << rule.name;
    }
}

const Rule releases[] = {
    {"goes to where it belongs", [](Device& d) { d.leave_open(hub_3); }, "to hub-3"},
    {"also if it says never",
     [](Device& d) {
         d.leave_open(hub_3);
         d.terms.reprovision_policy = never;
     },
     "to hub-3"},
    {"static brings it back",
     [](Device& d) {
         d.terms.allocation_policy = AllocationPolicy::fixed;
         d.terms.hubs = {hub_2};
     },
     "to hub-2"},
    {"belongs where it is", [](Device& d) { d.leave_open(hub_1); }, "stays: "},
    {"is elsewhere", [](Device& d) { d.record.assignment->hub = hub_2; }, "stays: "},
    {"custom",
     [](Device& d) {
         d.terms.allocation_policy = AllocationPolicy::custom;
         d.terms.custom_allocation = JsonObject{{"webhookUrl", "https://function.example.net/"},
                                                {"apiVersion", "2018-11-01"}};
     },
     "stays: its allocation function is asked when it registers"},
    {"gone", [](Device& d) { d.is_gone = true; }, "stays: its enrollment is gone"},
    {"still held by itself", [](Device& d) { d.record.held_at = hub_1; },
     "stays: quarantined here"},
};

TEST(RelocatingDevices, Releases) {
    for (const Rule& rule : releases) {
        Device device;
        device.operation.kind = OperationKind::release;
        device.operation.group = EnrollmentGroupId("g");
        rule.arrange(device);
        EXPECT_EQ(device.verdict(), rule.verdict) << rule.name;
    }
}

TEST(RelocatingDevices, CarriesTheTwinAndLeavesTheCredential) {
    Device device;
    device.terms.reprovision_policy =
        ReprovisionPolicy{.update_hub_assignment = true, .migrate_device_data = false}; // reset
    device.leave_open(hub_2);
    const RelocationVerdict verdict = device.decide();
    const auto* relocate = std::get_if<Relocate>(&verdict);
    ASSERT_NE(relocate, nullptr);
    EXPECT_EQ(relocate->plan.twin, TwinSource::carried);
    EXPECT_EQ(relocate->plan.origin, PlanOrigin::operation);
    EXPECT_EQ(relocate->plan.operation, "op-1");
    EXPECT_FALSE(relocate->plan.provision.credential);
    EXPECT_EQ(relocate->plan.from, device.record.assignment->place());
}

TEST(RelocatingDevices, RecordsAPlanUnderAnOperationOfItsOwn) {
    Device device;
    device.record.operation = OperationId("before");
    for (int i = 0; i < 4; ++i) {
        device.record.earlier_operations.emplace_back(std::to_string(i));
    }
    const WallTime now = from_unix_seconds(1'893'456'000);
    const auto planned = record_relocation(
        device.record, Plan{.hub = hub_2},
        {.operation = OperationId("now"), .mark = {.now = now, .etag = ETag("e")}});
    EXPECT_EQ(planned.status, RegistrationStatus::assigning);
    EXPECT_EQ(planned.stamp.version, 4);
    EXPECT_EQ(planned.operation.text(), "now");
    EXPECT_TRUE(planned.answers_to(OperationId("before")));
    EXPECT_EQ(planned.earlier_operations.size(), 4U);
    EXPECT_EQ(planned.assignment->hub, hub_1) << "the old copy is the truth until it is decided";
}

} // namespace
} // namespace muster::provisioning
