#pragma once
// What a device has asked its hub and not been answered yet. Every question is answered exactly
// once; the answer may ask the next.

#include "base/clock.h"
#include "base/result.h"
#include "device/service_topics.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace muster::device {

struct TwinAnswer {
    std::string body;
    std::optional<std::int64_t> version;
};

class HubRequests {
  public:
    using TelemetryDone = std::function<void(Result<void>)>;
    using TwinDone = std::function<void(Result<TwinAnswer>)>;

    static constexpr std::size_t pending_max = 1000;
    static constexpr std::chrono::seconds answer_time_max{60};

    [[nodiscard]] bool is_full() const { return telemetry_.size() + twin_.size() >= pending_max; }

    /// The packet id to publish with.
    std::uint16_t add_telemetry(SteadyTime now, TelemetryDone done);

    /// The `$rid` to ask with.
    std::string add_twin(SteadyTime now, TwinDone done);

    void acknowledge(std::uint16_t packet_id);
    void answer_twin(const TwinResponseTopic& topic, const std::string& body);

    /// Fails what is overdue.
    void expire(SteadyTime now);
    void fail_all(const Error& why);

    [[nodiscard]] std::optional<SteadyTime> next_deadline() const;

  private:
    struct PendingTelemetry {
        SteadyTime due;
        TelemetryDone done;
    };

    struct PendingTwin {
        SteadyTime due;
        TwinDone done;
    };

    using Telemetry = std::map<std::uint16_t, PendingTelemetry>;

    /// Packet ids go round: the oldest is the first one after the newest.
    [[nodiscard]] Telemetry::const_iterator oldest_telemetry() const;

    std::uint16_t last_packet_id_ = 1; // 1 is for SUBSCRIBE
    std::uint64_t last_rid_ = 0;
    Telemetry telemetry_;
    std::map<std::uint64_t, PendingTwin> twin_; // oldest first, so soonest due first
};

} // namespace muster::device
