// MQTT over WebSocket on the HTTPS port.

#include "gateway/http_client.h"
#include "gateway/sdk_scripts.h"
#include "gateway/websocket_client.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

class WebSocketFront : public testing::Test {
  protected:
    WebSocketFront() { world.enroll("dev-1"); }

    /// Upgrades and returns the head of the answer.
    std::string upgrade(Wire& wire, const std::string& request) {
        wire.send(request);
        return wire.take();
    }

    static std::string switching(const std::string& subprotocol) {
        return crlf("HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n"
                    "Sec-WebSocket-Accept: <*>\nSec-WebSocket-Protocol: " +
                    subprotocol + "\n\n");
    }

    ProvisioningWorld world;
};

TEST_F(WebSocketFront, UpgradesOnEveryPathAndEchoesTheSubprotocol) {
    // DPS-DEVICE-6, DPS-DEVICE-7, DPS-DEVICE-8: `MQTT` in capitals; no extension is negotiated
    for (const auto* target :
         {"/$iothub/websocket", "/$iothub/websocket?iothub-no-client-cert=true", "/", "/mqtt"}) {
        for (const auto* subprotocol : {"mqtt", "MQTT"}) {
            auto wire = world.https();
            const auto answer =
                upgrade(wire, upgrade_request(target, subprotocol,
                                              "Sec-WebSocket-Extensions: permessage-deflate\r\n"
                                              "Origin: https://127.0.0.77:443\r\n"));
            EXPECT_TRUE(Pattern().matches(switching(subprotocol), answer)) << answer;
        }
    }
}

TEST_F(WebSocketFront, TakesTheFirstSubprotocolItSpeaks) {
    auto wire = world.https();
    const auto answer = upgrade(wire, upgrade_request("/", "AMQPWSB10, mqttv3.1, Mqtt, mqtt"));
    EXPECT_TRUE(Pattern().matches(switching("Mqtt"), answer)) << answer;
}

TEST_F(WebSocketFront, RefusesWhatItDoesNotSpeakAndLivesOn) {
    auto wire = world.https();
    wire.send(upgrade_request("/$iothub/websocket", "AMQPWSB10"));
    auto text = wire.take();
    const auto amqp = take_reply(text);
    EXPECT_EQ(amqp.status, 501U);
    EXPECT_EQ(amqp.error_code(), 501000);
    EXPECT_EQ(amqp.header("Sec-WebSocket-Version"), "13");

    auto old = upgrade_request("/", "mqtt");
    old.replace(old.find("Version: 13"), 11, "Version: 8 ");
    wire.send(old);
    text = wire.take();
    EXPECT_EQ(take_reply(text).error_code(), 400000);

    EXPECT_EQ(exchange(world, wire,
                       {.target = "/enrollments/dev-1?api-version=2021-10-01",
                        .headers = {{"Authorization", world.service_token("reader")}}})
                  .status,
              200U);
}

TEST_F(WebSocketFront, CarriesMqttWhateverTheFrames) {
    // DPS-DEVICE-8: a frame may hold a part of a packet, or several; some come with the upgrade
    const auto script = sdk::c_mqtt();
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{60'000}}) {
        auto wire = world.https();
        Pattern known;
        const auto connect = script.steps[0].send(known);
        wire.send(upgrade_request("/$iothub/websocket", "MQTT") + client_frame(connect));
        auto received = wire.take();
        const auto head = received.find("\r\n\r\n") + 4;
        EXPECT_TRUE(known.matches(switching("MQTT"), received.substr(0, head)));
        EXPECT_EQ(mqtt_lines(server_payloads(received.substr(head))), script.steps[0].expect);

        for (std::size_t step = 1; step + 1 < script.steps.size(); ++step) {
            const auto bytes = script.steps[step].send(known);
            for (std::size_t at = 0; at < bytes.size(); at += piece) {
                wire.send(client_frame(std::string_view(bytes).substr(at, piece)));
            }
            wire.settle(world.workers);
            const auto lines = mqtt_lines(server_payloads(wire.take()));
            EXPECT_TRUE(known.matches(script.steps[step].expect, lines)) << lines;
        }
    }
}

TEST_F(WebSocketFront, AnswersInTimeInsideAWebSocketToo) {
    auto wire = world.https();
    Pattern known;
    const auto script = sdk::c_mqtt();
    wire.send(upgrade_request("/", "mqtt") + client_frame(script.steps[0].send(known)) +
              client_frame(script.steps[2].send(known)));
    wire.take();
    world.workers.forget();
    ASSERT_TRUE(wire.next_deadline());
    world.clock.advance(std::chrono::seconds(9));
    wire.deadline();
    EXPECT_TRUE(mqtt_lines(server_payloads(wire.take()))
                    .starts_with("PUBLISH qos1 $dps/registrations/res/504/"));
}

TEST_F(WebSocketFront, EndsWhenItsPeerIsLostOrTheServerStops) {
    auto lost = world.https();
    lost.send(upgrade_request("/", "mqtt"));
    lost.lose();

    auto stopped = world.https();
    stopped.send(upgrade_request("/", "mqtt"));
    stopped.stop();
    stopped.deadline();                            // which it asks for at once
    world.clock.advance(std::chrono::seconds(10)); // the peer does not answer the Close frame
    stopped.deadline();
    EXPECT_TRUE(stopped.wants_close());
}

} // namespace
} // namespace muster::gateway
