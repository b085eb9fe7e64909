// The device API over MQTT (reference: dps-device 3). CONNECT is accepted whatever the proof is
// worth: a device is told "401" on the response topic of its register request, as by the real
// service, because a refused CONNECT is only a transport error to every client.

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "codec/topics.h"
#include "gateway/device_api.h"
#include "gateway/mqtt_handler.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <variant>

namespace muster::gateway {

namespace {

/// No client has more than one request under way; what a hasty one sends beyond this waits.
constexpr std::size_t requests_max = 8;
/// One client stops waiting after 10 s (checklist 44).
constexpr std::chrono::seconds answer_time_max{8};

std::string_view name_of(const topics::ProvisioningTopic& topic) {
    return std::holds_alternative<topics::RegisterTopic>(topic) ? "register" : "operation status";
}

const std::string& rid_of(const topics::ProvisioningTopic& topic) {
    return std::visit([](const auto& request) -> const std::string& { return request.rid; }, topic);
}

class ProvisioningMqtt final : public MqttHandler {
  public:
    ProvisioningMqtt(const Context& context, session::MqttSession& session,
                     const session::Peer& peer, Post post)
        : context_(context), session_(session), post_(std::move(post)) {
        caller_.proof.certificates = peer.certificates;
        caller_.peer_address = peer.address;
    }

    void connect(const mqtt::Connect& connect, SteadyTime now) override;
    void publish(mqtt::Publish publish, SteadyTime now) override;
    void subscribe(const mqtt::Subscribe& subscribe, SteadyTime now) override;
    void unsubscribe(const mqtt::Unsubscribe& unsubscribe, SteadyTime now) override;

    void puback(const mqtt::Puback& /*puback*/, SteadyTime /*now*/) override {}

    void closed(bool clean, SteadyTime now) override;
    void stop(SteadyTime now) override;

    [[nodiscard]] bool wants_input() const override { return waiting_.size() < requests_max; }

    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override;
    void deadline(SteadyTime now) override;

  private:
    /// A request that a worker has; the key of `waiting_` grows, so the first is the oldest.
    struct Waiting {
        topics::ProvisioningTopic topic;
        DeviceCall call;
        SteadyTime due;
    };

    void refuse_connect(mqtt::ConnectCode code, std::string_view detail, SteadyTime now);
    void submit(topics::ProvisioningTopic topic, std::string payload, SteadyTime now);
    void finish(std::uint64_t number, const DeviceAnswer& answer);
    void refuse(std::uint64_t number, const Error& error);

