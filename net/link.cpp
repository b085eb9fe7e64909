#include "net/link.h"

#include "base/log.h"

#include <boost/asio/error.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <exception>
#include <utility>

namespace muster::net {

namespace {

// A peer that sends without pause gives way to the others of its thread after so many reads.
constexpr int reads_per_turn_max = 8;

} // namespace

Link::Link(const std::shared_ptr<Loop>& loop, Transport transport, const LinkLimits& limits,
           LinkOwner& owner)
    : loop_(loop), tls_(std::move(transport.tls)), descriptor_(loop->context()),
      peer_address_(std::move(transport.peer_address)), limits_(limits), owner_(&owner) {
    descriptor_.assign(transport.socket.get());
    transport.socket.release();
}

Link::~Link() = default;

void Link::begin() {
    guard([this] {
        limit_ = loop_->now() + limits_.handshake_time_max;
        loop_->wake_by(*limit_, *this);
        step();
    });
}

void Link::stop() {
    guard([this] {
        if (stage_ == Stage::handshake) {
            give_up(Code::unavailable, "stopping");
        } else if (stage_ == Stage::open) {
            conversation_->stop(loop_->now());
            pump();
        }
    });
}

void Link::abort() {
    guard([this] {
        if (stage_ == Stage::handshake) {
            give_up(Code::unavailable, "stopped");
        } else if (stage_ == Stage::open) {
            lose("stopped");
        } else {
            end({});
        }
    });
}

template <class Action>
void Link::guard(Action&& action) {
    const std::shared_ptr<Link> self = shared_from_this(); // the owner may let go of it meanwhile
    try {
        action();
    } catch (const std::exception& error) {
        log::error("connection ended by an exception",
                   {{"peer", peer_address_}, {"what", error.what()}});
        // The conversation's state is not to be trusted: it is dropped without lost().
        end(stage_ == Stage::handshake ? Result<void>(fail(Code::internal, "internal error"))
                                       : Result<void>());
    }
}

void Link::step() {
    switch (stage_) {
    case Stage::handshake: return shake_hands();
    case Stage::open: return pump();
    case Stage::closing: return close_in_order();
    case Stage::lingering: return linger();
    case Stage::over: return;
    }
}

void Link::run_task(Task& task) {
    if (stage_ != Stage::open) {
        return; // the conversation that the task is for has gone
    }
    guard([this, &task] {
        task();
        pump();
    });
}

void Link::wake(SteadyTime now) {
    guard([this, now] { check_deadlines(now); });
}

void Link::shake_hands() {
    const Progress progress = tls_.handshake();
    switch (progress) {
    case Progress::done: return open();
    case Progress::wants_read:
    case Progress::wants_write: return wait_for(progress);
    case Progress::closed: return give_up(Code::unavailable, "the peer closed the connection");
    case Progress::failed: return give_up(Code::unavailable, tls_.failure());
    }
}

void Link::open() {
    limit_.reset();
    conversation_ = owner_->link_open(tls_.peer(peer_address_), make_post());
    stage_ = Stage::open;
    if (!conversation_) {
        return close_in_order();
    }
    conversation_->start(loop_->now());
    pump();
}

void Link::pump() {
    collect_output();
    const Progress input = read_input();
    const Progress output = write_output();
    if (output == Progress::failed || output == Progress::closed || input == Progress::failed) {
        return lose(tls_.failure());
    }
    if (input == Progress::closed) {
        return lose("closed by the peer");
    }
    if (output != Progress::done) {
        wait_for(output);
    } else if (conversation_->wants_close()) {
        return close_in_order();
    }
    if (input != Progress::done) {
        wait_for(input);
    } else if (wants_input()) {
        step_later();
    }
    set_alarm();
}

/// Takes output only while there is room for it: a conversation whose peer reads too slowly sees
/// its own bound reached, and decides what that means.
void Link::collect_output() {
    if (output_.size() < limits_.output_bytes_max) {
        output_.append(conversation_->take_output());
    }
}

/// `done` if it stopped for another reason than the socket: the turn is over, or nothing is wanted.
Progress Link::read_input() {
    const std::span<char> buffer = loop_->read_buffer();
    for (int reads = 0; reads < reads_per_turn_max && wants_input(); ++reads) {
        const Transfer transfer = tls_.read(buffer);
        if (transfer.progress != Progress::done) {
            return transfer.progress;
        }
        conversation_->feed({buffer.data(), transfer.bytes}, loop_->now());
        collect_output();
    }
    return Progress::done;
}

Progress Link::write_output() {
    for (;;) {
        if (output_.empty()) {
            output_.append(conversation_->take_output());
            limit_.reset();
            if (output_.empty()) {
                return Progress::done;
            }
        }
        const Transfer transfer = tls_.write(output_.rest());
        if (transfer.progress != Progress::done) {
            if (!limit_) {
                limit_ = loop_->now() + limits_.write_time_max;
            }
            return transfer.progress;
        }
        output_.take(transfer.bytes);
        limit_.reset();
    }
}

bool Link::wants_input() const {
    return output_.size() < limits_.output_bytes_max && conversation_->wants_input() &&
           !conversation_->wants_close();
}

/// close_notify, then our half of the TCP connection. Closing all of it while bytes of the peer lie
/// unread would make the kernel reset the connection, and the peer might never see our last words.
void Link::close_in_order() {
    if (stage_ != Stage::closing) {
        conversation_.reset(); // tasks posted to it are dropped from now on
        stage_ = Stage::closing;
        limit_ = loop_->now() + limits_.close_time_max;
        loop_->wake_by(*limit_, *this);
    }
    const Progress progress = tls_.close_notify();
    if (progress == Progress::wants_read || progress == Progress::wants_write) {
        return wait_for(progress);
    }
    if (progress != Progress::done) {
        return end({});
    }
    ::shutdown(descriptor_.native_handle(), SHUT_WR);
    stage_ = Stage::lingering;
    linger();
}

void Link::linger() {
    const std::span<char> buffer = loop_->read_buffer();
    for (int reads = 0; reads < reads_per_turn_max; ++reads) {
        const ssize_t count = ::recv(descriptor_.native_handle(), buffer.data(), buffer.size(), 0);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
            return end({});
        }
        if (count < 0) {
            break;
        }
    }
    wait_for(Progress::wants_read);
}

