// simulation_test [--seeds FROM COUNT] [--seed N [--about pump-3]]
//
// Each seed is a world of its own; a broken rule prints its story, which --seed N tells again.

#include "base/log.h"
#include "tests/simulation/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace muster::simulation {
namespace {

struct Wanted {
    std::uint64_t from = 1;
    std::uint64_t count = 500;
    bool tells = false;
    std::string about;
};

Wanted read_arguments(const std::vector<std::string>& arguments) {
    Wanted wanted;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const auto number = [&](std::size_t at) {
            return at < arguments.size() ? std::stoull(arguments[at]) : 0;
        };
        if (arguments[i] == "--seed") {
            wanted.from = number(++i);
            wanted.count = 1;
            wanted.tells = true;
        } else if (arguments[i] == "--seeds") {
            wanted.from = number(i + 1);
            wanted.count = number(i + 2);
            i += 2;
        } else if (arguments[i] == "--about" && i + 1 < arguments.size()) {
            wanted.about = arguments[++i];
        }
    }
    return wanted;
}

/// The seeds of a run, shared by the threads that work them off.
class Seeds {
  public:
    explicit Seeds(Wanted wanted) : wanted_(std::move(wanted)), next_(wanted_.from) {}

    void work() {
        Threads threads;
        for (auto seed = next_++; seed < wanted_.from + wanted_.count && !failed_; seed = next_++) {
            run(seed, threads);
        }
    }

    [[nodiscard]] bool failed() const { return failed_; }

    void print_summary(std::chrono::duration<double> time) const {
        std::cout << fmt::format(
            "{} seeds in {:.1f} s, {} moves between hubs, {} late copies left, "
            "{} lines of story\n",
            done_, time.count(), total_.moves, total_.late_copies, total_.lines);
    }

  private:
    void run(std::uint64_t seed, Threads& threads) {
        World world(seed, threads);
        const bool fine = world.run();
        const bool repeats = seed % twice_one_in != 0 || tell_again(seed, threads, world.story());
        const std::scoped_lock lock(mutex_);
        ++done_;
        const Count count = world.count();
        total_.moves += count.moves;
        total_.late_copies += count.late_copies;
        total_.lines += count.lines;
        if (!fine || wanted_.tells) {
            world.story().print(std::cout, wanted_.about);
        }
        if (!fine) {
            const Violation& violation = *world.story().violation();
            std::cout << fmt::format("seed {} broke \"{}\": {}\ntell it again: {} --seed {}\n",
                                     seed, violation.rule, violation.what, "simulation_test", seed);
        } else if (!repeats) {
            std::cout << fmt::format("seed {} tells another story the second time\n", seed);
        }
        failed_ = failed_ || !fine || !repeats;
    }

    /// One seed is one story.
    static bool tell_again(std::uint64_t seed, Threads& threads, const Story& first) {
        World again(seed, threads);
        again.run();
        return again.story().digest() == first.digest();
    }

    static constexpr std::uint64_t twice_one_in = 50;

    Wanted wanted_;
    std::atomic<std::uint64_t> next_;
    std::atomic<bool> failed_{false};
    std::mutex mutex_;
    std::uint64_t done_ = 0;
    Count total_;
};

int run(const std::vector<std::string>& arguments) {
    log::start(log::Level::off);
    const auto began = std::chrono::steady_clock::now();
    Seeds seeds(read_arguments(arguments));
    std::vector<std::thread> workers;
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
        workers.emplace_back([&seeds] { seeds.work(); });
    }
    for (std::thread& worker : workers) {
        worker.join();
    }
    seeds.print_summary(std::chrono::steady_clock::now() - began);
    return seeds.failed() ? 1 : 0;
}

} // namespace
} // namespace muster::simulation

int main(int count, char** arguments) {
    return muster::simulation::run({arguments + 1, arguments + count});
}
