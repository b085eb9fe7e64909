#pragma once
// For tests: one hub with everything behind it, in memory, on one thread, with a clock that is
// moved by hand. The name, the device and its key are those of the reference (iothub A.4.1, A.17).

#include "base/encoding.h"
#include "crypto/sas.h"
#include "gateway/context.h"
#include "gateway/front.h"
#include "gateway/http_client.h"
#include "gateway/mqtt_lines.h"
#include "gateway/sites.h"
#include "gateway/wire.h"
#include "hub/fakes.h"

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace muster::gateway {

struct HubWorld {
    static constexpr std::string_view host = "hub1.example.org";

    HubWorld() : HubWorld(settings()) {}

    explicit HubWorld(hub::HubSettings of)
        : hub(std::move(of), {.stores = stores.ports(),
                              .workers = workers,
                              .timers = timers,
                              .clock = clock,
                              .random = random}) {
        sites.add(hub);
        add_device("dev-01");
    }

    static hub::HubSettings settings() {
        using hub::Right;
        hub::HubSettings made;
        made.name = HubName(host);
        made.policies = {policy("iothubowner", {Right::registry_read, Right::registry_write,
                                                Right::service_connect, Right::device_connect}),
                         policy("service", {Right::service_connect}),
                         policy("device", {Right::device_connect}),
                         policy("registryRead", {Right::registry_read}),
                         policy("registryReadWrite", {Right::registry_write})};
        return made;
    }

    static hub::AccessPolicy policy(std::string name, std::vector<hub::Right> rights) {
        return {.name = std::move(name),
                .primary_key = recorded_key,
                .secondary_key = Secret("the other key of every policy"),
                .rights = std::move(rights)};
    }

    /// A new identity of the recorded key.
    void add_device(std::string_view id) {
        hub::Device wanted;
        wanted.id = DeviceId(std::string(id));
        wanted.authentication.primary_key = recorded_key;
        wanted.authentication.secondary_key = Secret("the other key of the device");
        static_cast<void>(hub.put_device(wanted, {}).value());
    }

    void disable(std::string_view id) {
        auto device = hub.get_device(DeviceId(std::string(id))).value().device;
        device.status = hub::DeviceStatus::disabled;
        static_cast<void>(hub.put_device(device, hub::IfMatch::from_header("*")).value());
    }

    void erase(std::string_view id) { hub.delete_device(DeviceId(std::string(id)), {}).value(); }

    static hub::TwinUpdate desired(std::string_view text) {
        return {.tags = std::nullopt, .desired = parse_json_object(text).value()};
    }

    void patch_desired(std::string_view text, std::string_view id = "dev-01") {
        const DeviceId device{std::string(id)};
        static_cast<void>(hub.patch_twin(device, desired(text), {}).value());
    }

    std::vector<hub::Event> messages() { return events.read(hub.settings().name, {}).value(); }

    std::vector<std::string> bodies() {
        std::vector<std::string> texts;
        for (const auto& message : messages()) {
            texts.push_back(message.body);
        }
        return texts;
    }

    std::vector<std::string> stored_filters(std::string_view id = "dev-01") {
        std::vector<std::string> filters;
        for (const auto& one :
             devices.load(hub.settings().name, DeviceId(std::string(id))).value()) {
            filters.push_back(one.filter);
        }
        return filters;
    }

    void store_filters(const std::vector<std::string>& filters) {
        std::vector<hub::StoredSubscription> stored;
        for (const auto& filter : filters) {
            stored.push_back({filter, 1});
        }
        hub.save_session(DeviceId("dev-01"), stored).value();
    }

    [[nodiscard]] std::string device_token(std::string_view id = "dev-01") const {
        return crypto::make_sas(std::string(host) + "/devices/" + std::string(id), recorded_key,
                                clock.wall() + std::chrono::hours(24));
    }

    [[nodiscard]] std::string service_token(std::string_view policy_name = "iothubowner") const {
        return crypto::make_sas(host, recorded_key, clock.wall() + std::chrono::hours(1),
                                policy_name);
    }

    static session::Peer make_peer(std::vector<std::string> certificates = {}) {
        return {.address = "192.0.2.1:40000",
                .certificates = std::move(certificates),
                .server_name = {}};
    }

    Wire https() { return {make_https_front(context), make_peer(), clock}; }

    Wire mqtt(const session::Peer& peer = make_peer()) {
        return {make_mqtt_front(context), peer, clock};
    }

    /// Runs the workers, and what they and others posted to these connections.
    void settle(std::initializer_list<Wire*> wires) {
        for (bool any = true; any;) {
            any = false;
            for (Wire* wire : wires) {
                any = wire->run_posted() || any;
            }
            any = Wire::run_worker(workers) || any;
        }
    }

    /// A request with the api-version of today's Node client, on a connection of its own.
    HttpReply ask(HttpAsk request, std::string_view policy_name = "iothubowner") {
        auto wire = https();
        wire.send(bytes_of(completed(std::move(request), policy_name)));
        wire.settle(workers);
        auto text = wire.take();
        return take_reply(text);
    }

    [[nodiscard]] HttpAsk completed(HttpAsk request, std::string_view policy_name) const {
        request.host = host;
        if (!request.target.contains("api-version")) {
            request.target += request.target.contains('?') ? "&" : "?";
            request.target += "api-version=2021-04-12";
        }
        if (!policy_name.empty()) {
            request.headers.push_back({"Authorization", service_token(policy_name)});
        }
        return request;
    }

    ManualClock clock{from_unix_seconds(1'893'553'445)}; // 2030-01-02T03:04:05Z
    SeededRandom random{1};
    provisioning::ManualWorkers workers;
    hub::fakes::ManualScheduler timers;
    hub::fakes::Stores stores;
    hub::fakes::Devices& devices = stores.devices;
    hub::fakes::Events& events = stores.events;
    hub::Service hub;
    Sites sites;
    Context context{sites, workers, timers, clock, random};
};

/// A device at the other end of an MQTT connection.
class HubDevice {
  public:
    explicit HubDevice(HubWorld& world, const session::Peer& peer = HubWorld::make_peer())
        : world_(world), wire_(world.mqtt(peer)) {}

    static mqtt::Connect connecting(const HubWorld& world, std::string_view id = "dev-01") {
        mqtt::Connect packet;
        packet.clean_session = false;
        packet.keep_alive_seconds = 60;
        packet.client_id = id;
        packet.user_name = std::string(HubWorld::host) + '/' + std::string(id) +
                           "/?api-version=2019-10-01&DeviceClientType=test";
        packet.password = world.device_token(id);
        return packet;
    }

    /// Sends, lets everything happen, and returns what came back.
    std::string send(const mqtt::Packet& packet) { return send_bytes(mqtt::encode(packet)); }

    std::string send_bytes(std::string_view bytes) {
        wire_.send(bytes);
        return settle();
    }

    std::string settle() {
        world_.settle({&wire_});
        return take();
    }

    std::string take() { return mqtt_lines(wire_.take()); }

    std::string connect(std::string_view id = "dev-01") { return send(connecting(world_, id)); }

    std::string subscribe(std::initializer_list<std::string_view> filters) {
        mqtt::Subscribe packet{.packet_id = 9, .subscriptions = {}};
        for (const auto filter : filters) {
            packet.subscriptions.push_back({std::string(filter), mqtt::QoS::at_least_once});
        }
        return send(packet);
    }

    static mqtt::Publish message(std::string_view topic, std::string_view payload,
                                 std::uint16_t packet_id = 0) {
        return {.topic = std::string(topic),
                .payload = std::string(payload),
                .qos = packet_id == 0 ? mqtt::QoS::at_most_once : mqtt::QoS::at_least_once,
                .packet_id = packet_id};
    }

    std::string publish(std::string_view topic, std::string_view payload,
                        std::uint16_t packet_id = 0) {
        return send(message(topic, payload, packet_id));
    }

    Wire& wire() { return wire_; }

    [[nodiscard]] bool is_cut() const { return wire_.wants_close(); }

  private:
    HubWorld& world_;
    Wire wire_;
};

namespace hub_filters {

inline constexpr std::string_view messages = "devices/dev-01/messages/devicebound/#";
inline constexpr std::string_view twin = "$iothub/twin/res/#";
inline constexpr std::string_view desired = "$iothub/twin/PATCH/properties/desired/#";
inline constexpr std::string_view methods = "$iothub/methods/POST/#";

} // namespace hub_filters

inline constexpr std::string_view events_topic = "devices/dev-01/messages/events/";

} // namespace muster::gateway