    const Context& context_;
    session::MqttSession& session_;
    Post post_;
    DeviceCall caller_; // all but the tracking id, which is of a request
    std::map<std::uint64_t, Waiting> waiting_;
    std::uint64_t last_number_ = 0;
    bool stopping_ = false;
};

void ProvisioningMqtt::connect(const mqtt::Connect& connect, SteadyTime now) {
    auto user = topics::parse_provisioning_user(connect.user_name.value_or(""));
    if (!user) {
        refuse_connect(mqtt::ConnectCode::not_authorized, user.error().detail, now);
        return;
    }
    if (!equal_ignoring_case(connect.client_id, user->registration_id)) {
        refuse_connect(mqtt::ConnectCode::identifier_rejected,
                       "the client id is not the registration id of the user name", now);
        return;
    }
    caller_.scope = std::move(user->scope);
    caller_.registration_id = std::move(user->registration_id);
    caller_.api_version = std::move(user->api_version);
    caller_.client_version = std::move(user->client_version);
    caller_.proof.sas = connect.password.value_or("");
    session_.connack(mqtt::ConnectCode::accepted, false, now);
}

void ProvisioningMqtt::refuse_connect(mqtt::ConnectCode code, std::string_view detail,
                                      SteadyTime now) {
    log::info("connection refused", {{"edge", "provisioning mqtt"},
                                     {"peer", caller_.peer_address},
                                     {"detail", std::string(detail)}});
    session_.connack(code, false, now);
}

void ProvisioningMqtt::publish(mqtt::Publish publish, SteadyTime now) {
    // Checklist 37: the PUBACK precedes the response. It says "received", the response the rest.
    if (publish.qos == mqtt::QoS::at_least_once) {
        session_.puback(publish.packet_id);
    }
    auto topic = topics::parse_provisioning_topic(publish.topic);
    if (!topic) {
        // MQTT 3.1.1 has no way to say so, and a registration may be under way (checklist 45).
        log::info("message ignored", {{"edge", "provisioning mqtt"},
                                      {"peer", caller_.peer_address},
                                      {"registration", caller_.registration_id},
                                      {"detail", topic.error().detail}});
        return;
    }
    submit(std::move(*topic), std::move(publish.payload), now);
}

void ProvisioningMqtt::submit(topics::ProvisioningTopic topic, std::string payload,
                              SteadyTime now) {
    const auto number = ++last_number_;
    auto call = caller_;
    call.tracking = TrackingId(new_guid(context_.random));
    waiting_.emplace(number, Waiting{.topic = topic, .call = call, .due = now + answer_time_max});

    auto work = [this, &context = context_, post = post_, number, call = std::move(call),
                 topic = std::move(topic), payload = std::move(payload)] {
        const auto* status = std::get_if<topics::StatusTopic>(&topic);
        auto answer =
            status == nullptr
                ? answer_register(context, call, payload)
                : answer_operation_status(context, call, OperationId(status->operation_id));
        post([this, number, answer = std::move(answer)] { finish(number, answer); });
    };
    if (!context_.workers.submit(std::move(work))) {
        refuse(number, fail(Code::unavailable, "the server is busy").error());
    }
}

void ProvisioningMqtt::finish(std::uint64_t number, const DeviceAnswer& answer) {
    const auto found = waiting_.find(number);
    if (found == waiting_.end()) {
        return; // it was too late: the request has been answered (checklist 38, one response each)
    }
    std::optional<unsigned> retry_after;
    if (answer.retry_after) {
        retry_after = static_cast<unsigned>(answer.retry_after->count());
    }
    auto topic =
        topics::provisioning_response(answer.status, rid_of(found->second.topic), retry_after);
    waiting_.erase(found);
    session_.publish(std::move(topic), answer.body, mqtt::QoS::at_least_once);
    if (stopping_ && waiting_.empty()) {
        session_.close("the server is stopping");
    }
}

void ProvisioningMqtt::refuse(std::uint64_t number, const Error& error) {
    const auto& waiting = waiting_.at(number);
    finish(number, answer_refused(context_, waiting.call, name_of(waiting.topic), error));
}

void ProvisioningMqtt::subscribe(const mqtt::Subscribe& subscribe, SteadyTime /*now*/) {
    mqtt::Suback suback{.packet_id = subscribe.packet_id, .codes = {}};
    for (const auto& [filter, qos] : subscribe.subscriptions) {
        const auto granted = std::min(qos, mqtt::QoS::at_least_once);
        suback.codes.push_back(filter == topics::provisioning_response_filter
                                   ? static_cast<std::uint8_t>(granted)
                                   : mqtt::Suback::failure);
    }
    session_.suback(suback);
}

void ProvisioningMqtt::unsubscribe(const mqtt::Unsubscribe& unsubscribe, SteadyTime /*now*/) {
    // Responses are delivered whether or not they were subscribed to (checklist 42).
    session_.unsuback(unsubscribe.packet_id);
}

void ProvisioningMqtt::closed(bool /*clean*/, SteadyTime /*now*/) {
    waiting_.clear(); // nobody is there to be answered
}

void ProvisioningMqtt::stop(SteadyTime /*now*/) {
    stopping_ = true;
    if (waiting_.empty()) {
        session_.close("the server is stopping");
    }
}

std::optional<SteadyTime> ProvisioningMqtt::next_deadline() const {
    return waiting_.empty() ? std::nullopt : std::optional(waiting_.begin()->second.due);
}

void ProvisioningMqtt::deadline(SteadyTime now) {
    while (!waiting_.empty() && waiting_.begin()->second.due <= now) {
        refuse(waiting_.begin()->first,
               fail(Code::deadline_exceeded, "the answer took too long").error());
    }
}

} // namespace

std::unique_ptr<MqttHandler> make_provisioning_mqtt(const Context& context,
                                                    session::MqttSession& session,
                                                    const session::Peer& peer, Post post) {
    return std::make_unique<ProvisioningMqtt>(context, session, peer, std::move(post));
}

} // namespace muster::gateway
