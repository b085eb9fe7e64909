#pragma once
// One thread with its event loop, and what the connections on it share: the read buffer and the
// deadlines. Everything but post() is for that thread alone.

#include "base/clock.h"
#include "base/task.h"
#include "net/wake_queue.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace muster::net {

class Loop {
  public:
    struct Options {
        std::string thread_name;
        std::size_t read_bytes = 16 * 1024;
    };

    /// Starts the thread. SIGPIPE is ignored from now on, in the whole process: OpenSSL writes to
    /// sockets without MSG_NOSIGNAL, and a peer that closes early must not end us.
    explicit Loop(const Options& options);
    ~Loop();

    /// Runs the task on the loop's thread, after those posted before it. Thread safe. After stop()
    /// tasks are kept unrun until the loop is destroyed.
    void post(Task task);

    /// Returns once every connection is over. Whoever calls has closed them. Not from the thread.
    void stop();

    [[nodiscard]] boost::asio::io_context& context() { return context_; }

    [[nodiscard]] std::span<char> read_buffer() { return read_buffer_; }

    [[nodiscard]] SteadyTime now() const { return clock_.steady(); }

    void wake_by(SteadyTime time, Sleeper& sleeper);

  private:
    void run(const std::string& thread_name);
    void arm_timer();
    void wake_due();

    SystemClock clock_;
    std::vector<char> read_buffer_;
    WakeQueue sleepers_; // outlives the context, whose handlers hold the sleepers
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    boost::asio::steady_timer timer_;
    std::optional<SteadyTime> armed_for_;
    std::thread thread_;
};

} // namespace muster::net
