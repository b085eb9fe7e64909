// Every client's way of using the service API, as it should go and with something going wrong at
// each step.

#include "gateway/service_scripts_python.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

/// Each step on a world of its own: what a step has done cannot be done again.
class ServiceScript : public testing::TestWithParam<Script> {
  protected:
    static std::size_t steps() { return GetParam().steps.size(); }

    static void expect_busy(const std::string& received) {
        EXPECT_TRUE(received.starts_with("HTTP/1.1 503 ")) << received;
        EXPECT_NE(received.find("\r\nRetry-After: 3\r\n"), std::string::npos) << received;
        EXPECT_NE(received.find(R"({"errorCode":503000,"trackingId":")"), std::string::npos);
    }
};

TEST_P(ServiceScript, Works) {
    ProvisioningWorld world;
    ScriptRun run(world, GetParam());
    run.run_all();
    EXPECT_FALSE(run.wire().wants_close());
}

TEST_P(ServiceScript, WorksByteByByte) {
    ProvisioningWorld world;
    ScriptRun run(world, GetParam());
    for (std::size_t step = 0; step < steps(); ++step) {
        ASSERT_TRUE(run.expect(step, run.exchange_bytewise(step)));
    }
}

TEST_P(ServiceScript, GoesOnAfterLosingHalfAStep) {
    // DPS-SERVICE-36 among others: nothing hangs on the connection
    for (std::size_t step = 0; step < steps(); ++step) {
        ProvisioningWorld world;
        ScriptRun run(world, GetParam());
        ASSERT_NO_FATAL_FAILURE(run.run_until(step));
        const auto bytes = run.bytes_of(step);
        run.wire().send(bytes.substr(0, bytes.size() - 1));
        EXPECT_EQ(run.settle(), "");
        run.reconnect();
        for (auto rest = step; rest < steps(); ++rest) {
            ASSERT_TRUE(run.expect(rest, run.exchange(rest)));
        }
    }
}

TEST_P(ServiceScript, SaysSoWhenTheQueueIsFullAtEveryStep) {
    // DPS-SERVICE-41: a number of seconds; then the same step succeeds on the same connection
    ProvisioningWorld world;
    ScriptRun run(world, GetParam());
    for (std::size_t step = 0; step < steps(); ++step) {
        world.workers.full = true;
        expect_busy(run.exchange(step));
        world.workers.full = false;
        ASSERT_TRUE(run.expect(step, run.exchange(step)));
    }
}

TEST_P(ServiceScript, AnswersAFaultOfOursAtEveryStepAndChangesNothing) {
    for (std::size_t step = 0; step < steps(); ++step) {
        ProvisioningWorld world;
        ScriptRun run(world, GetParam());
        ASSERT_NO_FATAL_FAILURE(run.run_until(step));
        world.faults.crash_at(1, provisioning::Faults::When::before_effect);
        const auto received = run.exchange(step);
        world.faults.clear();
        EXPECT_TRUE(received.starts_with("HTTP/1.1 500 ")) << received;
        EXPECT_NE(received.find(R"("message":"internal error")"), std::string::npos) << received;
        EXPECT_TRUE(run.expect(step, run.exchange(step)));
    }
}

INSTANTIATE_TEST_SUITE_P(All, ServiceScript, testing::ValuesIn(service::all_scripts()),
                         [](const auto& info) { return info.param.name; });

} // namespace
} // namespace muster::gateway
