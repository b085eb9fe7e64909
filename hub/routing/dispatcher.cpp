#include "hub/routing/dispatcher.h"

#include "base/log.h"

#include <atomic>
#include <mutex>
#include <utility>

namespace muster::hub {

namespace {

/// Without any event for so long, there is time to store how far we looked.
constexpr std::chrono::milliseconds wait_max{60'000};

template <class... Cases>
struct Either : Cases... {
    using Cases::operator()...;
};

/// From 0 to 1.
double fraction(Random& random) {
    constexpr double steps = 65536;
    const std::string bytes = random.bytes(2);
    const unsigned number =
        static_cast<unsigned char>(bytes[0]) * 256U + static_cast<unsigned char>(bytes[1]);
    return number / steps;
}

} // namespace

/// One chain of steps: whoever is at it hands it on to the executor, a timer or the log, so that
/// nothing but the flag that ends it needs a lock.
struct Dispatcher::State : std::enable_shared_from_this<State> {
    State(Named named, DispatcherPorts given, const DeliveryLimits& limits)
        : endpoint(std::move(named)), ports(std::move(given)), delivery(0, limits),
          delivery_limits(limits) {
        status.name = endpoint.name;
        status.kind = endpoint.kind;
        status.target = endpoint.target;
        for (const Route& route : ports.routes.routes()) {
            if (route.enabled && route.endpoint == endpoint.name) {
                status.routes.push_back(route.name);
            }
        }
    }

    Result<void> start();
    Result<std::int64_t> first_position();

    void run(Delivery::Step step);
    /// What follows; nothing if somebody else was asked to go on.
    std::optional<Delivery::Step> take(const Delivery::Step& step);
    Delivery::Step read(const EventRange& range);
    Delivery::Step send();
    Delivery::Step save(std::int64_t position);
    void pause(std::chrono::milliseconds time);
    void wait(std::int64_t after);
    void resume();

    Result<void> keep_wanted();
    Delivery::Step failed(const Error& error);
    void note_success();
    void note_sent();
    void note_lost(std::int64_t before);

    [[nodiscard]] EventGroup group() const {
        return {.kind = EventGroup::Kind::endpoint, .name = endpoint.name};
    }

    Named endpoint;
    DispatcherPorts ports;
    Delivery delivery;
    DeliveryLimits delivery_limits;
    std::vector<Event> batch;
    EndpointStatus status;

    std::mutex mutex; // whoever hands the chain on holds it
    std::atomic<bool> is_stopped = false;
};

Dispatcher::Dispatcher(Named endpoint, DispatcherPorts ports, const DeliveryLimits& limits)
    : state_(std::make_shared<State>(std::move(endpoint), std::move(ports), limits)) {
    state_->ports.board.put(state_->status);
}

Dispatcher::~Dispatcher() {
    stop();
}

Result<void> Dispatcher::start() {
    return state_->start();
}

void Dispatcher::stop() {
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->is_stopped.exchange(true)) {
            return;
        }
    }
    state_->endpoint.endpoint.interrupt();
}

Result<std::int64_t> Dispatcher::State::first_position() {
    const auto stored = ports.log.positions(group());
    if (!stored) {
        return std::unexpected(stored.error());
    }
    if (const auto position = position_in(*stored, std::nullopt)) {
        return *position;
    }
    const auto extent = ports.log.extent();
    if (!extent) {
        return std::unexpected(extent.error());
    }
    if (auto saved = ports.log.save_position(group(), std::nullopt, extent->last); !saved) {
        return std::unexpected(saved.error());
    }
    return extent->last;
}

Result<void> Dispatcher::State::start() {
    const auto position = first_position();
    if (!position) {
        return std::unexpected(position.error());
    }
    delivery = Delivery(*position, delivery_limits);
    status.position = *position;
    ports.board.put(status);
    const bool begun =
        ports.senders.submit([self = shared_from_this()] { self->run(self->delivery.begin()); });
    return begun ? Result<void>() : fail(Code::unavailable, "the server is stopping");
}

void Dispatcher::State::run(Delivery::Step step) {
    for (std::optional next(step); next && !is_stopped;) {
        next = take(*next);
    }
    // Nothing more: somebody else may be at it already.
}

