// Each way of failing at each call of a move: repeating comes to the same end, and what was late
// does no harm.

#include "provisioning/moving/hub_steps_fixture.h"

#include <functional>
#include <vector>

namespace muster::provisioning {
namespace {

struct FaultySteps : Steps {};

struct FaultyFarSteps : FarSteps {};

struct Faulty {
    Code code;
    FakeHubs::Effect effect;
};

/// A whole move, each step repeated until it succeeds.
bool move_through(HubSteps& steps, const HubSteps::Transfer& transfer,
                  const HubSteps::Settlement& settlement) {
    const std::vector<std::function<bool()>> all = {
        [&] { return steps.fence(transfer.from, transfer.token).has_value(); },
        [&] { return steps.place(transfer).has_value(); },
        [&] { return steps.settle(settlement).has_value(); },
        [&] { return steps.erase(transfer.from, transfer.token).has_value(); }};
    for (const auto& step : all) {
        int tries = 0;
        while (!step()) {
            if (++tries > 3) {
                return false;
            }
        }
    }
    return true;
}

TEST(EveryFault, AtEveryCallOfAMoveEndsInTheSameMove) {
    using enum FakeHubs::Effect;
    constexpr int calls_max = 60;
    for (const Faulty& fault :
         {Faulty{Code::unavailable, none}, Faulty{Code::deadline_exceeded, done},
          Faulty{Code::deadline_exceeded, late}, Faulty{Code::rate_limited, none}}) {
        for (int released_after = 0; released_after < calls_max; released_after += 3) {
            for (int bad = 1; bad < calls_max; ++bad) {
                Faults faults;
                FakeHubs hubs(faults);
                hubs.put_far_away(hub_a);
                hubs.put_far_away(hub_b);
                hubs.put(hub_a, identity(true), lived);
                int calls = 0;
                bool happened = false;
                hubs.answer_by([&](const FakeHubs::Call&) -> std::optional<FakeHubs::Answer> {
                    happened |= ++calls == bad;
                    return calls == bad
                               ? std::optional(FakeHubs::Answer{fault.code, fault.effect, "no"})
                               : std::nullopt;
                });
                // What is late comes back between two calls, as many of them later as is asked for.
                HubSteps steps(hubs, [&]() -> Result<void> {
                    if (calls > bad + released_after) {
                        hubs.release_late();
                    }
                    return {};
                });
                const HubSteps::Transfer transfer{.from = at_a,
                                                  .to = at_b,
                                                  .token = token,
                                                  .twin = TwinSource::carried,
                                                  .provision = provision_with(new_credential)};
                ASSERT_TRUE(move_through(steps, transfer,
                                         {.place = at_b, .token = token, .credential = {}}))
                    << "call " << bad;
                hubs.release_late();
                EXPECT_EQ(hubs.hubs_serving(device), std::vector{hub_b}) << "call " << bad;
                EXPECT_EQ(hubs.twin(hub_b, device), lived) << "call " << bad;
                EXPECT_EQ(at_b.hub, hub_b);
                EXPECT_EQ(hubs.device(hub_a, device), std::nullopt) << "call " << bad;
                if (!happened) {
                    break;
                }
            }
            if (fault.effect != late) {
                break;
            }
        }
    }
}

TEST_F(FaultyFarSteps, ARecordThatHasMovedOnChangesNothing) {
    HubSteps late(hubs, []() -> Result<void> { return fail(Code::conflict, "changed"); });
    put(hub_a, identity(true));
    EXPECT_EQ(late.fence(at_a, token).error().code, Code::conflict);
    EXPECT_TRUE(at(hub_a).enabled);
    put(hub_a, identity(false, out(token)));
    EXPECT_EQ(late.release(at_a, token).error().code, Code::conflict);
    EXPECT_FALSE(at(hub_a).enabled);
    put(hub_b, identity(false, in(token)));
    EXPECT_EQ(late.settle(settlement()).error().code, Code::conflict);
    EXPECT_FALSE(at(hub_b).enabled);
    EXPECT_EQ(late.place(transfer()).error().code, Code::conflict);
    EXPECT_TRUE(hubs.device(hub_b, device)) << "the truth of somebody else, perhaps";
    hubs.drop(hub_b, device);
    EXPECT_EQ(late.ensure(hub_b, provision_with(new_credential)).error().code, Code::conflict);
    EXPECT_TRUE(hubs.hubs_serving(device).empty());
}

TEST_F(FaultySteps, SomebodyWhoIsAlwaysFasterIsGivenUpOn) {
    put(hub_a, identity(true));
    hubs.answer_next(100, {.code = Code::precondition});
    EXPECT_EQ(steps.erase(at_a, token).error().code, Code::precondition) << "of a read: as it is";
    hubs.recover();
    hubs.answer_by([](const FakeHubs::Call& call) -> std::optional<FakeHubs::Answer> {
        return call.writes() ? std::optional(FakeHubs::Answer{.code = Code::precondition})
                             : std::nullopt;
    });
    EXPECT_EQ(steps.fence(at_a, token).error().code, Code::conflict);
}

} // namespace
} // namespace muster::provisioning
