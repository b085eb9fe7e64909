#include "device/hub_requests.h"

#include "base/text.h"
#include "device/registration_answer.h"

#include <utility>

namespace muster::device {

std::uint16_t HubRequests::add_telemetry(TelemetryDone done) {
    do {
        ++last_packet_id_;
    } while (last_packet_id_ < 2 || telemetry_.contains(last_packet_id_));
    telemetry_.emplace(last_packet_id_, std::move(done));
    return last_packet_id_;
}

std::string HubRequests::add_twin(SteadyTime now, TwinDone done) {
    ++last_rid_;
    twin_.emplace(last_rid_, PendingTwin{now + twin_time_max, std::move(done)});
    return std::to_string(last_rid_);
}

void HubRequests::acknowledge(std::uint16_t packet_id) {
    auto found = telemetry_.extract(packet_id);
    if (!found.empty()) {
        found.mapped()({});
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
    while (!twin_.empty() && now >= twin_.begin()->second.due) {
        auto overdue = twin_.extract(twin_.begin());
        overdue.mapped().done(fail(Code::deadline_exceeded, "the hub did not answer in time"));
    }
}

void HubRequests::fail_all(const Error& why) {
    const Error error{
        .code = Code::unavailable, .detail = why.detail, .cause = why.cause, .retry_after = {}};
    const auto telemetry = std::exchange(telemetry_, {});
    const auto twin = std::exchange(twin_, {});
    for (const auto& [packet_id, done] : telemetry) {
        done(std::unexpected(error));
    }
    for (const auto& [rid, pending] : twin) {
        pending.done(std::unexpected(error));
    }
}

std::optional<SteadyTime> HubRequests::next_deadline() const {
    if (twin_.empty()) {
        return std::nullopt;
    }
    return twin_.begin()->second.due;
}

} // namespace muster::device
