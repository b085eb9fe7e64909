#include "gateway/hub_mqtt/connection.h"

#include "base/log.h"

#include <utility>

namespace muster::gateway {

namespace {

constexpr std::chrono::seconds touch_granularity{1};

} // namespace

HubMqtt::HubMqtt(const Context& context, session::MqttSession& session, const session::Peer& peer,
                 Post post)
    : context_(context), session_(session), peer_(peer), post_(std::move(post)) {}

// ---- what the device sends ----

void HubMqtt::publish(mqtt::Publish publish, SteadyTime now) {
    touch(now);
    auto topic = topics::parse_hub_topic(publish.topic);
    if (!topic) {
        session_.close("published to a topic that is not offered: " + topic.error().detail);
        return;
    }
    std::visit([&](auto& of_its_kind) { take(std::move(of_its_kind), std::move(publish)); },
               *topic);
}

void HubMqtt::take(topics::Telemetry topic, mqtt::Publish publish) {
    if (topic.device_id != device_.text() || !topic.module_id.empty()) {
        session_.close("published telemetry of another device");
        return;
    }
    if (publish.retain) {
        topic.properties.emplace_back("mqtt-retain", "true"); // iothub A.6: never retained
    }
    enqueue(TelemetryStep{make_message(std::move(publish.payload), std::move(topic.properties)),
                          publish.packet_id});
}

void HubMqtt::take(topics::TwinGet topic, mqtt::Publish publish) {
    acknowledge(publish);
    enqueue(TwinGetStep{std::move(topic.rid)});
}

void HubMqtt::take(topics::TwinPatch topic, mqtt::Publish publish) {
    acknowledge(publish);
    enqueue(TwinPatchStep{std::move(topic.rid), std::move(publish.payload)});
}

void HubMqtt::take(topics::MethodResponse topic, mqtt::Publish publish) {
    acknowledge(publish);
    hub_->methods().answered(device_, topic.rid, topic.status, publish.payload);
}

void HubMqtt::acknowledge(const mqtt::Publish& publish) {
    if (publish.packet_id != 0) {
        session_.puback(publish.packet_id);
    }
}

void HubMqtt::subscribe(const mqtt::Subscribe& subscribe, SteadyTime now) {
    touch(now);
    mqtt::Suback suback{.packet_id = subscribe.packet_id, .codes = {}};
    for (const mqtt::Subscription& wanted : subscribe.subscriptions) {
        suback.codes.push_back(subscriptions_.add(wanted));
    }
    enqueue(SubscribeStep{std::move(suback), to_store()});
}

void HubMqtt::unsubscribe(const mqtt::Unsubscribe& unsubscribe, SteadyTime now) {
    touch(now);
    for (const std::string& filter : unsubscribe.filters) {
        subscriptions_.remove(filter);
    }
    enqueue(UnsubscribeStep{unsubscribe.packet_id, to_store()});
}

void HubMqtt::puback(const mqtt::Puback&, SteadyTime now) {
    touch(now); // nothing is sent with QoS 1 yet
}

std::optional<std::vector<hub::StoredSubscription>> HubMqtt::to_store() const {
    return clean_session_ ? std::nullopt : std::optional(subscriptions_.stored());
}

hub::Message HubMqtt::make_message(std::string body, topics::Properties properties) const {
    hub::Message message;
    message.device = device_;
    message.properties = std::move(properties);
    message.auth_method = identity_.auth_method;
    message.generation_id = identity_.device.generation_id;
    message.model_id = model_id_;
    message.body = std::move(body);
    return message;
}

void HubMqtt::touch(SteadyTime now) {
    if (link_ && now - touched_ >= touch_granularity) {
        touched_ = now;
        hub_->live().touch(device_, link_->id());
    }
}

// ---- what the hub sends ----

void HubMqtt::deliver_desired(const JsonObject& notification, std::int64_t version) {
    if (session_.connected() && subscriptions_.has(topics::HubFilter::desired_patches)) {
        session_.publish(topics::desired_patch(version), to_text(notification),
                         mqtt::QoS::at_most_once);
    }
}

void HubMqtt::deliver_method(const hub::MethodRequest& request) {
    if (session_.connected() && subscriptions_.has(topics::HubFilter::methods)) {
        session_.publish(topics::method_request(request.name, request.request_id), request.payload,
                         mqtt::QoS::at_most_once);
    }
}

void HubMqtt::cut(const std::string& reason) {
    session_.close(reason);
}

// ---- the end ----

void HubMqtt::closed(bool clean, SteadyTime) {
    if (!link_) {
        return; // it never got as far as a claim
    }
    link_->gone(hub_->live(), device_);
    if (!clean && will_ && !identity_.device.id.empty()) {
        store_will();
    }
}

void HubMqtt::store_will() {
    auto parsed = topics::parse_hub_topic(will_->topic);
    if (!parsed || !std::holds_alternative<topics::Telemetry>(*parsed)) {
        return; // accept_will let only telemetry in; a broken bag is not worth an error now
    }
    topics::Properties properties = std::move(std::get<topics::Telemetry>(*parsed).properties);
    properties.emplace_back("iothub-MessageType", "Will");
    hub::Message message = make_message(std::move(will_->payload), std::move(properties));
    // Best effort by nature: a full queue means that this will is lost, and says so.
    const bool queued =
        context_.workers.submit([hub = hub_, message = std::move(message)]() mutable {
            // A device that was deleted, disabled or made anew has no last word.
            const auto current = hub->get_device(message.device);
            if (current && current->device.status == hub::DeviceStatus::enabled &&
                current->device.generation_id == message.generation_id) {
                std::vector<hub::Message> messages;
                messages.push_back(std::move(message));
                static_cast<void>(hub->send_telemetry(std::move(messages)));
            }
        });
    if (!queued) {
        log::warning("a will was lost, the server is busy", {{"device", device_.text()}});
    }
}

void HubMqtt::stop(SteadyTime) {
    stopping_ = true;
    if (!link_) {
        session_.close("the server is stopping");
        return;
    }
    pump();
}

std::optional<SteadyTime> HubMqtt::next_deadline() const {
    return expires_;
}

void HubMqtt::deadline(SteadyTime now) {
    if (expires_ && now >= *expires_) {
        // iothub A.4.1: the hub must close; one client waits for that to renew its token.
        expires_.reset();
        session_.close("the SAS token expired");
    }
}

std::unique_ptr<MqttHandler> make_hub_mqtt(const Context& context, session::MqttSession& session,
                                           const session::Peer& peer, Post post) {
    return std::make_unique<HubMqtt>(context, session, peer, std::move(post));
}

} // namespace muster::gateway