/// Before link_open(). The alert that the peer is to see is on its way already.
void Link::give_up(Code code, std::string detail) {
    log::debug("connection failed", {{"peer", peer_address_}, {"reason", detail}});
    end(fail(code, std::move(detail)));
}

void Link::lose(std::string_view reason) {
    log::debug("connection lost", {{"peer", peer_address_}, {"reason", std::string(reason)}});
    conversation_->lost(loop_->now());
    end({});
}

void Link::end(Result<void> outcome) {
    if (stage_ == Stage::over) {
        return;
    }
    stage_ = Stage::over;
    conversation_.reset();
    boost::system::error_code ignored;
    descriptor_.close(ignored); // also ends the waits
    owner_->link_gone(*this, std::move(outcome));
}

void Link::check_deadlines(SteadyTime now) {
    if (stage_ == Stage::over) {
        return;
    }
    if (limit_ && *limit_ <= now) {
        return run_out_of_time();
    }
    if (stage_ == Stage::open) {
        const std::optional<SteadyTime> next = conversation_->next_deadline();
        if (next && *next <= now) {
            conversation_->deadline(now);
            return pump();
        }
    }
    set_alarm();
}

void Link::run_out_of_time() {
    switch (stage_) {
    case Stage::handshake: return give_up(Code::deadline_exceeded, "TLS handshake took too long");
    case Stage::open: return lose("the peer has stopped reading");
    default: return end({});
    }
}

void Link::set_alarm() {
    std::optional<SteadyTime> first = limit_;
    if (stage_ == Stage::open) {
        const std::optional<SteadyTime> next = conversation_->next_deadline();
        if (next && (!first || *next < *first)) {
            first = next;
        }
    }
    if (first) {
        loop_->wake_by(*first, *this);
    }
}

void Link::wait_for(Progress progress) {
    if (progress == Progress::wants_read) {
        wait(Wait::wait_read, awaiting_read_);
    } else if (progress == Progress::wants_write) {
        wait(Wait::wait_write, awaiting_write_);
    }
}

void Link::wait(Wait what, bool& waiting) {
    if (std::exchange(waiting, true)) {
        return;
    }
    descriptor_.async_wait(
        what, [self = shared_from_this(), &waiting](const boost::system::error_code& error) {
            waiting = false;
            if (error != boost::asio::error::operation_aborted) {
                self->guard([&self] { self->step(); });
            }
        });
}

void Link::step_later() {
    loop_->post([link = weak_from_this()] {
        if (const std::shared_ptr<Link> self = link.lock()) {
            self->guard([&self] { self->step(); });
        }
    });
}

/// The loop is only held weakly: a Post may outlive the server, and then does nothing. The link is
/// looked for on its own thread, so that no other thread ever holds, or destroys, it.
Post Link::make_post() {
    return [loop = std::weak_ptr(loop_), link = weak_from_this()](Task task) {
        const std::shared_ptr<Loop> home = loop.lock();
        if (!home) {
            return;
        }
        home->post([link, task = std::move(task)]() mutable {
            if (const std::shared_ptr<Link> self = link.lock()) {
                self->run_task(task);
            }
        });
    };
}

} // namespace muster::net
