#include "device/hub_client.h"

#include "codec/mqtt_packet.h"
#include "codec/topics.h"
#include "crypto/sas.h"
#include "device/hub_requests.h"
#include "device/mqtt_refusal.h"
#include "device/registration_answer.h"
#include "device/service_topics.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <variant>

namespace muster::device {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t packet_bytes_max = 270 * 1024;
constexpr std::chrono::seconds connect_time_max{30};
constexpr std::chrono::hours token_lifetime{1};
constexpr std::uint16_t subscribe_id = 1;

class HubConnection final : public HubClient {
  public:
    HubConnection(HubClientOptions options, HubCallbacks callbacks, const Clock& clock)
        : options_(std::move(options)), callbacks_(std::move(callbacks)), clock_(clock) {}

    void start(SteadyTime now) override;
    void feed(std::string_view bytes, SteadyTime now) override;
    void lost(SteadyTime now) override;
    void deadline(SteadyTime now) override;
    void stop(SteadyTime now) override;

    std::string take_output() override { return std::exchange(output_, {}); }

    [[nodiscard]] bool wants_close() const override { return phase_ == Phase::over; }

    [[nodiscard]] bool wants_input() const override { return phase_ != Phase::over; }

    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override;

    void send_telemetry(std::string body, topics::Properties properties,
                        std::function<void(Result<void>)> stored) override;
    void read_twin(std::function<void(Result<JsonObject>)> done) override;
    void report(const JsonObject& patch, std::function<void(Result<std::int64_t>)> done) override;
    void disconnect() override;

    [[nodiscard]] bool has_resumed() const override { return resumed_; }

  private:
    enum class Phase { connecting, subscribing, connected, over };

    void take(const mqtt::Connack& connack, SteadyTime now);
    void take(const mqtt::Suback& suback, SteadyTime now);
    void take(const mqtt::Publish& publish, SteadyTime now);
    void take(const mqtt::Puback& puback, SteadyTime now);
    void take(const mqtt::Pingresp& pong, SteadyTime now);

    template <class Other>
    void take(const Other&, SteadyTime) {
        protest();
    }

    void protest() {
        finish(fail(Code::malformed, "the hub sent an MQTT packet out of place").error());
    }

    void become_connected();
    void take_method(const MethodRequestTopic& topic, const std::string& payload, SteadyTime now);
    void take_desired(const std::string& payload);
    void ask_twin(std::string (*topic)(std::string_view rid), std::string payload,
                  HubRequests::TwinDone done);
    [[nodiscard]] Result<void> may_send() const;
    [[nodiscard]] std::chrono::seconds keep_alive() const;
    void send(const mqtt::Packet& packet, SteadyTime now);
    void finish(Error why);

