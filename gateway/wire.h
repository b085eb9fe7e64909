#pragma once
// For tests: the other end of a connection. It feeds a Conversation bytes and time as net/ does,
// runs what is posted to it, and collects what it sends.

#include "base/clock.h"
#include "provisioning/fakes.h"
#include "session/conversation.h"

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace muster::gateway {

class Wire {
  public:
    Wire(const session::ConversationFactory& factory, const session::Peer& peer,
         const ManualClock& clock)
        : clock_(clock) {
        conversation_ = factory(peer, [queue = std::weak_ptr(posted_)](Task task) {
            if (const auto tasks = queue.lock()) { // dropped in silence if the connection is gone
                tasks->push_back(std::move(task));
            }
        });
        conversation_->start(clock_.steady());
        collect();
    }

    void send(std::string_view bytes) {
        conversation_->feed(bytes, clock_.steady());
        collect();
    }

    /// Runs the workers and what they post until nothing is left to do.
    void settle(provisioning::ManualWorkers& workers) {
        while (run_worker(workers) || run_posted()) {
        }
    }

    /// As in the real pool, an exception ends its task and nothing else.
    static bool run_worker(provisioning::ManualWorkers& workers) {
        try {
            return workers.run_one();
        } catch (const provisioning::Crash&) {
            return true;
        }
    }

    bool run_posted() {
        const bool any = !posted_->empty();
        while (!posted_->empty()) {
            auto task = std::move(posted_->front());
            posted_->pop_front();
            task();
            collect();
        }
        return any;
    }

    void deadline() {
        conversation_->deadline(clock_.steady());
        collect();
    }

    void stop() {
        conversation_->stop(clock_.steady());
        collect();
    }

    /// The peer is gone, as net/ tells it; the conversation is then destroyed.
    void lose() {
        conversation_->lost(clock_.steady());
        close();
    }

    /// What was sent since the last call.
    std::string take() { return std::exchange(received_, {}); }

    [[nodiscard]] bool wants_close() const { return conversation_->wants_close(); }

    [[nodiscard]] bool wants_input() const { return conversation_->wants_input(); }

    [[nodiscard]] std::optional<SteadyTime> next_deadline() const {
        return conversation_->next_deadline();
    }

    /// False: the peer takes nothing, and net/ has room for no more.
    bool reading = true;

    void read_on() {
        reading = true;
        collect();
    }

    [[nodiscard]] bool is_open() const { return conversation_ != nullptr; }

    void close() {
        posted_.reset();
        conversation_.reset();
    }

  private:
    void collect() {
        while (reading) {
            const std::string output = conversation_->take_output();
            if (output.empty()) {
                return;
            }
            received_ += output;
        }
    }

    const ManualClock& clock_;
    std::shared_ptr<std::deque<Task>> posted_ = std::make_shared<std::deque<Task>>();
    std::unique_ptr<session::Conversation> conversation_;
    std::string received_;
};

} // namespace muster::gateway
