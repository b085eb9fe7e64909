#include "hub/presence_writer.h"

#include "base/log.h"

#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

namespace muster::hub {

namespace {

constexpr std::chrono::milliseconds pause{1000};
constexpr std::size_t batch_max = 500;

} // namespace

struct PresenceWriter::State : std::enable_shared_from_this<State> {
    explicit State(PresenceWriting what) : parts(std::move(what)) {}

    /// The mutex is held.
    Result<void> write() {
        for (auto who = parts.live.take_changed(batch_max); !who.empty();
             who = parts.live.take_changed(batch_max)) {
            std::vector<PresenceChange> changes;
            changes.reserve(who.size());
            for (const IdentityId& id : who) {
                changes.push_back({.id = id, .presence = parts.live.presence(id)});
            }
            if (const auto saved = parts.store.save(parts.hub, changes); !saved) {
                parts.live.put_back_changed(who);
                return saved;
            }
        }
        return {};
    }

    void write_later() {
        parts.timers.after(pause, [state = weak_from_this()] {
            if (const auto alive = state.lock()) {
                alive->submit();
            }
        });
    }

    /// Storage is not waited for on the timers' thread.
    void submit() {
        const std::scoped_lock lock(mutex);
        if (stopped) {
            return;
        }
        const bool queued = parts.workers.submit([state = weak_from_this()] {
            if (const auto alive = state.lock()) {
                alive->write_and_go_on();
            }
        });
        if (!queued) { // overload: another time
            write_later();
        }
    }

    void write_and_go_on() {
        const std::scoped_lock lock(mutex);
        if (stopped) {
            return;
        }
        if (const auto written = write(); !written) {
            log::warning("who is connected was not written down",
                         {{"hub", parts.hub.text()}, {"cause", written.error().cause}});
        }
        write_later();
    }

    PresenceWriting parts;
    std::mutex mutex; // held while writing
    bool started = false;
    bool stopped = false;
};

PresenceWriter::PresenceWriter(PresenceWriting parts)
    : state_(std::make_shared<State>(std::move(parts))) {}

PresenceWriter::~PresenceWriter() {
    const std::scoped_lock lock(state_->mutex);
    state_->stopped = true;
    if (state_->started) {
        // What cannot be stored now is lost: whoever starts next knows nobody to be connected.
        static_cast<void>(state_->write());
    }
}

Result<void> PresenceWriter::start() {
    const std::scoped_lock lock(state_->mutex);
    auto done = state_->parts.store.disconnect_all(state_->parts.hub, state_->parts.clock.wall());
    if (done && !std::exchange(state_->started, true)) {
        state_->write_later();
    }
    return done;
}

Result<void> PresenceWriter::write() {
    const std::scoped_lock lock(state_->mutex);
    return state_->write();
}

} // namespace muster::hub
