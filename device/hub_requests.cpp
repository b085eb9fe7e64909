#include "device/hub_requests.h"

#include "base/text.h"
#include "device/registration_answer.h"

#include <algorithm>
#include <utility>

namespace muster::device {

std::uint16_t HubRequests::add_telemetry(SteadyTime now, TelemetryDone done) {
    do {
        ++last_packet_id_;
    } while (last_packet_id_ < 2 || telemetry_.contains(last_packet_id_));
    telemetry_.emplace(last_packet_id_, PendingTelemetry{now + answer_time_max, std::move(done)});
    return last_packet_id_;
}

std::string HubRequests::add_twin(SteadyTime now, TwinDone done) {
    ++last_rid_;
    twin_.emplace(last_rid_, PendingTwin{now + answer_time_max, std::move(done)});
    return std::to_string(last_rid_);
}

void HubRequests::acknowledge(std::uint16_t packet_id) {
    auto found = telemetry_.extract(packet_id);
    if (!found.empty()) {
        found.mapped().done({});
    }
}

void HubRequests::answer_twin(const TwinResponseTopic& topic, const std::string& body) {
    const auto rid = parse_decimal(topic.rid);
    if (!rid) {
        return;
    }
    auto found = twin_.extract(*rid);
    if (found.empty()) {
        return; // too late, or never asked
    }
    if (topic.status >= 300) {
        found.mapped().done(std::unexpected(refusal_of(topic.status, body)));
    } else {
        found.mapped().done(TwinAnswer{body, topic.version});
    }
}

void HubRequests::expire(SteadyTime now) {
    const auto late = [] {
        return fail(Code::deadline_exceeded, "the hub did not answer in time");
    };
    while (!telemetry_.empty() && now >= oldest_telemetry()->second.due) {
        auto overdue = telemetry_.extract(oldest_telemetry());
        overdue.mapped().done(late());
    }
    while (!twin_.empty() && now >= twin_.begin()->second.due) {
        auto overdue = twin_.extract(twin_.begin());
        overdue.mapped().done(late());
    }
}

void HubRequests::fail_all(const Error& why) {
    const Error error{
        .code = Code::unavailable, .detail = why.detail, .cause = why.cause, .retry_after = {}};
    const auto telemetry = std::exchange(telemetry_, {});
    const auto twin = std::exchange(twin_, {});
    for (const auto& [packet_id, pending] : telemetry) {
        pending.done(std::unexpected(error));
    }
    for (const auto& [rid, pending] : twin) {
        pending.done(std::unexpected(error));
    }
}

std::optional<SteadyTime> HubRequests::next_deadline() const {
    std::optional<SteadyTime> next;
    if (!telemetry_.empty()) {
        next = oldest_telemetry()->second.due;
    }
    if (!twin_.empty()) {
        next = std::min(twin_.begin()->second.due, next.value_or(SteadyTime::max()));
    }
    return next;
}

HubRequests::Telemetry::const_iterator HubRequests::oldest_telemetry() const {
    const auto after_newest = telemetry_.upper_bound(last_packet_id_);
    return after_newest != telemetry_.end() ? after_newest : telemetry_.begin();
}

} // namespace muster::device
