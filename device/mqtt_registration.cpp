// Registration over MQTT (reference: dps-device 3): CONNECT, SUBSCRIBE, then questions and answers
// as publishes, matched by $rid.

#include "codec/mqtt_packet.h"
#include "codec/topics.h"
#include "device/mqtt_refusal.h"
#include "device/provisioning_client.h"
#include "device/registration.h"
#include "device/service_topics.h"

#include <utility>
#include <variant>

namespace muster::device {

namespace {

constexpr std::size_t packet_bytes_max = 128 * 1024;
constexpr std::uint16_t subscribe_id = 1;

class MqttRegistration final : public session::Conversation {
  public:
    MqttRegistration(RegisterOptions options, const Clock& clock, Registered done)
        : registration_(std::move(options), clock, std::move(done)) {}

    void start(SteadyTime now) override {
        registration_.begin(now);
        const RegisterOptions& options = registration_.options();
        mqtt::Connect connect; // keep-alive 0: time_max bounds the connection (dps-device 3.1)
        connect.client_id = options.identity.registration_id.text();
        connect.user_name = options.identity.scope.text() + "/registrations/" + connect.client_id +
                            "/api-version=" + options.api_version + "&ClientVersion=muster";
        connect.password = registration_.sas();
        send(connect);
    }

    void feed(std::string_view bytes, SteadyTime now) override {
        decoder_.feed(bytes);
        while (!registration_.is_over()) {
            auto packet = decoder_.next();
            if (!packet) {
                registration_.fail(packet.error());
            } else if (*packet) {
                std::visit([&](const auto& what) { take(what, now); }, **packet);
            } else {
                break;
            }
        }
        say_goodbye();
    }

    void lost(SteadyTime) override {
        registration_.fail(Code::unavailable, "the connection was lost");
    }

    void deadline(SteadyTime now) override {
        if (registration_.deadline(now)) {
            ask();
        }
        say_goodbye();
    }

    void stop(SteadyTime) override {
        registration_.fail(Code::unavailable, "the device is stopping");
        say_goodbye();
    }

    std::string take_output() override { return std::exchange(output_, {}); }

    [[nodiscard]] bool wants_close() const override { return registration_.is_over(); }

    [[nodiscard]] bool wants_input() const override { return !registration_.is_over(); }

    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override {
        return registration_.next_deadline();
    }

  private:
    enum class Phase { connecting, subscribing, asking, waiting, gone };

    void take(const mqtt::Connack& connack, SteadyTime) {
        if (phase_ != Phase::connecting) {
            return protest();
        }
        if (connack.code != mqtt::ConnectCode::accepted) {
            phase_ = Phase::gone;
            return registration_.fail(connect_refusal(connack.code));
        }
        phase_ = Phase::subscribing;
        send(mqtt::Subscribe{.packet_id = subscribe_id,
                             .subscriptions = {{std::string(topics::provisioning_response_filter),
                                                mqtt::QoS::at_least_once}}});
    }

    void take(const mqtt::Suback& suback, SteadyTime) {
        if (phase_ != Phase::subscribing || suback.packet_id != subscribe_id) {
            return protest();
        }
        if (suback.codes.size() != 1 || suback.codes.front() == mqtt::Suback::failure) {
            return registration_.fail(Code::unsupported, "the service refused the subscription");
        }
        ask();
    }

    void take(const mqtt::Publish& publish, SteadyTime now) {
        if (publish.qos == mqtt::QoS::at_least_once) {
            send(mqtt::Puback{publish.packet_id});
        }
        const auto topic = parse_registration_response(publish.topic);
        if (!topic || phase_ != Phase::asking || topic->rid != std::to_string(question_)) {
            return; // not an answer to what was asked
        }
        phase_ = Phase::waiting;
        registration_.answered({topic->status, topic->retry_after, publish.payload}, now);
    }

    void take(const mqtt::Puback&, SteadyTime) {} // the answer is what counts

    template <class Other>
    void take(const Other&, SteadyTime) {
        protest();
    }

    void protest() {
        registration_.fail(Code::malformed, "the service sent an MQTT packet out of place");
    }

    void ask() {
        ++question_;
        phase_ = Phase::asking;
        const std::string rid = std::to_string(question_);
        mqtt::Publish publish;
        publish.qos = mqtt::QoS::at_least_once;
        publish.packet_id = static_cast<std::uint16_t>(subscribe_id + question_);
        if (registration_.operation_id().empty()) {
            publish.topic = register_topic(rid);
            publish.payload = registration_.body();
        } else {
            publish.topic = operation_status_topic(rid, registration_.operation_id());
        }
        send(publish);
    }

    void say_goodbye() {
        if (registration_.is_over() && std::exchange(phase_, Phase::gone) != Phase::gone) {
            send(mqtt::Disconnect{});
        }
    }

    void send(const mqtt::Packet& packet) { output_ += mqtt::encode(packet); }

    Registration registration_;
    mqtt::Decoder decoder_{packet_bytes_max};
    Phase phase_ = Phase::connecting;
    std::uint16_t question_ = 0; // one at a time and seconds apart: it does not wrap
    std::string output_;
};

} // namespace

std::unique_ptr<session::Conversation> register_over_mqtt(RegisterOptions options,
                                                          const Clock& clock, Registered done) {
    return std::make_unique<MqttRegistration>(std::move(options), clock, std::move(done));
}

} // namespace muster::device
