#pragma once
// A web that answers as it is told to. For tests.

#include "provisioning/allocating/function.h"

#include <chrono>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace muster::provisioning {

/// Thread safe, the clock apart.
class FakeWeb final : public WebCaller {
  public:
    explicit FakeWeb(ManualClock& clock) : clock_(clock) {}

    /// What comes next, and how long it takes; when nothing is left, `otherwise` comes.
    void then(Result<WebReply> reply, std::chrono::microseconds takes = {}) {
        const std::scoped_lock lock(mutex_);
        next_.push_back({std::move(reply), takes});
    }

    void then_status(unsigned status) {
        then(WebReply{.status = status, .content_type = {}, .body = "SeCrEt body"});
    }

    void otherwise(Result<WebReply> reply) { otherwise_ = std::move(reply); }

    [[nodiscard]] const std::vector<WebCall>& calls() const { return calls_; }

    Result<WebReply> post(const WebCall& call) override {
        const std::scoped_lock lock(mutex_);
        calls_.push_back(call);
        if (next_.empty()) {
            return otherwise_;
        }
        Scripted scripted = std::move(next_.front());
        next_.pop_front();
        clock_.advance(std::min<std::chrono::microseconds>(scripted.takes, call.time_max));
        return scripted.reply;
    }

  private:
    struct Scripted {
        Result<WebReply> reply;
        std::chrono::microseconds takes;
    };

    ManualClock& clock_;
    std::mutex mutex_;
    std::deque<Scripted> next_;
    Result<WebReply> otherwise_ = fail(Code::unavailable, "cannot connect to web.hook");
    std::vector<WebCall> calls_;
};

} // namespace muster::provisioning
