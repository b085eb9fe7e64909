#include "net/dialer.h"

#include "base/check.h"
#include "net/dial.h"
#include "net/loop.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace muster::net {

namespace {

/// One thread of a dialer and the dials on it, which only that thread touches.
class DialerThread {
  public:
    explicit DialerThread(std::size_t index)
        : loop_(std::make_shared<Loop>(
              Loop::Options{.thread_name = "muster-dial-" + std::to_string(index)})) {}

    void post(DialOrder order) {
        loop_->post([this, order = std::move(order)]() mutable { begin(std::move(order)); });
    }

    void abort_all() {
        loop_->post([this] {
            for (auto next = dials_.begin(); next != dials_.end();) {
                const auto dial = next++; // which takes itself out
                dial->second->abort();
            }
        });
    }

    void join() { loop_->stop(); }

  private:
    void begin(DialOrder order) {
        const std::uint64_t id = next_id_++;
        auto dial =
            std::make_unique<Dial>(loop_, std::move(order), [this, id] { dials_.erase(id); });
        dials_.emplace(id, std::move(dial)).first->second->begin();
    }

    std::shared_ptr<Loop> loop_;
    std::map<std::uint64_t, std::unique_ptr<Dial>> dials_;
    std::uint64_t next_id_ = 0;
};

} // namespace

struct Dialer::State {
    std::vector<std::unique_ptr<DialerThread>> threads;
    std::mutex mutex;
    bool stopped = false;
    std::size_t next = 0;

    /// False, and the order untouched, once the dialer is stopped.
    bool post(DialOrder& order) {
        const std::lock_guard lock(mutex);
        if (stopped) {
            return false;
        }
        threads[next++ % threads.size()]->post(std::move(order));
        return true;
    }

    bool begin_stop() {
        const std::lock_guard lock(mutex);
        return !std::exchange(stopped, true);
    }
};

Dialer::Dialer(std::size_t threads) : state_(std::make_unique<State>()) {
    CHECK(threads > 0);
    for (std::size_t index = 0; index < threads; ++index) {
        state_->threads.push_back(std::make_unique<DialerThread>(index));
    }
}

Dialer::~Dialer() {
    stop();
}

void Dialer::dial(const Destination& destination, std::shared_ptr<const ClientTls> tls,
                  session::ConversationFactory make, std::chrono::milliseconds handshake_time_max,
                  std::move_only_function<void(Result<void>)> closed) {
    DialOrder order{destination, std::move(tls), std::move(make), handshake_time_max,
                    std::move(closed)};
    if (!state_->post(order)) {
        order.closed(fail(Code::unavailable, "the dialer has stopped"));
    }
}

void Dialer::stop() {
    if (!state_->begin_stop()) {
        return;
    }
    for (const std::unique_ptr<DialerThread>& thread : state_->threads) {
        thread->abort_all();
        thread->join();
    }
}

} // namespace muster::net
