// The process dies at every single call of a port, before or after it took effect; a new one starts
// on what is stored. Whatever happened: what was acknowledged holds, everything ends, and no device
// is on two hubs (design, section 8, rules 1, 2 and 4).

#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

using When = Faults::When;
using enum RegistrationStatus;

constexpr int calls_max = 200;

struct Crashing : testing::TestWithParam<When>, World {
    Crashing() {
        put(individual("dev-1", SymmetricKeyAttestation{test_keys}));
        put(group("g", SymmetricKeyAttestation{test_keys}));
    }

    /// Runs `action` until the process dies in it; false if it ran to its end.
    template <class Action>
    bool dies(Action action) {
        try {
            action();
            return false;
        } catch (const Crash&) {
            return true;
        }
    }

    void expect_one_hub(const std::string& id) {
        const auto stored = record(id);
        ASSERT_TRUE(stored);
        ASSERT_EQ(stored->status, assigned);
        EXPECT_EQ(hubs.hubs_with(stored->assignment->device_id),
                  std::vector{stored->assignment->hub});
    }
};

TEST_P(Crashing, BetweenAnyTwoCallsOfARegistration) {
    bool died = true;
    int call = 1;
    for (; died && call < calls_max; ++call) {
        const std::string id = "member-" + std::to_string(call);
        const DeviceRequest request = with_group_key(id, key_a);
        std::optional<OperationId> acknowledged;
        faults.crash_at(call, GetParam());
        died = dies([&] {
            acknowledged = registration->register_device(request)->operation;
            settle();
        });
        restart();
        ASSERT_TRUE(registration->resume());
        settle();
        if (acknowledged) {
            const auto ended = registration->operation_status(request, *acknowledged);
            ASSERT_TRUE(ended) << "acknowledged, then forgotten, at call " << call;
            EXPECT_EQ(ended->status, assigned);
        }
        provision(request);
        expect_one_hub(id);
    }
    EXPECT_GT(call, 7) << "it takes that many calls at least";
    EXPECT_LT(call, calls_max);
}

TEST_P(Crashing, InARepeatedRegistrationTheAssignmentSurvives) {
    const DeviceRequest request = with_key("dev-1", key_a);
    const HubName hub = provision(request).record->assignment->hub;
    bool died = true;
    for (int call = 1; died && call < calls_max; ++call) {
        faults.crash_at(call, GetParam());
        died = dies([&] { provision(request); });
        restart();
        ASSERT_TRUE(record("dev-1")->assignment) << "at call " << call;
        EXPECT_EQ(record("dev-1")->assignment->hub, hub);
        ASSERT_TRUE(registration->resume());
        settle();
        expect_one_hub("dev-1");
    }
    EXPECT_FALSE(died);
}

TEST_P(Crashing, InTheRecoveryItself) {
    const DeviceRequest request = with_key("dev-1", key_a);
    bool died = true;
    for (int call = 1; died && call < calls_max; ++call) {
        (void)enrollments->erase_registration(RegistrationId("dev-1"), {}, test_operator);
        ASSERT_TRUE(registration->register_device(request));
        restart();
        faults.crash_at(call, GetParam());
        died = dies([&] {
            ASSERT_TRUE(registration->resume());
            settle();
        });
        restart();
        ASSERT_TRUE(registration->resume());
        settle();
        expect_one_hub("dev-1");
    }
    EXPECT_FALSE(died);
}

TEST_P(Crashing, WhileTheHubIsAwayAndTheAllocationChanges) {
    const DeviceRequest request = with_key("dev-1", key_a);
    const auto pin_to = [&](const char* hub) {
        IndividualEnrollment pinned = individual("dev-1", SymmetricKeyAttestation{test_keys});
        pinned.terms.allocation_policy = AllocationPolicy::fixed;
        pinned.terms.hubs = {HubName(hub)};
        put(pinned, IfMatch::Kind::any);
    };
    pin_to("hub-1");
    hubs.answer_next(2, {.code = Code::unavailable, .effect = FakeHubs::Effect::done});
    bool died = true;
    for (int call = 1; died && call < calls_max; ++call) {
        faults.crash_at(call, GetParam());
        died = dies([&] {
            ASSERT_TRUE(registration->register_device(request));
            settle();
        });
        restart();
        pin_to(call % 2 == 0 ? "hub-1" : "hub-2");
        provision(request);
        expect_one_hub("dev-1");
    }
    EXPECT_FALSE(died);
}

TEST_P(Crashing, WhileAnEnrollmentIsDeleted) {
    const DeviceRequest request = with_key("dev-1", key_a);
    bool died = true;
    for (int call = 1; died && call < calls_max; ++call) {
        faults.crash_at(call, GetParam());
        died = dies([&] {
            ASSERT_TRUE(registration->register_device(request));
            ASSERT_TRUE(enrollments->erase(RegistrationId("dev-1"), {}, test_operator));
            settle();
        });
        restart();
        ASSERT_TRUE(registration->resume());
        settle();
        const bool enrolled = enrollments->get(RegistrationId("dev-1")).has_value();
        EXPECT_TRUE(enrolled || !record("dev-1") || record("dev-1")->erased)
            << "the record goes with its enrollment";
        if (!enrolled) {
            put(individual("dev-1", SymmetricKeyAttestation{test_keys}));
        }
        provision(request);
        expect_one_hub("dev-1");
    }
    EXPECT_FALSE(died);
}

INSTANTIATE_TEST_SUITE_P(BeforeAndAfter, Crashing,
                         testing::Values(When::before_effect, When::after_effect));

} // namespace
} // namespace muster::provisioning