    HubClientOptions options_;
    HubCallbacks callbacks_;
    const Clock& clock_;
    Phase phase_ = Phase::connecting;
    bool told_connected_ = false;
    bool resumed_ = false;
    mqtt::Decoder decoder_{packet_bytes_max};
    std::string output_;
    HubRequests requests_;
    SteadyTime last_sent_{};
    std::optional<SteadyTime> answer_due_; // to CONNECT, SUBSCRIBE or PINGREQ
};

void HubConnection::start(SteadyTime now) {
    mqtt::Connect connect;
    connect.clean_session = options_.clean_session;
    connect.keep_alive_seconds = static_cast<std::uint16_t>(keep_alive().count());
    connect.client_id = options_.device_id;
    connect.user_name = options_.hub + "/" + options_.device_id +
                        "/?api-version=2021-04-12&DeviceClientType=muster";
    if (options_.symmetric_key) {
        connect.password =
            crypto::make_sas(options_.hub + "/devices/" + options_.device_id,
                             *options_.symmetric_key, clock_.wall() + token_lifetime);
    }
    send(connect, now);
    answer_due_ = now + connect_time_max;
}

void HubConnection::feed(std::string_view bytes, SteadyTime now) {
    decoder_.feed(bytes);
    while (phase_ != Phase::over) {
        auto packet = decoder_.next();
        if (!packet) {
            return finish(packet.error());
        }
        if (!*packet) {
            return;
        }
        std::visit([&](const auto& what) { take(what, now); }, **packet);
    }
}

void HubConnection::take(const mqtt::Connack& connack, SteadyTime now) {
    if (phase_ != Phase::connecting) {
        return protest();
    }
    if (connack.code != mqtt::ConnectCode::accepted) {
        return finish(connect_refusal(connack.code));
    }
    if (connack.session_present && options_.resume_session) {
        resumed_ = true;
        return become_connected();
    }
    phase_ = Phase::subscribing;
    // Also when the hub kept the session: asking again is harmless (iothub A.6).
    mqtt::Subscribe subscribe{.packet_id = subscribe_id, .subscriptions = {}};
    for (const std::string_view filter :
         {twin_response_filter, desired_patch_filter, method_filter}) {
        subscribe.subscriptions.push_back({std::string(filter), mqtt::QoS::at_most_once});
    }
    send(subscribe, now);
}

void HubConnection::take(const mqtt::Suback& suback, SteadyTime) {
    if (phase_ != Phase::subscribing || suback.packet_id != subscribe_id) {
        return protest();
    }
    if (std::ranges::find(suback.codes, mqtt::Suback::failure) != suback.codes.end()) {
        return finish(fail(Code::unsupported, "the hub refused a subscription").error());
    }
    become_connected();
}

void HubConnection::become_connected() {
    phase_ = Phase::connected;
    answer_due_.reset();
    told_connected_ = true;
    if (callbacks_.connected) {
        callbacks_.connected({});
    }
}

void HubConnection::take(const mqtt::Publish& publish, SteadyTime now) {
    if (publish.qos == mqtt::QoS::at_least_once) {
        send(mqtt::Puback{publish.packet_id}, now);
    }
    if (const auto twin = parse_twin_response(publish.topic)) {
        requests_.answer_twin(*twin, publish.payload);
    } else if (const auto method = parse_method_request(publish.topic)) {
        take_method(*method, publish.payload, now);
    } else if (is_desired_patch(publish.topic)) {
        take_desired(publish.payload);
    } // other messages are for subscriptions of an earlier session
}

void HubConnection::take(const mqtt::Puback& puback, SteadyTime) {
    requests_.acknowledge(puback.packet_id);
}

void HubConnection::take(const mqtt::Pingresp&, SteadyTime) {
    if (phase_ == Phase::connected) {
        answer_due_.reset();
    }
}

void HubConnection::take_method(const MethodRequestTopic& topic, const std::string& payload,
                                SteadyTime now) {
    std::pair<int, Json> answer{400, "the payload is not JSON"};
    const auto argument = payload.empty() ? Result<Json>(Json(nullptr)) : parse_json(payload);
    if (argument && callbacks_.method) {
        answer = callbacks_.method(topic.name, *argument);
    } else if (argument) {
        answer = {501, "no method is implemented"};
    }
    if (phase_ == Phase::over) {
        return; // the method disconnected
    }
    mqtt::Publish response;
    response.topic = method_response_topic(answer.first, topic.rid);
    response.payload = to_text(answer.second);
    send(response, now);
}

void HubConnection::take_desired(const std::string& payload) {
    if (const auto patch = parse_json_object(payload); patch && callbacks_.desired) {
        callbacks_.desired(*patch);
    }
}

void HubConnection::lost(SteadyTime) {
    finish(fail(Code::unavailable, "the connection was lost").error());
}

void HubConnection::stop(SteadyTime) {
    disconnect();
}

void HubConnection::deadline(SteadyTime now) {
    requests_.expire(now);
    if (phase_ == Phase::over) {
        return;
    }
    if (answer_due_ && now >= *answer_due_) {
        return finish(fail(Code::deadline_exceeded, "the hub does not answer").error());
    }
    const bool idle = phase_ == Phase::connected && keep_alive() > 0s && !answer_due_;
    if (idle && now >= last_sent_ + keep_alive() * 3 / 4) {
        send(mqtt::Pingreq{}, now);
        answer_due_ = now + std::max<std::chrono::seconds>(keep_alive() / 4, 1s);
    }
}

std::optional<SteadyTime> HubConnection::next_deadline() const {
    if (phase_ == Phase::over) {
        return std::nullopt;
    }
    std::optional<SteadyTime> next = requests_.next_deadline();
    const auto consider = [&](SteadyTime time) { next = std::min(time, next.value_or(time)); };
    if (answer_due_) {
        consider(*answer_due_);
    } else if (phase_ == Phase::connected && keep_alive() > 0s) {
        consider(last_sent_ + keep_alive() * 3 / 4);
    }
    return next;
}

Result<void> HubConnection::may_send() const {
    if (phase_ != Phase::connected) {
        return fail(Code::unavailable, "the device is not connected to its hub");
    }
    if (requests_.is_full()) {
        return fail(Code::rate_limited, "too many requests await the hub's answer");
    }
    return {};
}

void HubConnection::send_telemetry(std::string body, topics::Properties properties,
                                   std::function<void(Result<void>)> stored) {
    if (const auto allowed = may_send(); !allowed) {
        return stored(allowed);
    }
    mqtt::Publish publish;
    publish.topic = "devices/" + options_.device_id + "/messages/events/" +
                    topics::format_property_bag(properties);
    publish.payload = std::move(body);
    publish.qos = mqtt::QoS::at_least_once;
    const SteadyTime now = clock_.steady();
    publish.packet_id = requests_.add_telemetry(now, std::move(stored));
    send(publish, now);
}

void HubConnection::read_twin(std::function<void(Result<JsonObject>)> done) {
    ask_twin(twin_get_topic, {}, [done = std::move(done)](Result<TwinAnswer> answer) {
        if (!answer) {
            return done(std::unexpected(answer.error()));
        }
        done(parse_json_object(answer->body));
    });
}

void HubConnection::report(const JsonObject& patch,
                           std::function<void(Result<std::int64_t>)> done) {
    ask_twin(reported_patch_topic, to_text(patch),
             [done = std::move(done)](Result<TwinAnswer> answer) {
                 if (!answer) {
                     return done(std::unexpected(answer.error()));
                 }
                 if (!answer->version) {
                     return done(fail(Code::malformed, "the hub's answer has no version"));
                 }
                 done(*answer->version);
             });
}

void HubConnection::ask_twin(std::string (*topic)(std::string_view rid), std::string payload,
                             HubRequests::TwinDone done) {
    if (const auto allowed = may_send(); !allowed) {
        return done(std::unexpected(allowed.error()));
    }
    const SteadyTime now = clock_.steady();
    mqtt::Publish publish;
    publish.topic = topic(requests_.add_twin(now, std::move(done)));
    publish.payload = std::move(payload);
    send(publish, now);
}

void HubConnection::disconnect() {
    if (phase_ == Phase::over) {
        return;
    }
    if (phase_ != Phase::connecting) {
        send(mqtt::Disconnect{}, clock_.steady());
    }
    finish(fail(Code::unavailable, "the device disconnected").error());
}

std::chrono::seconds HubConnection::keep_alive() const {
    return std::clamp<std::chrono::seconds>(
        options_.keep_alive, 0s, std::chrono::seconds(std::numeric_limits<std::uint16_t>::max()));
}

void HubConnection::send(const mqtt::Packet& packet, SteadyTime now) {
    output_ += mqtt::encode(packet);
    last_sent_ = now;
}

void HubConnection::finish(Error why) {
    if (std::exchange(phase_, Phase::over) == Phase::over) {
        return;
    }
    answer_due_.reset();
    requests_.fail_all(why);
    const std::string reason = why.detail;
    if (!std::exchange(told_connected_, true) && callbacks_.connected) {
        callbacks_.connected(std::unexpected(std::move(why)));
    }
    if (callbacks_.closed) {
        callbacks_.closed(reason);
    }
}

} // namespace

std::unique_ptr<HubClient> HubClient::make(HubClientOptions options, HubCallbacks callbacks,
                                           const Clock& clock) {
    return std::make_unique<HubConnection>(std::move(options), std::move(callbacks), clock);
}

} // namespace muster::device
