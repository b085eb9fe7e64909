#pragma once
// Allocation functions for tests: they answer as they are told to, and remember the calls.

#include "provisioning/allocating/function.h"

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace muster::provisioning {

class ScriptedWeb final : public WebCaller {
  public:
    using Script = std::function<Result<WebReply>(const WebCall&)>;

    /// The next calls, before what answer_by() says.
    void answer_next(Result<WebReply> reply) {
        answer_next_by([reply = std::move(reply)](const WebCall&) { return reply; });
    }

    void answer_next_by(Script script) {
        const std::scoped_lock lock(mutex_);
        next_.push_back(std::move(script));
    }

    /// Every call; nothing: nobody is there.
    void answer_by(Script script) {
        const std::scoped_lock lock(mutex_);
        script_ = std::move(script);
    }

    /// Always this document.
    void answer(std::string body) {
        answer_by([body = std::move(body)](const WebCall&) -> Result<WebReply> {
            return WebReply{.status = 200, .content_type = "application/json", .body = body};
        });
    }

    /// Runs at the beginning of every call, before the answer.
    void before_calls(std::function<void()> action) { before_calls_ = std::move(action); }

    Result<WebReply> post(const WebCall& call) override {
        if (before_calls_) {
            before_calls_();
        }
        const std::scoped_lock lock(mutex_);
        calls_.push_back(call);
        if (!next_.empty()) {
            const Script script = std::move(next_.front());
            next_.pop_front();
            return script(call);
        }
        return script_ ? script_(call) : fail(Code::unavailable, "nobody is there");
    }

    std::vector<WebCall> calls() {
        const std::scoped_lock lock(mutex_);
        return calls_;
    }

  private:
    std::mutex mutex_;
    std::function<void()> before_calls_;
    std::deque<Script> next_;
    Script script_;
    std::vector<WebCall> calls_;
};

} // namespace muster::provisioning
