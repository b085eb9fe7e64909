#include "hub/events/connection_events.h"

#include "base/log.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace muster::hub {

namespace {

constexpr std::size_t batch_max = 256;
constexpr std::chrono::milliseconds retry_delay{1000};

struct Note {
    IdentityId id;
    ConnectionChange change = ConnectionChange::connected;
    WallTime at;
};

} // namespace

/// One task at a time works on it.
struct ConnectionEvents::State : std::enable_shared_from_this<State> {
    State(EventLog& the_log, const ConnectionEventPorts& the_ports)
        : log(the_log), ports(the_ports) {}

    void note(const IdentityId& id, ConnectionChange change);
    void submit();
    void retry_later();
    void work();
    std::vector<Note> take_batch();
    void put_back(std::vector<Note> batch);
    Result<void> store(const std::vector<Note>& batch);
    Result<std::uint64_t> find_start();

    /// Does nothing once the hub is gone.
    template <class Step>
    auto later(Step step) {
        return [weak = weak_from_this(), step] {
            if (const auto self = weak.lock()) {
                ((*self).*step)();
            }
        };
    }

    EventLog& log;
    ConnectionEventPorts ports;
    std::mutex mutex; // guards the next three
    std::deque<Note> waiting;
    bool working = false;
    std::size_t dropped = 0;
    // Of the task:
    std::optional<std::uint64_t> start;
    std::uint64_t counter = 0;
};

void ConnectionEvents::State::note(const IdentityId& id, ConnectionChange change) {
    {
        const std::lock_guard lock(mutex);
        if (waiting.size() >= waiting_max) {
            ++dropped;
            return;
        }
        waiting.push_back({.id = id, .change = change, .at = ports.clock.wall()});
        if (std::exchange(working, true)) {
            return;
        }
    }
    submit();
}

void ConnectionEvents::State::submit() {
    if (!ports.workers.submit(later(&State::work))) {
        retry_later();
    }
}

void ConnectionEvents::State::retry_later() {
    ports.timers.after(retry_delay, later(&State::submit));
}

void ConnectionEvents::State::work() {
    std::vector<Note> batch = take_batch();
    if (batch.empty()) {
        return;
    }
    if (const auto stored = store(batch); !stored) {
        log::warning("connection events not stored yet",
                     {{"detail", stored.error().detail}, {"cause", stored.error().cause}});
        put_back(std::move(batch));
        return retry_later();
    }
    submit(); // others have their turn between two batches
}

std::vector<Note> ConnectionEvents::State::take_batch() {
    const std::lock_guard lock(mutex);
    if (const std::size_t count = std::exchange(dropped, 0); count > 0) {
        log::warning("connection events dropped", {{"count", std::to_string(count)}});
    }
    const auto end =
        waiting.begin() + static_cast<std::ptrdiff_t>(std::min(waiting.size(), batch_max));
    std::vector<Note> batch(std::make_move_iterator(waiting.begin()), std::make_move_iterator(end));
    waiting.erase(waiting.begin(), end);
    working = !batch.empty();
    return batch;
}

void ConnectionEvents::State::put_back(std::vector<Note> batch) {
    const std::lock_guard lock(mutex);
    waiting.insert(waiting.begin(), std::make_move_iterator(batch.begin()),
                   std::make_move_iterator(batch.end()));
}

Result<void> ConnectionEvents::State::store(const std::vector<Note>& batch) {
    const auto since = find_start();
    if (!since) {
        return std::unexpected(since.error());
    }
    std::vector<Event> events;
    for (const Note& note : batch) {
        const ChangeOrigin origin{.hub = log.hub(),
                                  .identity = note.id,
                                  .at = note.at,
                                  .correlation = new_guid(ports.random)};
        events.push_back(
            connection_event(origin, note.change, {.start = *since, .counter = ++counter}));
    }
    return log.append(std::move(events));
}

/// The log's last sequence only grows, and every connection event adds to it: so a start after one
/// that stored any has a higher number, whatever the clock says.
Result<std::uint64_t> ConnectionEvents::State::find_start() {
    if (!start) {
        const auto extent = log.extent();
        if (!extent) {
            return std::unexpected(extent.error());
        }
        start = static_cast<std::uint64_t>(extent->last);
    }
    return *start;
}

ConnectionEvents::ConnectionEvents(EventLog& log, const ConnectionEventPorts& ports)
    : state_(std::make_shared<State>(log, ports)) {}

ConnectionEvents::~ConnectionEvents() = default;

void ConnectionEvents::note(const IdentityId& id, ConnectionChange change) {
    if (state_->log.settings().connection_state) {
        state_->note(id, change);
    }
}

} // namespace muster::hub
