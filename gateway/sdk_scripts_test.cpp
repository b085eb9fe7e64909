// Every SDK's way of registering, as it should go and with something going wrong at each step.
// Whatever went wrong, the device must be able to register on its next connection.

#include "gateway/sdk_scripts.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

class SdkScript : public testing::TestWithParam<Script> {
  protected:
    void SetUp() override { world.enroll("dev-1"); }

    /// The device comes again, on a new connection, and everything goes well.
    void expect_recovery() {
        ScriptRun run(world, GetParam());
        run.run_all();
        EXPECT_TRUE(world.is_at_hub("dev-1"));
    }

    [[nodiscard]] bool is_http() const { return GetParam().transport == Transport::https; }

    /// "Not now, come back in 3 s", in the protocol's way.
    void expect_busy(const std::string& received, const std::string& status) const {
        const auto wanted =
            is_http() ? "HTTP/1.1 " + status + " " : "$dps/registrations/res/" + status + "/?$rid=";
        EXPECT_NE(received.find(wanted), std::string::npos) << received;
        EXPECT_NE(received.find(is_http() ? "Retry-After: 3\r\n" : "&retry-after=3 "),
                  std::string::npos)
            << received;
        EXPECT_NE(received.find(R"("trackingId":")"), std::string::npos) << received;
    }

    ProvisioningWorld world;
};

TEST_P(SdkScript, Works) {
    // DPS-DEVICE-23, DPS-DEVICE-30: done at the first poll, 3 s later, and never a 429 or 5xx
    ScriptRun run(world, GetParam());
    run.run_all();
    EXPECT_TRUE(world.is_at_hub("dev-1"));
    // DPS-DEVICE-27: the server leaves the closing to the client
    EXPECT_EQ(run.wire().wants_close(), GetParam().transport == Transport::mqtt);
}

TEST_P(SdkScript, WorksByteByByte) {
    ScriptRun run(world, GetParam());
    for (std::size_t step = 0; step < GetParam().steps.size(); ++step) {
        ASSERT_TRUE(run.expect(step, run.exchange_bytewise(step)));
    }
}

TEST_P(SdkScript, SurvivesLosingItsPeerAtEveryStep) {
    // DPS-DEVICE-22: an operation is valid on a new connection
    for (std::size_t step = 0; step < GetParam().steps.size(); ++step) {
        ScriptRun run(world, GetParam());
        ASSERT_NO_FATAL_FAILURE(run.run_until(step));
        run.wire().send(run.bytes_of(step));
        run.wire().lose();
        world.workers.run_all();
        expect_recovery();
    }
}

TEST_P(SdkScript, SurvivesTruncationAtEveryStep) {
    for (std::size_t step = 0; step < GetParam().steps.size(); ++step) {
        ScriptRun run(world, GetParam());
        ASSERT_NO_FATAL_FAILURE(run.run_until(step));
        const auto bytes = run.bytes_of(step);
        run.wire().send(bytes.substr(0, bytes.size() / 2));
        EXPECT_EQ(run.settle(), "");
        run.wire().lose();
        expect_recovery();
    }
}

TEST_P(SdkScript, EndsAHalfSentStepInTime) {
    for (std::size_t step = 0; step < GetParam().steps.size(); ++step) {
        ScriptRun run(world, GetParam());
        ASSERT_NO_FATAL_FAILURE(run.run_until(step));
        const auto bytes = run.bytes_of(step);
        run.wire().send(bytes.substr(0, bytes.size() / 2));
        ASSERT_TRUE(run.wire().next_deadline());
        world.clock.advance(std::chrono::hours(1));
        run.wire().deadline();
        EXPECT_TRUE(run.wire().wants_close());
        const auto received = run.received();
        if (is_http()) {
            EXPECT_TRUE(received.starts_with("HTTP/1.1 408 ")) << received;
            EXPECT_NE(received.find(R"({"errorCode":408000,"trackingId":")"), std::string::npos);
        } else {
            EXPECT_EQ(received, "");
        }
        run.wire().lose();
        world.clock.advance(-std::chrono::hours(1)); // before the recorded tokens expire
        expect_recovery();
    }
}

TEST_P(SdkScript, SaysSoWhenTheQueueIsFullAtEveryStep) {
    // DPS-DEVICE-31; the connection lives on, and the same step then succeeds (DPS-DEVICE-45)
    for (std::size_t step = 0; step < GetParam().steps.size(); ++step) {
        ScriptRun run(world, GetParam());
        ASSERT_NO_FATAL_FAILURE(run.run_until(step));
        world.workers.full = true;
        const auto received = run.exchange(step);
        world.workers.full = false;
        if (GetParam().steps[step].is_work) {
            expect_busy(received, "503");
            EXPECT_FALSE(run.wire().wants_close());
            EXPECT_TRUE(run.expect(step, run.exchange(step)));
        } else {
            EXPECT_TRUE(run.expect(step, received));
        }
    }
}

TEST_P(SdkScript, SaysSoWhenTheStoreIsAwayAtEveryStep) {
    for (std::size_t step = 0; step < GetParam().steps.size(); ++step) {
        ScriptRun run(world, GetParam());
        ASSERT_NO_FATAL_FAILURE(run.run_until(step));
        if (GetParam().steps[step].is_work) {
            world.store.fail_reads(1, Code::unavailable);
            expect_busy(run.exchange(step), "503");
            EXPECT_TRUE(run.expect(step, run.exchange(step)));
        }
    }
}

TEST_P(SdkScript, AnswersWorkThatWasThrownAwayAtEveryStep) {
    // DPS-DEVICE-44: some answer within 10 s
    for (std::size_t step = 0; step < GetParam().steps.size(); ++step) {
        ScriptRun run(world, GetParam());
        ASSERT_NO_FATAL_FAILURE(run.run_until(step));
        if (!GetParam().steps[step].is_work) {
            continue;
        }
        run.wire().send(run.bytes_of(step));
        world.workers.forget();
        if (!is_http()) {
            world.clock.advance(std::chrono::seconds(9));
            run.wire().deadline();
        }
        expect_busy(run.settle(), is_http() ? "503" : "504");
        EXPECT_TRUE(run.expect(step, run.exchange(step)));
    }
}

INSTANTIATE_TEST_SUITE_P(All, SdkScript, testing::ValuesIn(sdk::all_scripts()),
                         [](const auto& info) { return info.param.name; });

} // namespace
} // namespace muster::gateway
