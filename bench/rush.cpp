#include "bench/rush.h"

#include <utility>

namespace muster::bench {

namespace {

constexpr std::chrono::seconds handshake_time_max{30};

} // namespace

struct Rush::Course {
    bool judged = false;
    bool released = false;
};

Rush::Rush(net::Dialer& dialer, std::size_t concurrency, Until until)
    : dialer_(dialer), concurrency_(concurrency), until_(until) {}

RushResult Rush::run(std::span<const Errand> errands) {
    const auto began = std::chrono::steady_clock::now();
    for (const Errand& errand : errands) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return in_flight_ < concurrency_; });
            ++in_flight_;
        }
        begin(errand);
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_ == 0; });
    result_.elapsed = std::chrono::steady_clock::now() - began;
    return std::exchange(result_, {});
}

void Rush::begin(const Errand& errand) {
    auto course = std::make_shared<Course>();
    dialer_.dial(
        errand.destination, errand.tls,
        [this, course, make = errand.make](const session::Peer&, const Post&) {
            return make([this, course](const Result<void>& result) { note(*course, result); });
        },
        handshake_time_max,
        [this, course](const Result<void>& closed) {
            note(*course, closed ? fail(Code::unavailable, "the connection was closed") : closed);
            release(*course);
        });
}

/// The first to speak is believed: the conversation, or the connection that never came to one.
void Rush::note(Course& course, const Result<void>& result) {
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(course.judged, true)) {
            return;
        }
        if (result) {
            ++result_.succeeded;
        } else if (result_.first_failure.empty()) {
            result_.first_failure = result.error().detail;
        }
    }
    if (until_ == Until::done) {
        release(course);
    }
}

void Rush::release(Course& course) {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(course.released, true)) {
        --in_flight_;
        changed_.notify_one();
    }
}

} // namespace muster::bench
