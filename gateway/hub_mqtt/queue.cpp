// The queue of a device's connection: one batch at a time on the workers, acknowledged in order.

#include "base/log.h"
#include "gateway/hub_http/problem.h"
#include "gateway/hub_mqtt/connection.h"
#include "gateway/hub_mqtt/turns.h"

#include <utility>

namespace muster::gateway {

namespace {

constexpr std::size_t queued_steps_max = 64;
constexpr std::size_t queued_bytes_max = 512 * 1024;
constexpr std::chrono::milliseconds retry_delay{50};

} // namespace

bool HubMqtt::wants_input() const {
    return !stopping_ && queue_.size() < queued_steps_max && queued_bytes_ < queued_bytes_max;
}

void HubMqtt::enqueue(Step step) {
    queued_bytes_ += bytes_of(step);
    queue_.push_back(std::move(step));
    pump();
}

void HubMqtt::pump() {
    if (busy_ || broken_) {
        return;
    }
    if (queue_.empty()) {
        if (stopping_) {
            session_.close("the server is stopping");
        }
        return;
    }
    errand_ = std::make_shared<Errand>(take_batch(queue_));
    busy_ = true;
    submit_errand_at_its_turn();
}

/// iothub E.3: what is above the hub's rate is delayed, and its acknowledgement with it; only then
/// it is refused.
void HubMqtt::submit_errand_at_its_turn() {
    const auto wait = turn_of(errand_->batch(), hub_->limiter());
    if (!wait) {
        errand_->refuse(wait.error());
        post_([this, error = wait.error()] { finish_errand({.error = error}); });
    } else if (wait->count() == 0) {
        submit_errand();
    } else {
        context_.timers.after(*wait, [this, post = post_] { post([this] { submit_errand(); }); });
    }
}

/// What became of an errand, for the connection. An errand that is dropped by a full queue is tried
/// again; one that ends with an exception is told as a fault of ours.
class HubMqtt::Report {
  public:
    Report(HubMqtt& connection, Post post) : connection_(connection), post_(std::move(post)) {}

    Report(const Report&) = delete;
    Report& operator=(const Report&) = delete;

    ~Report() {
        if (post_ && begun_) {
            send({.error = Error{.code = Code::internal, .cause = "the errand was dropped"}});
        } else if (post_) {
            post_([connection = &connection_] { connection->retry_errand(); });
        }
    }

    void begin() { begun_ = true; }

    void send(Outcome outcome) {
        std::exchange(post_, nullptr)([connection = &connection_, outcome = std::move(outcome)] {
            connection->finish_errand(outcome);
        });
    }

  private:
    HubMqtt& connection_; // touched only by tasks given to post_
    Post post_;
    bool begun_ = false;
};

void HubMqtt::submit_errand() {
    if (over_) {
        return;
    }
    auto work = [hub = hub_, who = who_, errand = errand_,
                 report = std::make_unique<Report>(*this, post_)] {
        report->begin();
        report->send(errand->perform(*hub, who));
    };
    // If the queue is full, the report that is dropped with the work sees to it.
    is_under_way_ = context_.workers.submit(std::move(work));
}

/// Overload: the device waits for its acknowledgement, and meanwhile sends no more than fits our
/// queue. Nothing is refused, because MQTT 3.1.1 has no way to.
void HubMqtt::retry_errand() {
    context_.timers.after(retry_delay, [this, post = post_] { post([this] { submit_errand(); }); });
}

void HubMqtt::finish_errand(const Outcome& outcome) {
    if (over_) {
        return;
    }
    const std::shared_ptr<Errand> errand = std::exchange(errand_, nullptr);
    busy_ = is_under_way_ = false;
    for (const Step& step : errand->batch()) {
        queued_bytes_ -= bytes_of(step);
        std::visit([&](const auto& of_its_kind) { finish(of_its_kind, outcome); }, step);
    }
    pump();
}

void HubMqtt::finish(const TelemetryStep& step, const Outcome& outcome) {
    if (outcome.error) {
        fail_telemetry(*outcome.error);
        return;
    }
    if (step.packet_id != 0) {
        session_.puback(step.packet_id);
    }
}

/// There is no negative acknowledgement; a device that is cut off sends the message again, and what
/// came behind it must not be stored before it.
void HubMqtt::fail_telemetry(const Error& error) {
    if (std::exchange(broken_, true)) {
        return; // an earlier message of the same batch said so
    }
    log::warning("telemetry not stored",
                 {{"device", who_.text()}, {"detail", error.detail}, {"cause", error.cause}});
    session_.close("telemetry could not be stored");
}

void HubMqtt::finish(const TwinGetStep& step, const Outcome& outcome) {
    if (outcome.error) {
        refuse_twin(step.rid, *outcome.error);
        return;
    }
    answer_twin(step.rid, 200, outcome.body, std::nullopt);
}

void HubMqtt::finish(const TwinPatchStep& step, const Outcome& outcome) {
    if (outcome.error) {
        refuse_twin(step.rid, *outcome.error);
        return;
    }
    // iothub A.10: one client tells the answers apart by 204.
    answer_twin(step.rid, 204, "", outcome.version);
}

void HubMqtt::finish(const SubscribeStep& step, const Outcome& outcome) {
    if (outcome.error) {
        end("the subscription could not be stored: " + outcome.error->cause);
        return;
    }
    session_.suback(step.suback);
    apply_subscriptions();
}

void HubMqtt::finish(const UnsubscribeStep& step, const Outcome& outcome) {
    if (outcome.error) {
        end("the subscription could not be removed: " + outcome.error->cause);
        return;
    }
    session_.unsuback(step.packet_id);
    apply_subscriptions();
}

void HubMqtt::answer_twin(const std::string& rid, unsigned status, std::string body,
                          std::optional<std::int64_t> version) {
    if (subscriptions_.has(topics::HubFilter::twin_responses)) {
        session_.publish(topics::twin_response(status, rid, version), std::move(body),
                         mqtt::QoS::at_most_once);
    }
}

void HubMqtt::refuse_twin(const std::string& rid, const Error& error) {
    const TrackingId tracking(new_guid(context_.random));
    if (error.code == Code::quota_exceeded) {
        return end("the daily message quota is used up"); // 403002
    }
    log::info("twin request refused", {{"tracking", tracking.text()},
                                       {"device", who_.text()},
                                       {"detail", error.detail},
                                       {"cause", error.cause}});
    answer_twin(rid, hub_problem_of(error).status,
                twin_error_body(error, tracking, context_.clock.wall()), std::nullopt);
}

void HubMqtt::apply_subscriptions() {
    hub::Live& live = hub_->live();
    live.set_takes_methods(who_, link_->id(), subscriptions_.has(topics::HubFilter::methods));
    live.set_takes_desired(who_, link_->id(),
                           subscriptions_.has(topics::HubFilter::desired_patches));
    live.set_takes_messages(who_, link_->id(),
                            subscriptions_.has(topics::HubFilter::cloud_to_device));
    deliver_messages(); // what came before the subscription
}

} // namespace muster::gateway
