#pragma once
// A device at one of two hubs, with a twin of its own, that is moved by the real runner. For tests.

#include "provisioning/moving/moves.h"
#include "provisioning/plan_runner.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {

inline const HubName hub_1{"hub-1"};
inline const HubName hub_2{"hub-2"};
inline const DeviceId device{"dev-1"};
inline const RegistrationId id{"dev-1"};

struct MovingWorld : World {
    explicit MovingWorld(bool far = false) {
        if (far) {
            hubs.put_far_away(hub_1);
            hubs.put_far_away(hub_2);
        }
    }

    void pin_to(const HubName& hub, bool migrates = true) {
        IndividualEnrollment pinned = individual("dev-1", SymmetricKeyAttestation{test_keys});
        pinned.terms.allocation_policy = AllocationPolicy::fixed;
        pinned.terms.hubs = {hub};
        pinned.terms.reprovision_policy =
            ReprovisionPolicy{.update_hub_assignment = true, .migrate_device_data = migrates};
        put(pinned, IfMatch::Kind::any);
    }

    /// At hub-1, with a twin of its own.
    void settle_down() {
        put(individual("dev-1", SymmetricKeyAttestation{test_keys}));
        pin_to(hub_1);
        provision(request);
        hubs.edit_twin(hub_1, device, [&](HubTwin& twin) { twin = lived; });
    }

    void begin_move() {
        pin_to(hub_2);
        ASSERT_TRUE(registration->register_device(request));
    }

    /// One step more; false once the plan has come to this stage.
    void run_to(PlanStage stage) {
        for (int i = 0; i < 10; ++i) {
            const auto now = record("dev-1");
            if (!now->plan || now->plan->stage == stage) {
                return;
            }
            workers.run_one();
        }
    }

    Moves moves() {
        return Moves({.instance = instance,
                      .registrations = store,
                      .runner = registration->runner(),
                      .clock = clock,
                      .random = random});
    }

    void expect_at(const HubName& hub) {
        const auto stored = record("dev-1");
        ASSERT_TRUE(stored && stored->assignment);
        EXPECT_EQ(stored->assignment->hub, hub);
        EXPECT_EQ(hubs.hubs_serving(device), std::vector{hub});
        EXPECT_EQ(hubs.hubs_with(device), std::vector{hub});
        EXPECT_EQ(hubs.twin(hub, device), lived);
        EXPECT_FALSE(stored->unfinished());
    }

    const DeviceRequest request = with_key("dev-1", key_a);
    const HubTwin lived{.etag = {},
                        .tags = {{"site", "north"}},
                        .desired = {{"period", 60}},
                        .reported = {{"fw", "1.2"}}};
};

} // namespace muster::provisioning
