#pragma once
// How events get from the log to one endpoint, without I/O: what has happened goes in, what is to
// be done next comes out. Whoever carries it out is in dispatcher.h.
//
//   Read -> on_read, on_routed -> Send -> on_sent -> Save -> on_saved -> Read ..
//                 nothing there -> Wait -> on_resumed -> Read
//                  any of it failed -> Pause -> on_resumed -> Read, or Save if it was that
//
// The position moves over what has arrived, or is wanted by no route, only. Stored is the position
// of what has arrived before anything else is sent; so after a crash at most one batch is sent
// again. What is in memory is the batch being sent; in a pause, nothing is.

#include "base/result.h"
#include "hub/events/event_store.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

namespace muster::hub {

struct DeliveryLimits {
    std::size_t events_max = 256; // of a batch
    std::size_t bytes_max = std::size_t{1024} * 1024;
    std::int64_t passed_over_max = 10'000;        // that nobody wants, before that is stored
    std::chrono::milliseconds pause_min{500};     // after the first failure; then twice as long
    std::chrono::milliseconds pause_max{60'000};  // each time, up to this
    std::chrono::milliseconds asked_max{300'000}; // how long an endpoint may ask us to stay away
};

class Delivery {
  public:
    struct Read {
        EventRange range;
    };

    struct Send {}; // those of the batch that a route wants

    struct Save {
        std::int64_t position = 0;
    };

    struct Pause {
        std::chrono::milliseconds time;
    };

    struct Wait {
        std::int64_t after = 0; // for an event above this, or for a while
    };

    using Step = std::variant<Read, Send, Save, Pause, Wait>;

    /// `position` is the stored one.
    explicit Delivery(std::int64_t position, const DeliveryLimits& limits = {});

    [[nodiscard]] Step begin() const { return read(); }

    /// What there is behind the position. If it is not empty, on_routed() follows.
    Step on_read(std::span<const Event> batch);
    /// So many of the batch are wanted here.
    Step on_routed(std::size_t wanted);
    Step on_sent();
    Step on_saved();
    /// Whatever was to be done failed. `jitter` is from 0 to 1.
    Step on_failure(const Error& error, double jitter);
    /// A pause or a wait is over.
    Step on_resumed();

    [[nodiscard]] std::int64_t position() const { return position_; }

    /// Events that were no longer in the log when they were to be read.
    [[nodiscard]] std::int64_t lost() const { return lost_; }

    [[nodiscard]] int failures_in_a_row() const { return failures_; }

  private:
    [[nodiscard]] Step read() const;
    [[nodiscard]] std::chrono::milliseconds pause(const Error& error, double jitter) const;

    DeliveryLimits limits_;
    std::int64_t stored_ = 0;
    std::int64_t position_ = 0;
    std::int64_t batch_end_ = 0;
    std::int64_t lost_ = 0;
    std::size_t events_max_; // of the next batch: smaller after failures
    int failures_ = 0;
    bool must_save_ = false; // something was sent that the stored position does not cover
    bool was_idle_ = false;
};

} // namespace muster::hub
