// The real binary under kill -9 while devices register: after every restart, every acknowledged
// assignment and enrollment must be there, in the registration store and on exactly one hub, and
// every acknowledged operation must come to its end.
//
//   MUSTER_CRASH_KILLS   how often (default 100)
//   MUSTER_CRASH_SEED    of the moments of death; printed, so that a failure can be tried again

#include "base/clock.h"
#include "tests/crash/world.h"
#include "tests/support/server_process.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

namespace muster::crash {
namespace {

constexpr std::size_t device_threads = 12;
constexpr int unchecked_rounds_max = 10; // everything is compared at least so often

std::size_t setting(const char* name, std::size_t otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr ? static_cast<std::size_t>(std::strtoull(text, nullptr, 10)) : otherwise;
}

class Crash : public ::testing::Test {
  protected:
    void TearDown() override {
        server_.kill();
        if (HasFailure()) {
            fmt::print("the data folder is kept: {}\n", folder_.string());
        } else {
            std::filesystem::remove_all(folder_);
        }
    }

    /// Devices register and operators enroll until the server dies.
    std::vector<std::jthread> start_load(const Fleet& fleet, std::size_t round) {
        std::vector<std::jthread> threads;
        for (std::size_t thread = 0; thread < device_threads; ++thread) {
            threads.emplace_back([this, &fleet, round, thread](const std::stop_token& stop) {
                for (std::size_t n = 0; !stop.stop_requested(); ++n) {
                    const std::string id = fmt::format("c{}-{}-{}", round, thread, n);
                    auto done = thread == 0 ? create_enrollment(fleet, id, ledger_, clock_)
                                            : register_device(fleet, id, ledger_, clock_);
                    if (!done) {
                        report(done.error().detail);
                        return;
                    }
                }
            });
        }
        return threads;
    }

    /// What was under way when the server died must come to its end.
    void finish_operations(const Fleet& fleet) {
        for (const auto& [id, operation] : ledger_.promises().operations) {
            auto done = register_device(fleet, id, ledger_, clock_);
            EXPECT_TRUE(done) << done.error().detail;
        }
        EXPECT_TRUE(ledger_.promises().operations.empty());
    }

    void compare(const Fleet& fleet) {
        for (const std::string& complaint : broken_promises(fleet, ledger_.promises(), clock_)) {
            ADD_FAILURE() << complaint;
        }
    }

    void report(const std::string& problem) {
        const std::lock_guard lock(problems_mutex_);
        problems_.push_back(problem);
    }

    SystemClock clock_;
    Ledger ledger_;
    std::filesystem::path folder_ = test::new_temporary_folder("crash");
    test::ServerProcess server_{{.program = MUSTER_PROGRAM,
                                 .data = folder_,
                                 .address = test::own_loopback_address(),
                                 .life_max = std::chrono::seconds(120)}};
    std::mutex problems_mutex_;
    std::vector<std::string> problems_;
};

TEST_F(Crash, nothing_acknowledged_is_lost_by_kill_9_under_load) {
    std::signal(SIGPIPE, SIG_IGN);
    const std::size_t kills = setting("MUSTER_CRASH_KILLS", 100);
    const std::size_t seed = setting("MUSTER_CRASH_SEED", static_cast<std::size_t>(::getpid()));
    fmt::print("{} kills, MUSTER_CRASH_SEED={}\n", kills, seed);
    std::mt19937_64 random(seed);
    std::uniform_int_distribution<int> life_milliseconds(1, 400);

    auto ready = server_.start();
    ASSERT_TRUE(ready) << ready.error().detail;
    const auto fleet = make_fleet(*ready, clock_);
    ASSERT_TRUE(fleet) << fleet.error().detail;

    for (std::size_t round = 1; round <= kills && !HasFailure(); ++round) {
        std::vector<std::jthread> load = start_load(*fleet, round);
        std::this_thread::sleep_for(std::chrono::milliseconds(life_milliseconds(random)));
        for (std::jthread& thread : load) {
            thread.request_stop();
        }
        server_.kill();
        load.clear(); // joins
        auto again = server_.start();
        ASSERT_TRUE(again) << again.error().detail;
        finish_operations(*fleet);
        if (round % unchecked_rounds_max == 0 || round == kills) {
            compare(*fleet);
        }
        EXPECT_TRUE(problems_.empty()) << problems_.front();
    }
    const Promises promises = ledger_.promises();
    fmt::print("{} assignments and {} enrollments were acknowledged and survived {} kills\n",
               promises.assigned.size(), promises.enrollments.size(), kills);
    EXPECT_GT(promises.assigned.size(), kills) << "too little load to show anything";
    EXPECT_EQ(server_.stop(), 0);
}

} // namespace
} // namespace muster::crash
