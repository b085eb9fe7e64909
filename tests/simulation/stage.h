#pragma once
// What everybody in the world shares.

#include "base/clock.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/engine.h"
#include "tests/simulation/story.h"
#include "tests/simulation/weather.h"

#include <string>
#include <string_view>

namespace muster::simulation {

struct Stage {
    Stage(std::uint64_t seed_number, Threads& threads)
        : seed(seed_number), dice(seed_number), engine(dice, threads), story(engine.now()),
          weather(draw_weather(dice)) {}

    void tell(std::string_view who, std::string_view what) { story.tell(engine.now(), who, what); }

    /// The world ends here.
    void violated(std::string rule, std::string what) {
        story.violated(engine.now(), std::move(rule), std::move(what));
        engine.stop();
    }

    std::uint64_t seed;
    Dice dice;
    Engine engine;
    Story story;
    Weather weather;
};

/// The virtual time, on a machine whose wall clock is off by some seconds.
class StageClock final : public Clock {
  public:
    explicit StageClock(const Engine& engine, Duration off = Duration(0))
        : engine_(engine), off_(off) {}

    [[nodiscard]] WallTime wall() const override {
        const auto since = std::chrono::duration_cast<Duration>(engine_.now().time_since_epoch());
        return from_unix_seconds(1'893'456'000) + since + off_; // 2030-01-01
    }

    [[nodiscard]] SteadyTime steady() const override { return engine_.now(); }

  private:
    const Engine& engine_;
    Duration off_;
};

/// The workers of a process: each task is one of the engine's.
class StageWorkers final : public Executor {
  public:
    StageWorkers(Stage& stage, std::shared_ptr<Process> process)
        : stage_(stage), process_(std::move(process)) {}

    bool submit(Task task) override {
        if (process_->is_dead()) {
            return false;
        }
        stage_.engine.spawn(process_, std::move(task));
        return true;
    }

  private:
    Stage& stage_;
    std::shared_ptr<Process> process_;
};

/// The timers of a process. What is due runs as a task, so that it may wait for a mutex.
class StageTimers final : public Scheduler {
  public:
    StageTimers(Stage& stage, std::shared_ptr<Process> process)
        : stage_(stage), process_(std::move(process)) {}

    Ticket after(std::chrono::milliseconds delay, Task task) override {
        return stage_.engine.at(
            delay, [&engine = stage_.engine, process = process_, due = std::move(task)]() mutable {
                engine.spawn(process, std::move(due));
            });
    }

    void cancel(Ticket ticket) override { stage_.engine.cancel(ticket); }

  private:
    Stage& stage_;
    std::shared_ptr<Process> process_;
};

} // namespace muster::simulation
