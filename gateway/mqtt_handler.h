#pragma once
// How an MQTT connection reaches a service. The front (mqtt_front.cpp) owns the MqttSession, looks
// at the CONNECT user name and makes the handler of the service it names; from then on it passes
// every event to it. Handlers live on the connection's thread and send use cases to the workers.

#include "gateway/context.h"
#include "session/conversation.h"
#include "session/mqtt_session.h"

#include <memory>
#include <optional>
#include <string>

namespace muster::gateway {

class MqttHandler {
  public:
    virtual ~MqttHandler() = default;

    /// Answers with session.connack(), now or later.
    virtual void connect(const mqtt::Connect& connect, SteadyTime now) = 0;
    virtual void publish(mqtt::Publish publish, SteadyTime now) = 0;
    virtual void subscribe(const mqtt::Subscribe& subscribe, SteadyTime now) = 0;
    virtual void unsubscribe(const mqtt::Unsubscribe& unsubscribe, SteadyTime now) = 0;
    virtual void puback(const mqtt::Puback& puback, SteadyTime now) = 0;

    /// The connection is over; called once. `clean` after a DISCONNECT.
    virtual void closed(bool clean, SteadyTime now) = 0;

    /// The server is stopping: finish what is in flight, then session.close().
    virtual void stop(SteadyTime now) = 0;

    /// False while too much of this connection's work is waiting for the workers.
    [[nodiscard]] virtual bool wants_input() const = 0;

    [[nodiscard]] virtual std::optional<SteadyTime> next_deadline() const = 0;
    virtual void deadline(SteadyTime now) = 0;
};

/// The two MQTT edges, one file each. `post` runs tasks on the connection's thread, and drops them
/// when the connection is gone: a posted task may use `session` and the handler without a check.
std::unique_ptr<MqttHandler> make_provisioning_mqtt(const Context& context,
                                                    session::MqttSession& session,
                                                    const session::Peer& peer, Post post);
std::unique_ptr<MqttHandler> make_hub_mqtt(const Context& context, session::MqttSession& session,
                                           const session::Peer& peer, Post post);

} // namespace muster::gateway
