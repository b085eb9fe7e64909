#pragma once
// Every call of a port is a step of the engine, and each step may be the one at which the process
// dies, falls asleep, or finds its store failing.

#include "base/result.h"
#include "tests/simulation/stage.h"

#include <memory>
#include <string>
#include <string_view>

namespace muster::simulation {

/// The steps of one process.
class PortSteps {
  public:
    PortSteps(Stage& stage, std::shared_ptr<Process> process, std::function<void()> crash)
        : stage_(stage), process_(std::move(process)), crash_(std::move(crash)) {}

    [[nodiscard]] Stage& stage() { return stage_; }

    [[nodiscard]] const std::string& name() const { return process_->name(); }

    /// A call of the store: it takes effect or not, at once, and the caller may not live to know.
    template <class Call>
    auto stored(Call call) -> decltype(call()) {
        using Outcome = decltype(call());
        if (!may_step()) {
            return Outcome(fail(Code::unavailable, "the process is ending"));
        }
        pass();
        if (is_due(stage_.weather.store_failures_one_in)) {
            stage_.tell(name(), "store fails");
            return Outcome(fail(Code::unavailable, "the database is not there"));
        }
        auto outcome = call();
        pass();
        return outcome;
    }

    /// One moment at which others go on and the process may die.
    void pass();

    /// False for destructors that run while the process dies, and for events.
    [[nodiscard]] bool may_step() const;

  private:
    bool is_due(std::size_t one_in) { return one_in != 0 && stage_.dice.one_in(one_in); }

    Stage& stage_;
    std::shared_ptr<Process> process_;
    std::function<void()> crash_;
};

} // namespace muster::simulation
