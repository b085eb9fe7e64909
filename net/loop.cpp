#include "net/loop.h"

#include "base/log.h"

#include <boost/asio/post.hpp>

#include <pthread.h>

#include <csignal>
#include <exception>
#include <utility>

namespace muster::net {

Loop::Loop(const Options& options)
    : read_buffer_(options.read_bytes), work_(context_.get_executor()), timer_(context_) {
    std::signal(SIGPIPE, SIG_IGN);
    thread_ = std::thread([this, name = options.thread_name] { run(name); });
}

Loop::~Loop() {
    stop();
}

void Loop::post(Task task) {
    boost::asio::post(context_, std::move(task));
}

void Loop::stop() {
    if (!thread_.joinable()) {
        return;
    }
    post([this] {
        timer_.cancel();
        work_.reset();
    });
    thread_.join();
}

void Loop::wake_by(SteadyTime time, Sleeper& sleeper) {
    sleepers_.wake_by(time, sleeper);
    arm_timer();
}

void Loop::run(const std::string& thread_name) {
    pthread_setname_np(pthread_self(), thread_name.substr(0, 15).c_str());
    for (;;) {
        try {
            context_.run();
            return;
        } catch (const std::exception& error) { // Connections catch their own; this is the net.
            log::error("event loop: exception", {{"what", error.what()}});
        }
    }
}

void Loop::arm_timer() {
    const std::optional<SteadyTime> earliest = sleepers_.earliest();
    if (!earliest || (armed_for_ && *armed_for_ <= *earliest)) {
        return;
    }
    armed_for_ = earliest;
    timer_.expires_at(*earliest);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            wake_due();
        }
    });
}

void Loop::wake_due() {
    armed_for_.reset();
    // Only those due at this moment: a sleeper that asks for the past waits for the next turn.
    const SteadyTime moment = now();
    std::size_t count = sleepers_.size();
    while (count-- > 0) {
        Sleeper* sleeper = sleepers_.pop_due(moment);
        if (sleeper == nullptr) {
            break;
        }
        sleeper->wake(moment);
    }
    arm_timer();
}

} // namespace muster::net