std::optional<Delivery::Step> Dispatcher::State::take(const Delivery::Step& step) {
    using Next = std::optional<Delivery::Step>;
    return std::visit(Either{[this](const Delivery::Read& of) -> Next { return read(of.range); },
                             [this](const Delivery::Send&) -> Next { return send(); },
                             [this](const Delivery::Save& of) -> Next { return save(of.position); },
                             [this](const Delivery::Pause& of) -> Next {
                                 pause(of.time);
                                 return std::nullopt;
                             },
                             [this](const Delivery::Wait& of) -> Next {
                                 wait(of.after);
                                 return std::nullopt;
                             }},
                      step);
}

Delivery::Step Dispatcher::State::read(const EventRange& range) {
    auto events = ports.log.read(range);
    if (!events) {
        return failed(events.error());
    }
    batch = std::move(*events);
    const std::int64_t lost_before = delivery.lost();
    const Delivery::Step step = delivery.on_read(batch);
    note_lost(lost_before);
    if (batch.empty()) {
        return step;
    }
    if (const auto kept = keep_wanted(); !kept) {
        return failed(kept.error());
    }
    const Delivery::Step next = delivery.on_routed(batch.size());
    status.position = delivery.position();
    ports.board.put(status);
    return next;
}

/// Leaves in the batch what a route sends here.
Result<void> Dispatcher::State::keep_wanted() {
    Result<void> looked;
    std::erase_if(batch, [&](const Event& event) {
        if (!looked) {
            return false;
        }
        const auto leads = ports.routes.leads_to(endpoint.name, event, ports.twins);
        if (!leads) {
            looked = std::unexpected(leads.error());
        }
        return leads && !*leads;
    });
    return looked;
}

Delivery::Step Dispatcher::State::send() {
    if (const auto delivered = endpoint.endpoint.deliver(batch); !delivered) {
        return failed(delivered.error());
    }
    const Delivery::Step next = delivery.on_sent();
    note_sent();
    batch.clear();
    return next;
}

Delivery::Step Dispatcher::State::save(std::int64_t position) {
    const auto saved = ports.log.save_position(group(), std::nullopt, position);
    return saved ? delivery.on_saved() : failed(saved.error());
}

void Dispatcher::State::pause(std::chrono::milliseconds time) {
    batch = {};
    status.next_attempt = ports.clock.wall() + time;
    ports.board.put(status);
    ports.timers.after(time, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->resume();
        }
    });
}

void Dispatcher::State::wait(std::int64_t after) {
    batch = {};
    note_success();
    ports.board.put(status);
    ports.log.when_appended(after, wait_max, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->resume();
        }
    });
}

/// Does not touch the executor once stop() has returned.
void Dispatcher::State::resume() {
    const std::lock_guard lock(mutex);
    if (is_stopped) {
        return;
    }
    const bool handed_on = ports.senders.submit(
        [self = shared_from_this()] { self->run(self->delivery.on_resumed()); });
    if (!handed_on) {
        log::error("events are no longer sent: no thread takes the work",
                   {{"hub", endpoint.hub}, {"endpoint", endpoint.name}});
    }
}

Delivery::Step Dispatcher::State::failed(const Error& error) {
    const Delivery::Step next = delivery.on_failure(error, fraction(ports.random));
    if (is_stopped) {
        return next; // it was interrupted
    }
    const WallTime now = ports.clock.wall();
    if (!status.failing_since || status.last_error != error.detail) {
        log::warning("events cannot be sent, and wait", {{"hub", endpoint.hub},
                                                         {"endpoint", endpoint.name},
                                                         {"detail", error.detail},
                                                         {"cause", error.cause}});
    }
    ++status.attempts_failed;
    status.failing_since = status.failing_since.value_or(now);
    status.last_failed = now;
    status.last_error = error.detail;
    ports.board.put(status);
    return next;
}

void Dispatcher::State::note_success() {
    if (status.failing_since) {
        log::info("events are sent again", {{"hub", endpoint.hub}, {"endpoint", endpoint.name}});
    }
    status.failing_since.reset();
    status.next_attempt.reset();
}

void Dispatcher::State::note_sent() {
    note_success();
    status.last_sent = ports.clock.wall();
    status.sent += static_cast<std::int64_t>(batch.size());
    status.position = delivery.position();
    ports.board.put(status);
}

void Dispatcher::State::note_lost(std::int64_t before) {
    const std::int64_t now_lost = delivery.lost() - before;
    if (now_lost == 0) {
        return;
    }
    status.lost = delivery.lost();
    log::error("events left the log before the endpoint took them",
               {{"hub", endpoint.hub},
                {"endpoint", endpoint.name},
                {"lost", std::to_string(now_lost)},
                {"in_all", std::to_string(status.lost)}});
}

} // namespace muster::hub
