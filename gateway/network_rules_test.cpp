// IP filter rules and closed networks, at the service API and at every way in for devices.

#include "gateway/mqtt_lines.h"
#include "gateway/pattern.h"
#include "gateway/service_client.h"
#include "gateway/websocket_client.h"

namespace muster::gateway {
namespace {

using provisioning::IpRule;
using Target = provisioning::IpRule::Target;

class NetworkRules : public ServiceClient {
  protected:
    NetworkRules() { world.enroll("dev-1"); }

    /// Refuses the range to which every peer of these tests belongs.
    void reject(Target side) {
        world.change([&](provisioning::Instance& instance) {
            instance.ip_rules = {{.name = "shut",
                                  .action = IpRule::Action::reject,
                                  .target = side,
                                  .mask = "192.0.2.0/24"}};
        });
    }

    [[nodiscard]] HttpAsk register_over_https() const {
        return {.method = "PUT",
                .target = "/0ne00TEST01/registrations/dev-1/register" + api,
                .headers = {{"Authorization", world.device_token("dev-1")}}};
    }

    /// CONNECT and a register request.
    [[nodiscard]] std::string register_over_mqtt() const {
        mqtt::Connect connect;
        connect.client_id = "dev-1";
        connect.user_name = "0ne00TEST01/registrations/dev-1/api-version=2019-03-31";
        connect.password = world.device_token("dev-1");
        return mqtt::encode(connect) +
               mqtt::encode(mqtt::Publish{.topic = "$dps/registrations/PUT/iotdps-register/?$rid=1",
                                          .payload = {}});
    }

    std::string answer_over_mqtt() {
        auto wire = world.mqtt();
        wire.send(register_over_mqtt());
        wire.settle(world.workers);
        return mqtt_lines(wire.take());
    }

    std::string answer_over_websocket() {
        auto wire = world.https();
        wire.send(upgrade_request("/$iothub/websocket", "mqtt"));
        static_cast<void>(wire.take());
        wire.send(client_frame(register_over_mqtt()));
        wire.settle(world.workers);
        return mqtt_lines(server_payloads(wire.take()));
    }

    HttpReply answer_to(const session::Peer& peer, const HttpAsk& request) {
        auto wire = world.https(peer);
        return exchange(world, wire, request);
    }

    static session::Peer peer_at(std::string address) {
        auto peer = ProvisioningWorld::make_peer();
        peer.address = std::move(address);
        return peer;
    }
};

TEST_F(NetworkRules, ShutTheServiceApiWithoutAHint) {
    // DPS-SERVICE-11, dps-service 8.4: 401 like any other, whatever the path
    reject(Target::service_api);
    for (const auto* path : {"/enrollments/dev-1", "/no/such/path", "/registrations/dev-1"}) {
        const auto reply = run("GET", path);
        EXPECT_EQ(reply.status, 401U) << path;
        EXPECT_EQ(reply.error_code(), 401000);
        EXPECT_EQ(reply.member("message"), Json("unauthorized"));
    }
    EXPECT_EQ(run(register_over_https()).status, 202U); // the other side stays open
}

TEST_F(NetworkRules, ShutTheDeviceApiOverEveryProtocol) {
    reject(Target::device_api);
    EXPECT_EQ(run("GET", "/enrollments/dev-1").status, 200U);

    expect_refused(register_over_https(), 401, 401000);
    for (const auto& lines : {answer_over_mqtt(), answer_over_websocket()}) {
        Pattern pattern; // CONNECT is accepted, as with every proof (dps-device 3.2)
        EXPECT_TRUE(pattern.matches("CONNACK sp=0 rc=0\nPUBLISH qos1 $dps/registrations/res/401/"
                                    "?$rid=1 {\"errorCode\":401000,<*>}\n",
                                    lines))
            << lines;
        EXPECT_EQ(lines.find("network"), std::string::npos);
    }
    EXPECT_FALSE(world.has_record("dev-1"));
}

TEST_F(NetworkRules, TellTheOperatorWhatTheDeviceIsNotTold) {
    reject(Target::all);
    const auto reply = run(register_over_https());
    const auto events = world.journal_events();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].kind, provisioning::DeviceEventKind::refused);
    EXPECT_EQ(events[0].registration_id, "dev-1");
    EXPECT_EQ(events[0].tracking_id, reply.header("x-ms-request-id"));
    EXPECT_EQ(events[0].detail.at("errorCode"), Json(401000));
    EXPECT_EQ(events[0].detail.at("call"), Json("register"));
    const auto& finding = events[0].detail.at("findings").as_array().at(0);
    EXPECT_EQ(finding.at("code"), Json("network_rule"));
    EXPECT_NE(text_of(finding.at("detail")).find("192.0.2.1"), std::string::npos);
}

TEST_F(NetworkRules, GoByTheAddressWithoutItsPort) {
    world.change([](provisioning::Instance& instance) {
        instance.ip_rules = {{.name = "office",
                              .action = IpRule::Action::accept,
                              .target = Target::all,
                              .mask = "2001:db8::/32"},
                             {.name = "nobody else",
                              .action = IpRule::Action::reject,
                              .target = Target::all,
                              .mask = "0.0.0.0/0"}};
    });
    const auto request = ask("GET", "/enrollments/dev-1");
    EXPECT_EQ(answer_to(peer_at("[2001:db8::7]:443"), request).status, 200U);
    EXPECT_EQ(answer_to(peer_at("192.0.2.1:40000"), request).status, 401U);
}

TEST_F(NetworkRules, CloseTheInstanceToPublicAddresses) {
    world.change([](provisioning::Instance& instance) { instance.public_network_access = false; });
    const auto request = ask("GET", "/enrollments/dev-1");
    EXPECT_EQ(answer_to(peer_at("203.0.113.9:1"), request).status, 401U);
    EXPECT_EQ(answer_to(peer_at("203.0.113.9:1"), register_over_https()).status, 401U);
    EXPECT_EQ(answer_to(peer_at("127.0.0.1:1"), request).status, 200U);
    EXPECT_EQ(answer_to(peer_at("10.1.2.3:1"), register_over_https()).status, 202U);
}

TEST_F(NetworkRules, ApplyFromTheNextRequestOn) {
    auto wire = world.https();
    EXPECT_EQ(exchange(world, wire, ask("GET", "/enrollments/dev-1")).status, 200U);
    reject(Target::service_api);
    EXPECT_EQ(exchange(world, wire, ask("GET", "/enrollments/dev-1")).status, 401U);
}

} // namespace
} // namespace muster::gateway
