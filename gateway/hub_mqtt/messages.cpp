// Messages from back ends (reference: iothub A.9): taken out of the device's queue a few at a time,
// published, and settled when the device acknowledges them. What it does not acknowledge goes back
// when the connection ends.

#include "base/log.h"
#include "gateway/hub_mqtt/connection.h"

#include <utility>

namespace muster::gateway {

namespace {

constexpr std::chrono::seconds retry_delay{1};

} // namespace

void HubMqtt::deliver_messages() {
    deliveries_.wait();
    ask_for_messages();
}

void HubMqtt::ask_for_messages() {
    const bool wanted = subscriptions_.has(topics::HubFilter::cloud_to_device);
    if (over_ || stopping_ || broken_ || !wanted || !session_.connected()) {
        return;
    }
    if (const std::size_t count = deliveries_.ask(); count != 0) {
        enqueue(ReceiveStep{.link = link_->id(), .count_max = count});
    }
}

void HubMqtt::finish(const ReceiveStep& step, const Outcome& outcome) {
    if (outcome.error) {
        log::warning("messages not read", {{"device", who_.text()},
                                           {"detail", outcome.error->detail},
                                           {"cause", outcome.error->cause}});
        deliveries_.failed();
        retry_messages();
        return;
    }
    deliveries_.taken(step.count_max, outcome.messages.size());
    for (const hub::CloudMessage& message : outcome.messages) {
        send_message(message);
    }
    ask_for_messages();
}

void HubMqtt::retry_messages() {
    context_.timers.after(retry_delay,
                          [this, post = post_] { post([this] { ask_for_messages(); }); });
}

/// A message that cannot be sent any more stays held, and is released with the connection.
void HubMqtt::send_message(const hub::CloudMessage& message) {
    const mqtt::QoS qos = subscriptions_.qos_of(topics::HubFilter::cloud_to_device);
    std::string topic = topics::cloud_to_device(who_.device.text(), message.properties);
    const std::size_t bytes = topic.size() + message.body.size();
    const auto packet_id = session_.publish(std::move(topic), message.body, qos);
    if (!packet_id) {
        return;
    }
    if (qos == mqtt::QoS::at_most_once) {
        enqueue(SettleStep{.link = link_->id(), .sequence = message.sequence});
        return;
    }
    deliveries_.sent(*packet_id, message.sequence, bytes);
}

void HubMqtt::puback(const mqtt::Puback& puback, SteadyTime now) {
    touch(now);
    if (const auto sequence = deliveries_.acknowledged(puback.packet_id)) {
        enqueue(SettleStep{.link = link_->id(), .sequence = *sequence});
    }
}

void HubMqtt::finish(const SettleStep& /*step*/, const Outcome& outcome) {
    if (outcome.error) {
        // It stays held, and comes again on the next connection.
        log::warning("message not settled", {{"device", who_.text()},
                                             {"detail", outcome.error->detail},
                                             {"cause", outcome.error->cause}});
    }
    ask_for_messages();
}

} // namespace muster::gateway
