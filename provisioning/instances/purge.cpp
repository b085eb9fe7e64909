#include "provisioning/instances/purge.h"

#include "base/log.h"
#include "provisioning/instances/notes.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds full_queue_delay{500};
constexpr milliseconds first_delay{1000};
constexpr milliseconds longest_delay{60'000};

milliseconds delay_after_failures(int failures) {
    const int doublings = std::clamp(failures - 1, 0, 8);
    return std::min(first_delay * (1 << doublings), longest_delay);
}

} // namespace

Purge::Purge(const Ports& ports, std::shared_ptr<const Instance> instance,
             std::function<void()> ended)
    : ports_(ports), instance_(std::move(instance)), ended_(std::move(ended)) {}

void Purge::start() {
    enqueue();
}

void Purge::enqueue() {
    const bool accepted = ports_.workers.submit([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->run();
        }
    });
    if (!accepted) {
        wait(full_queue_delay);
    }
}

void Purge::wait(milliseconds delay) {
    ports_.timers.after(delay, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->enqueue();
        }
    });
}

void Purge::run() {
    switch (step()) {
    case Next::now: enqueue(); return;
    case Next::after_quiet: wait(purge_quiet); return;
    case Next::after_failure: wait(delay_after_failures(failures_)); return;
    case Next::nothing: ended_(); return;
    }
}

Purge::Next Purge::step() {
    const auto more = ports_.store.purge(instance_->scope, purge_rows_max);
    if (!more) {
        return failed(more.error());
    }
    failures_ = 0;
    if (*more) {
        return Next::now;
    }
    if (!quiet_) {
        quiet_ = true;
        return Next::after_quiet;
    }
    return erase();
}

Purge::Next Purge::erase() {
    const Principal by{instance_->deleted_by};
    const Change change = note_deletion({.by = by, .at = ports_.clock.wall()}, *instance_);
    const auto erased = ports_.store.erase(instance_->scope, change);
    const bool gone = erased || erased.error().code == Code::not_found;
    return gone ? Next::nothing : failed(erased.error());
}

Purge::Next Purge::failed(const Error& error) {
    ++failures_;
    log::warning("a deleted instance cannot be purged yet", {{"instance", instance_->name},
                                                             {"scope", instance_->scope.text()},
                                                             {"detail", error.detail},
                                                             {"cause", error.cause}});
    return Next::after_failure;
}

} // namespace muster::provisioning
