#pragma once
// Ends background work before what it refers to is gone.

#include <condition_variable>
#include <mutex>

namespace muster {

/// Lets work in until it is closed; closing waits for what is inside. Thread safe. Not to be closed
/// from inside.
class Gate {
  public:
    /// `if (const Gate::Pass pass(gate); pass) { work(); }`
    class Pass {
      public:
        explicit Pass(Gate& gate) : gate_(gate.enter() ? &gate : nullptr) {}

        Pass(const Pass&) = delete;
        Pass& operator=(const Pass&) = delete;

        ~Pass() {
            if (gate_ != nullptr) {
                gate_->leave();
            }
        }

        explicit operator bool() const { return gate_ != nullptr; }

      private:
        Gate* gate_;
    };

    void close() {
        std::unique_lock lock(mutex_);
        closed_ = true;
        empty_.wait(lock, [this] { return inside_ == 0; });
    }

  private:
    bool enter() {
        const std::scoped_lock lock(mutex_);
        inside_ += closed_ ? 0 : 1;
        return !closed_;
    }

    void leave() {
        const std::scoped_lock lock(mutex_);
        if (--inside_ == 0) {
            empty_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable empty_;
    int inside_ = 0;
    bool closed_ = false;
};

} // namespace muster
