// Moves between hubs of two real servers under kill -9: at every stored step of either, and at
// random moments under load. Afterwards every device must be enabled at exactly the hub it was
// told, known at no other, with every acknowledged change of its twin.
//
//   MUSTER_CRASH_MOVE_KILLS   random kills (default 300, the kills at steps not counted)
//   MUSTER_CRASH_SEED         of the moments of death; printed

#include "tests/crash/moves/movers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <future>
#include <random>
#include <thread>
#include <utility>

namespace muster::crash {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t load_threads = 8;
constexpr std::size_t fleet_size = 32;
constexpr int kills_between_rests = 10;
constexpr int writes_of_a_move_max = 40; // more than any move makes
constexpr milliseconds look_interval{2};
constexpr milliseconds last_write_time_max{100};

std::size_t setting(const char* name, std::size_t otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr ? static_cast<std::size_t>(std::strtoull(text, nullptr, 10)) : otherwise;
}

class CrashingMoves : public ::testing::Test {
  protected:
    void SetUp() override {
        std::signal(SIGPIPE, SIG_IGN);
        const auto started = cluster_.start();
        ASSERT_TRUE(started) << started.error().detail;
    }

    void TearDown() override {
        if (HasFailure()) {
            fmt::print("the data folders are kept: {}\n", cluster_.folder().string());
        } else {
            std::filesystem::remove_all(cluster_.folder());
        }
    }

    void expect_order(Movers& movers) {
        for (const std::string& complaint : movers.come_to_rest()) {
            ADD_FAILURE() << complaint;
        }
        for (const std::string& problem : movers.problems()) {
            ADD_FAILURE() << problem;
        }
    }

    /// Waits for the order, and restarts the server as soon as it has died. Here and not in a
    /// thread beside: a server ends with the thread that started it. Whether it died.
    bool revive_until_order(Movers& movers, Victim victim) {
        std::future<void> order =
            std::async(std::launch::async, [this, &movers] { expect_order(movers); });
        bool died = false;
        const auto look = [&] {
            if (!cluster_.alive(victim)) {
                died = true;
                EXPECT_TRUE(cluster_.restart(victim));
            }
        };
        while (order.wait_for(look_interval) != std::future_status::ready) {
            look();
        }
        cluster_.disarm(victim);
        std::this_thread::sleep_for(last_write_time_max); // the journal is written a little later
        look();
        return died;
    }

    /// One move of one device with a kill at that write. False once it makes fewer writes.
    bool move_under(Movers& mover, std::size_t from, std::size_t to, const KillAt& at) {
        EXPECT_TRUE(cluster_.direct_to(from));
        expect_order(mover);
        cluster_.kill(at.victim);
        EXPECT_TRUE(cluster_.restart(at.victim, at));
        EXPECT_TRUE(cluster_.direct_to(to));
        cluster_.arm(at.victim);
        return revive_until_order(mover, at.victim);
    }

    /// Kills at write 1, 2, 3, ... until a move makes no such write any more. How many.
    int kill_at_every_write(Movers& mover, std::size_t from, std::size_t to, KillAt at) {
        for (at.write = 1; at.write <= writes_of_a_move_max && !HasFailure(); ++at.write) {
            if (!move_under(mover, from, to, at)) {
                break;
            }
        }
        return at.write - 1;
    }

    SystemClock clock_;
    Cluster cluster_{clock_};
};

TEST_F(CrashingMoves, survive_a_kill_at_every_stored_step) {
    Movers mover(cluster_, clock_, 1);
    constexpr std::pair<std::size_t, std::size_t> directions[] = {{0, 2}, {2, 0}, {2, 3}, {0, 1}};
    int kills = 0;
    for (const auto& [from, to] : directions) {
        for (const Victim victim : {Victim::provisioning, Victim::hubs}) {
            for (const bool before : {true, false}) {
                SCOPED_TRACE(fmt::format("from {} to {}", from, to));
                const int killed =
                    kill_at_every_write(mover, from, to, {.victim = victim, .before = before});
                fmt::print("from {} to {}, {} killed {} each of {} writes\n",
                           cluster_.hubs()[from].name, cluster_.hubs()[to].name,
                           victim == Victim::hubs ? "hubs" : "provisioning",
                           before ? "before" : "after", killed);
                kills += killed;
            }
        }
    }
    EXPECT_GT(kills, 40) << "a move stores more than that";
}

TEST_F(CrashingMoves, survive_kills_at_random_under_load) {
    const std::size_t kills = setting("MUSTER_CRASH_MOVE_KILLS", 300);
    const std::size_t seed = setting("MUSTER_CRASH_SEED", static_cast<std::size_t>(::getpid()));
    fmt::print("{} kills, MUSTER_CRASH_SEED={}\n", kills, seed);
    std::mt19937_64 random(seed);
    std::uniform_int_distribution<int> life_milliseconds(1, 300);
    Movers movers(cluster_, clock_, fleet_size);
    for (std::size_t done = 0; done < kills && !HasFailure();) {
        std::vector<std::jthread> load;
        for (std::size_t part = 0; part < load_threads; ++part) {
            load.emplace_back(
                [&, part](const std::stop_token& stop) { movers.work(stop, part, load_threads); });
        }
        load.emplace_back(
            [&, number = random()](const std::stop_token& stop) { movers.direct(stop, number); });
        for (int i = 0; i < kills_between_rests; ++i, ++done) {
            std::this_thread::sleep_for(milliseconds(life_milliseconds(random)));
            const Victim victim = random() % 2 == 0 ? Victim::provisioning : Victim::hubs;
            cluster_.kill(victim);
            ASSERT_TRUE(cluster_.restart(victim));
        }
        load.clear(); // stops and joins
        expect_order(movers);
    }
    fmt::print("{} moves were seen by {} devices\n", movers.moves_seen(), fleet_size);
    EXPECT_GT(movers.moves_seen(), static_cast<std::int64_t>(kills) / 2)
        << "too little load to show anything";
}

} // namespace
} // namespace muster::crash
