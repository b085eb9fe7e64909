#pragma once
// A device's MQTT connection to its hub (reference: iothub A.3 to A.11).
//
// Everything that waits for storage goes through one queue of this connection, one step at a time
// on the workers: messages are stored in the order they came, acknowledgements go back in that
// order, and while the queue is full nothing more is read from the device.

#include "codec/topics.h"
#include "gateway/hub_mqtt/deliveries.h"
#include "gateway/hub_mqtt/link.h"
#include "gateway/hub_mqtt/steps.h"
#include "gateway/hub_mqtt/subscriptions.h"
#include "gateway/mqtt_handler.h"
#include "hub/service.h"

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::gateway {

class HubMqtt final : public MqttHandler {
  public:
    HubMqtt(const Context& context, session::MqttSession& session, const session::Peer& peer,
            Post post);

    void connect(const mqtt::Connect& connect, SteadyTime now) override;
    void publish(mqtt::Publish publish, SteadyTime now) override;
    void subscribe(const mqtt::Subscribe& subscribe, SteadyTime now) override;
    void unsubscribe(const mqtt::Unsubscribe& unsubscribe, SteadyTime now) override;
    void puback(const mqtt::Puback& puback, SteadyTime now) override;
    void closed(bool clean, SteadyTime now) override;
    void stop(SteadyTime now) override;
    [[nodiscard]] bool wants_input() const override;
    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override;
    void deadline(SteadyTime now) override;

    // ---- what the link asks of us, on this connection's thread ----

    void deliver_desired(const JsonObject& notification, std::int64_t version);
    void deliver_method(const hub::MethodRequest& request);
    void deliver_messages();
    void cut(const std::string& reason);
    void cut_off(const std::string& reason);

  private:
    class Report;

    /// What the CONNECT packet claimed.
    struct Claim {
        hub::Credentials credentials;
        bool clean_session = true;
        std::string model_id;
        bool has_turn = false; // it has waited for it
    };

    /// A message of the device about its own end.
    struct Will {
        topics::Properties properties;
        std::string body;
    };

    /// What the worker found out about it.
    struct Admission {
        hub::Session session;
        std::vector<hub::StoredSubscription> subscriptions;
        std::chrono::milliseconds wait{0}; // not 0: nothing else, it is to come again after that
    };

    // connecting (connecting.cpp)
    Result<Claim> read_claim(const mqtt::Connect& connect);
    Result<Will> read_will(const mqtt::Will& will) const;
    static Result<Admission> admit(hub::Service& hub, const Claim& claim, HubLink& link);
    void submit_claim(Claim claim);
    void submit_claim_after(std::chrono::milliseconds wait, Claim claim);
    void admitted(Result<Admission> admission);
    void refuse_connect(const Error& error);
    void end(const std::string& reason);

    // the queue (queue.cpp)
    void enqueue(Step step);
    void pump();
    void submit_errand_at_its_turn();
    void submit_errand();
    void retry_errand();
    void finish_errand(const Outcome& outcome);
    void finish(const TelemetryStep& step, const Outcome& outcome);
    void fail_telemetry(const Error& error);
    void finish(const TwinGetStep& step, const Outcome& outcome);
    void finish(const TwinPatchStep& step, const Outcome& outcome);
    void finish(const SubscribeStep& step, const Outcome& outcome);
    void finish(const UnsubscribeStep& step, const Outcome& outcome);
    void finish(const ReceiveStep& step, const Outcome& outcome);
    void finish(const SettleStep& step, const Outcome& outcome);
    void answer_twin(const std::string& rid, unsigned status, std::string body,
                     std::optional<std::int64_t> version);
    void refuse_twin(const std::string& rid, const Error& error);
    void apply_subscriptions();

    // messages from back ends (messages.cpp)
    void ask_for_messages();
    void retry_messages();
    void send_message(const hub::CloudMessage& message);

    // what the device sends (connection.cpp)
    void take(topics::Telemetry topic, mqtt::Publish publish);
    void take(topics::TwinGet topic, mqtt::Publish publish);
    void take(topics::TwinPatch topic, mqtt::Publish publish);
    void take(topics::MethodResponse topic, mqtt::Publish publish);
    void acknowledge(const mqtt::Publish& publish);
    [[nodiscard]] bool is_own(const topics::Telemetry& topic) const;
    [[nodiscard]] hub::Event make_message(std::string body, topics::Properties properties) const;
    [[nodiscard]] std::optional<std::vector<hub::StoredSubscription>> to_store() const;
    void leave_last_words();
    void touch(SteadyTime now);

    const Context& context_;
    session::MqttSession& session_;
    const session::Peer& peer_;
    Post post_;
    hub::Service* hub_ = nullptr;
    std::shared_ptr<HubLink> link_;
    hub::IdentityId who_;
    hub::Session identity_;
    std::string model_id_;
    std::optional<Will> will_;
    Subscriptions subscriptions_;
    Deliveries deliveries_;
    bool clean_session_ = true;
    bool stopping_ = false;
    std::optional<SteadyTime> expires_;
    SteadyTime touched_{};
    std::list<Step> queue_; // an empty one holds no memory, and most connections are idle
    std::size_t queued_bytes_ = 0;
    std::shared_ptr<Errand> errand_; // waits for its turn, or is on its way
    bool is_under_way_ = false;      // a worker has the errand
    bool busy_ = false;              // connecting, or there is an errand
    bool broken_ = false;            // a message could not be stored: nothing may follow it
    bool over_ = false;              // closed() was called
};

} // namespace muster::gateway
