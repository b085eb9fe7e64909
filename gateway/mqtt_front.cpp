// Port 8883, and what is inside a WebSocket: one MQTT connection. The user name of CONNECT says
// which service it is for; from then on that service's handler gets every event.

#include "base/log.h"
#include "base/text.h"
#include "gateway/front.h"
#include "gateway/mqtt_handler.h"

#include <algorithm>
#include <utility>

namespace muster::gateway {

namespace {

/// `{scope}/registrations/...` for provisioning, `{host}/{device}/...` for a hub. A hub may have a
/// device that is called "registrations", so its host name decides first.
bool names_provisioning(const Sites& sites, std::string_view user_name) {
    const auto parts = split_once(user_name, '/');
    return parts && parts->second.starts_with("registrations/") &&
           sites.hub_at(parts->first) == nullptr;
}

class MqttFront final : public session::Conversation {
  public:
    MqttFront(const Context& context, session::Peer peer, Post post)
        : context_(context), peer_(std::move(peer)), post_(std::move(post)) {}

    MqttFront(const MqttFront&) = delete;
    MqttFront& operator=(const MqttFront&) = delete;
    ~MqttFront() override;

    void start(SteadyTime now) override { session_.start(now); }

    void feed(std::string_view bytes, SteadyTime now) override;
    void lost(SteadyTime now) override;
    void deadline(SteadyTime now) override;
    void stop(SteadyTime now) override;

    std::string take_output() override { return session_.take_output(); }

    [[nodiscard]] bool wants_close() const override { return session_.wants_close(); }

    [[nodiscard]] bool wants_input() const override;
    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override;

  private:
    [[nodiscard]] bool takes_events() const;
    void take_events(SteadyTime now);
    void take(mqtt::Connect& connect, SteadyTime now);
    void take(mqtt::Publish& publish, SteadyTime now);
    void take(const mqtt::Subscribe& subscribe, SteadyTime now);
    void take(const mqtt::Unsubscribe& unsubscribe, SteadyTime now);
    void take(const mqtt::Puback& puback, SteadyTime now);
    void take(const session::MqttClosed& closed, SteadyTime now);
    Post post_and_continue();

    const Context& context_;
    session::Peer peer_;
    Post post_;
    session::MqttSession session_;
    std::unique_ptr<MqttHandler> handler_; // from CONNECT on
    bool closing_ = false;                 // nothing more will come from the peer
    bool closed_ = false;                  // the handler knows
};

MqttFront::~MqttFront() {
    if (handler_ && !closed_) {
        handler_->closed(false, context_.clock.steady());
    }
}

void MqttFront::feed(std::string_view bytes, SteadyTime now) {
    session_.feed(bytes, now);
    take_events(now);
}

void MqttFront::lost(SteadyTime now) {
    closing_ = true;
    session_.lost(now);
    take_events(now);
}

void MqttFront::deadline(SteadyTime now) {
    if (!wants_input()) {
        session_.excuse_silence(now);
    }
    session_.deadline(now);
    if (handler_ && !closed_ && handler_->next_deadline() && *handler_->next_deadline() <= now) {
        handler_->deadline(now);
    }
    take_events(now);
}

void MqttFront::stop(SteadyTime now) {
    if (handler_ && !closed_) {
        handler_->stop(now);
    } else {
        session_.close("the server is stopping");
    }
    take_events(now);
}

bool MqttFront::wants_input() const {
    return session_.wants_input() && (!handler_ || handler_->wants_input());
}

std::optional<SteadyTime> MqttFront::next_deadline() const {
    const auto of_session = session_.next_deadline();
    const auto of_handler = handler_ && !closed_ ? handler_->next_deadline() : std::nullopt;
    if (of_session && of_handler) {
        return std::min(*of_session, *of_handler);
    }
    return of_session ? of_session : of_handler;
}

/// What a handler has no room for stays in the session; but the end of a connection is not kept
/// waiting behind it.
bool MqttFront::takes_events() const {
    return closing_ || session_.wants_close() || !handler_ || handler_->wants_input();
}

void MqttFront::take_events(SteadyTime now) {
    while (takes_events()) {
        auto event = session_.next_event();
        if (!event) {
            return;
        }
        std::visit([&](auto& what) { take(what, now); }, *event);
    }
}

/// What a posted task does to the session may have consequences: they are seen to in the same turn.
/// If it makes room for input, the peer's time to speak begins now.
Post MqttFront::post_and_continue() {
    return [this, post = post_](Task task) {
        post([this, task = std::move(task)]() mutable {
            const auto now = context_.clock.steady();
            if (!wants_input()) {
                session_.excuse_silence(now);
            }
            task();
            take_events(now);
        });
    };
}

void MqttFront::take(mqtt::Connect& connect, SteadyTime now) {
    if (!connect.user_name) {
        log::info("connection refused", {{"edge", "mqtt front"},
                                         {"peer", peer_.address},
                                         {"detail", "CONNECT has no user name"}});
        session_.connack(mqtt::ConnectCode::not_authorized, false, now);
        return;
    }
    const bool is_provisioning = names_provisioning(context_.sites, *connect.user_name);
    const auto make = is_provisioning ? make_provisioning_mqtt : make_hub_mqtt;
    handler_ = make(context_, session_, peer_, post_and_continue());
    handler_->connect(connect, now);
    if (!is_provisioning) { // looked at once; a chain would be kept as long as the device is here
        peer_.certificates = {};
    }
}

void MqttFront::take(mqtt::Publish& publish, SteadyTime now) {
    handler_->publish(std::move(publish), now);
}

void MqttFront::take(const mqtt::Subscribe& subscribe, SteadyTime now) {
    handler_->subscribe(subscribe, now);
}

void MqttFront::take(const mqtt::Unsubscribe& unsubscribe, SteadyTime now) {
    handler_->unsubscribe(unsubscribe, now);
}

void MqttFront::take(const mqtt::Puback& puback, SteadyTime now) {
    handler_->puback(puback, now);
}

void MqttFront::take(const session::MqttClosed& closed, SteadyTime now) {
    log::debug("connection closed", {{"peer", peer_.address}, {"reason", closed.reason}});
    closed_ = true;
    if (handler_) {
        handler_->closed(closed.clean, now);
    }
}

} // namespace

session::ConversationFactory make_mqtt_front(const Context& context) {
    return [&context](const session::Peer& peer, Post post) {
        return std::make_unique<MqttFront>(context, peer, std::move(post));
    };
}

} // namespace muster::gateway
