#pragma once
// The death of the process at any one call of a port, before or after it took effect. For tests.

#include <mutex>
#include <optional>
#include <utility>

namespace muster::provisioning {

/// What stands for the death of the process.
struct Crash {};

/// Counts the calls of all ports and ends the process at one of them.
class Faults {
  public:
    enum class When { before_effect, after_effect };

    void crash_at(int call, When when) {
        const std::scoped_lock lock(mutex_);
        crash_ = std::pair(call, when);
        calls_ = 0;
    }

    void clear() {
        const std::scoped_lock lock(mutex_);
        crash_.reset();
        calls_ = 0;
    }

    int calls() {
        const std::scoped_lock lock(mutex_);
        return calls_;
    }

    template <class Effect>
    auto call(Effect effect) {
        const int number = enter();
        auto result = effect();
        crash_if(number, When::after_effect);
        return result;
    }

  private:
    int enter() {
        int number = 0;
        {
            const std::scoped_lock lock(mutex_);
            number = ++calls_;
        }
        crash_if(number, When::before_effect);
        return number;
    }

    void crash_if(int number, When when) {
        const std::scoped_lock lock(mutex_);
        if (crash_ && number >= crash_->first &&
            (number > crash_->first || crash_->second == when)) {
            throw Crash();
        }
    }

    std::mutex mutex_;
    int calls_ = 0;
    std::optional<std::pair<int, When>> crash_;
};

} // namespace muster::provisioning
