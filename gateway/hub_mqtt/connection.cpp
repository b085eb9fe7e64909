#include "gateway/hub_mqtt/connection.h"

#include "base/log.h"
#include "gateway/hub_mqtt/properties.h"

#include <utility>

namespace muster::gateway {

namespace {

constexpr std::chrono::seconds touch_granularity{1};
constexpr std::size_t message_bytes_max = 256 * 1024; // body and properties (iothub A.6)

bool changes_the_hub(const Step& step) {
    return std::holds_alternative<TelemetryStep>(step) ||
           std::holds_alternative<TwinPatchStep>(step);
}

} // namespace

HubMqtt::HubMqtt(const Context& context, session::MqttSession& session, const session::Peer& peer,
                 Post post)
    : context_(context), session_(session), peer_(peer), post_(std::move(post)) {}

// ---- what the device sends ----

void HubMqtt::publish(mqtt::Publish publish, SteadyTime now) {
    touch(now);
    auto topic = topics::parse_hub_topic(publish.topic);
    if (!topic) {
        end("published to a topic that is not offered: " + topic.error().detail);
        return;
    }
    std::visit([&](auto& of_its_kind) { take(std::move(of_its_kind), std::move(publish)); },
               *topic);
}

void HubMqtt::take(topics::Telemetry topic, mqtt::Publish publish) {
    if (!is_own(topic)) {
        end("published telemetry of another device");
        return;
    }
    if (publish.retain) {
        mark_retained(topic.properties);
    }
    TelemetryStep step{make_message(std::move(publish.payload), std::move(topic.properties)),
                       publish.packet_id};
    if (bytes_of(step) > message_bytes_max) {
        end("published a message that is too large");
        return;
    }
    enqueue(std::move(step));
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
    hub_->methods().answered(who_, topic.rid, topic.status, publish.payload);
}

bool HubMqtt::is_own(const topics::Telemetry& topic) const {
    return topic.device_id == who_.device.text() && topic.module_id == who_.module.text();
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

std::optional<std::vector<hub::StoredSubscription>> HubMqtt::to_store() const {
    return clean_session_ ? std::nullopt : std::optional(subscriptions_.stored());
}

hub::Event HubMqtt::make_message(std::string body, topics::Properties properties) const {
    hub::Event message;
    message.identity = who_;
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
        hub_->live().touch(who_, link_->id());
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
    if (session_.connected()) {
        end(reason);
    } else {
        refuse_connect({.code = Code::unavailable, .detail = reason}); // not answered yet
    }
}

/// Nothing was promised of what is dropped here: it has no acknowledgement.
void HubMqtt::cut_off(const std::string& reason) {
    will_.reset();
    std::erase_if(queue_, changes_the_hub);
    if (errand_ && !is_under_way_ && changes_the_hub(errand_->batch().front())) {
        errand_->refuse({.code = Code::unauthenticated, .detail = reason});
    }
    cut(reason);
}

// ---- the end ----

void HubMqtt::end(const std::string& reason) {
    if (session_.wants_close()) {
        return;
    }
    log::info("hub connection ended",
              {{"device", who_.text()}, {"reason", reason}, {"peer", peer_.address}});
    session_.close(reason);
}

void HubMqtt::closed(bool clean, SteadyTime) {
    over_ = true;
    if (!link_) {
        return; // it never got as far as a claim
    }
    link_->gone(hub_->live(), who_);
    if (identity_.device.id.empty()) {
        return; // it was never admitted
    }
    // Nobody is left to be answered.
    std::erase_if(queue_, [this](const Step& step) {
        return broken_ || !(changes_the_hub(step) || std::holds_alternative<SettleStep>(step));
    });
    if (will_ && !clean) {
        queue_.emplace_back(
            TelemetryStep{make_message(std::move(will_->body), std::move(will_->properties))});
    }
    if (!queue_.empty() || deliveries_.any()) {
        leave_last_words();
    }
}

/// Best effort by nature: nobody was promised that any of it is stored.
void HubMqtt::leave_last_words() {
    LastWords words{.who = who_,
                    .generation_id = identity_.device.generation_id,
                    .before = errand_,
                    .is_under_way = is_under_way_,
                    .steps = std::move(queue_),
                    .link = link_->id()};
    const bool queued = context_.workers.submit(
        [hub = hub_, words = std::move(words)]() mutable { perform(*hub, std::move(words)); });
    if (!queued) {
        log::warning("last messages were lost, the server is busy", {{"device", who_.text()}});
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
        end("the SAS token expired");
    }
}

std::unique_ptr<MqttHandler> make_hub_mqtt(const Context& context, session::MqttSession& session,
                                           const session::Peer& peer, Post post) {
    return std::make_unique<HubMqtt>(context, session, peer, std::move(post));
}

} // namespace muster::gateway
