#include "tests/simulation/port_steps.h"

#include <fmt/format.h>

namespace muster::simulation {

bool PortSteps::may_step() const {
    return Engine::of_this_thread() != nullptr && !Engine::is_unwinding();
}

void PortSteps::pass() {
    if (is_due(stage_.weather.crashes_one_in) && !process_->is_dead()) {
        stage_.tell(name(), "CRASHES");
        crash_();
    } else if (is_due(stage_.weather.stalls_one_in)) {
        const Duration time =
            stage_.dice.between(std::chrono::seconds(1), std::chrono::seconds(180));
        stage_.tell(name(), fmt::format("falls asleep for {} s", time.count() / 1'000'000));
        process_->stall_until(stage_.engine.now() + time);
    }
    if (stage_.dice.one_in(3)) {
        stage_.engine.sleep(stage_.dice.between(Duration(20), std::chrono::milliseconds(4)));
    } else {
        stage_.engine.step();
    }
}

} // namespace muster::simulation
