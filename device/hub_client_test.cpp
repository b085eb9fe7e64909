#include "codec/topics.h"
#include "device/hub_client.h"
#include "device/hub_requests.h"
#include "device/mqtt_script.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::device {
namespace {

using namespace std::chrono_literals;

struct Script : MqttScript {
    explicit Script(std::chrono::seconds keep_alive = 240s, bool resume_session = false) {
        HubClientOptions options;
        options.hub = "hub1.example.org";
        options.device_id = "dev-01";
        options.symmetric_key = Secret("0123456789abcdef0123456789abcdef");
        options.keep_alive = keep_alive;
        options.resume_session = resume_session;
        HubCallbacks callbacks;
        callbacks.connected = [this](Result<void> result) { connected.push_back(result); };
        callbacks.desired = [this](const JsonObject& patch) { desired.push_back(to_text(patch)); };
        callbacks.method = [this](const std::string& name, const Json& payload) {
            if (name == "leave") {
                client->disconnect();
            }
            return std::pair<int, Json>(name == "fail" ? 500 : 200, payload);
        };
        callbacks.closed = [this](const std::string& reason) { closed.push_back(reason); };
        client = HubClient::make(std::move(options), std::move(callbacks), clock);
        client->start(now());
    }

    [[nodiscard]] SteadyTime now() const { return clock.steady(); }

    void feed(const mqtt::Packet& packet) { client->feed(mqtt::encode(packet), now()); }

    void connect() {
        feed(mqtt::Connack{});
        feed(mqtt::Suback{.packet_id = 1, .codes = {0, 0, 0}});
        EXPECT_EQ(connected.size(), 1U);
        sent_by(*client);
    }

    void wait(SteadyTime::duration time) {
        const SteadyTime end = now() + time;
        while (client->next_deadline() && *client->next_deadline() <= end) {
            clock.advance(std::chrono::duration_cast<std::chrono::microseconds>(
                *client->next_deadline() - now()));
            client->deadline(now());
        }
        clock.advance(std::chrono::duration_cast<std::chrono::microseconds>(end - now()));
    }

    template <class Kind>
    Kind sent() {
        return one_sent_by<Kind>(*client);
    }

    // A token signed at this time expires at 1900000000, as in the vectors of iothub A.4.1.
    ManualClock clock{WallTime(std::chrono::seconds(1'900'000'000) - 1h)};
    std::vector<Result<void>> connected;
    std::vector<std::string> desired;
    std::vector<std::string> closed;
    std::unique_ptr<HubClient> client;
};

/// Notes results as text.
struct Answers {
    std::vector<std::string> seen;

    void note(const Error& error) { seen.emplace_back(to_string(error.code)); }

    std::function<void(Result<void>)> stored() {
        return [this](Result<void> result) {
            if (result) {
                seen.emplace_back("stored");
            } else {
                note(result.error());
            }
        };
    }

    std::function<void(Result<JsonObject>)> twin() {
        return [this](Result<JsonObject> result) {
            if (result) {
                seen.push_back(to_text(*result));
            } else {
                note(result.error());
            }
        };
    }

    std::function<void(Result<std::int64_t>)> version() {
        return [this](Result<std::int64_t> result) {
            if (result) {
                seen.push_back(std::to_string(*result));
            } else {
                note(result.error());
            }
        };
    }
};

TEST(HubClient, ConnectsWithATokenAndSubscribes) { // IOTHUB-3, IOTHUB-8
    Script script;
    const auto connect = script.sent<mqtt::Connect>();
    EXPECT_EQ(connect.client_id, "dev-01");
    EXPECT_FALSE(connect.clean_session);
    EXPECT_EQ(connect.keep_alive_seconds, 240);
    EXPECT_EQ(connect.user_name,
              "hub1.example.org/dev-01/?api-version=2021-04-12&DeviceClientType=muster");
    EXPECT_EQ(connect.password,
              "SharedAccessSignature sr=hub1.example.org%2Fdevices%2Fdev-01"
              "&sig=TkDPoTxKZA0IFn5r%2FbU4NT3OQnvpaFQEt10V0zVA%2Bq4%3D&se=1900000000");
    script.feed(mqtt::Connack{.session_present = true, .code = {}});
    const auto subscribe = script.sent<mqtt::Subscribe>();
    ASSERT_EQ(subscribe.subscriptions.size(), 3U);
    for (const mqtt::Subscription& subscription : subscribe.subscriptions) {
        EXPECT_TRUE(topics::parse_hub_filter(subscription.filter, "dev-01", ""));
    }
    EXPECT_TRUE(script.connected.empty());
    script.feed(mqtt::Suback{.packet_id = subscribe.packet_id, .codes = {0, 0, 0}});
    ASSERT_EQ(script.connected.size(), 1U);
    EXPECT_TRUE(script.connected.front());
    EXPECT_TRUE(script.closed.empty());
}

TEST(HubClient, BelievesAHubThatKeptTheSession) { // IOTHUB-6
    for (const bool is_kept : {true, false}) {
        Script script(240s, true);
        (void)script.sent<mqtt::Connect>();
        script.feed(mqtt::Connack{.session_present = is_kept, .code = {}});
        EXPECT_EQ(script.connected.size(), is_kept ? 1U : 0U);
        EXPECT_EQ(script.client->take_output().empty(), is_kept);
        EXPECT_EQ(script.client->has_resumed(), is_kept);
    }
}

TEST(HubClient, ARefusedConnectionIsReportedOnce) { // IOTHUB-2
    Script script;
    script.feed(mqtt::Connack{.session_present = false, .code = mqtt::ConnectCode::not_authorized});
    script.client->lost(script.now());
    ASSERT_EQ(script.connected.size(), 1U);
    EXPECT_EQ(script.connected.front().error().code, Code::unauthenticated);
    ASSERT_EQ(script.closed.size(), 1U);
    EXPECT_TRUE(script.client->wants_close());
}

TEST(HubClient, ARefusedSubscriptionEndsIt) {
    Script script;
    script.feed(mqtt::Connack{});
    script.feed(mqtt::Suback{.packet_id = 1, .codes = {0, mqtt::Suback::failure, 0}});
    EXPECT_EQ(script.connected.front().error().code, Code::unsupported);
}

TEST(HubClient, TelemetryIsStoredWhenAcknowledged) {
    Script script;
    script.connect();
    Answers answers;
    script.client->send_telemetry("{\"t\":21}", {{"$.ct", "application/json"}, {"a b", "c"}},
                                  answers.stored());
    script.client->send_telemetry("", {}, answers.stored());
    const auto sent = Script::sent_by(*script.client);
    ASSERT_EQ(sent.size(), 2U);
    const auto& first = std::get<mqtt::Publish>(sent[0]);
    const auto& second = std::get<mqtt::Publish>(sent[1]);
    EXPECT_EQ(first.qos, mqtt::QoS::at_least_once);
    EXPECT_NE(first.packet_id, second.packet_id);
    EXPECT_EQ(second.topic, "devices/dev-01/messages/events/");
    const auto topic = topics::parse_hub_topic(first.topic);
    ASSERT_TRUE(topic);
    const topics::Properties expected{{"$.ct", "application/json"}, {"a b", "c"}};
    EXPECT_EQ(std::get<topics::Telemetry>(*topic).properties, expected);
    EXPECT_TRUE(answers.seen.empty());
    script.feed(mqtt::Puback{first.packet_id});
    EXPECT_EQ(answers.seen, std::vector<std::string>{"stored"});
    script.feed(mqtt::Puback{first.packet_id}); // a second one changes nothing
    script.feed(mqtt::Puback{second.packet_id});
    EXPECT_EQ(answers.seen.size(), 2U);
}

TEST(HubClient, ReadsTheTwinAndReports) { // IOTHUB-11, IOTHUB-13
    Script script;
    script.connect();
    Answers answers;
    script.client->read_twin(answers.twin());
    const auto get = script.sent<mqtt::Publish>();
    EXPECT_EQ(get.topic, "$iothub/twin/GET/?$rid=1");
    script.client->report({{"fw", "1.3"}}, answers.version());
    const auto patch = script.sent<mqtt::Publish>();
    EXPECT_EQ(patch.topic, "$iothub/twin/PATCH/properties/reported/?$rid=2");
    EXPECT_EQ(patch.payload, "{\"fw\":\"1.3\"}");
    script.feed(Script::message(topics::twin_response(204, "2", 12), ""));
    script.feed(Script::message(topics::twin_response(200, "1", std::nullopt),
                                "{\"desired\":{\"$version\":1}}"));
    EXPECT_EQ(answers.seen, (std::vector<std::string>{"12", "{\"desired\":{\"$version\":1}}"}));
}

TEST(HubClient, ReportsTheHubsRefusals) { // IOTHUB-14
    Script script;
    script.connect();
    Answers answers;
    script.client->report({}, answers.version());
    script.client->read_twin(answers.twin());
    script.client->report({}, answers.version());
    script.client->read_twin(answers.twin());
    script.feed(Script::message(topics::twin_response(412, "1", std::nullopt), "{}"));
    script.feed(Script::message(topics::twin_response(200, "2", std::nullopt), "no json"));
    script.feed(Script::message(topics::twin_response(204, "3", std::nullopt), ""));
    script.feed(Script::message(topics::twin_response(204, "77", 1), ""));
    script.feed(Script::message("$iothub/twin/res/204/?$rid=x", ""));
    EXPECT_EQ(answers.seen, (std::vector<std::string>{std::string(to_string(Code::precondition)),
                                                      std::string(to_string(Code::malformed)),
                                                      std::string(to_string(Code::malformed))}));
    script.wait(60s);
    EXPECT_EQ(answers.seen.back(), to_string(Code::deadline_exceeded));
    EXPECT_EQ(answers.seen.size(), 4U);
}

TEST(HubClient, HearsDesiredPatches) { // IOTHUB-15
    Script script;
    script.connect();
    script.feed(Script::message(topics::desired_patch(5), R"({"period":60,"$version":5})"));
    script.feed(Script::message(topics::desired_patch(6), "broken"));
    EXPECT_EQ(script.desired, std::vector<std::string>{R"({"period":60,"$version":5})"});
}

TEST(HubClient, AnswersMethods) { // IOTHUB-16
    Script script;
    script.connect();
    const auto invoke = [&](const std::string& name, const std::string& payload) {
        script.feed(Script::message(topics::method_request(name, "1f"), payload));
        return script.sent<mqtt::Publish>();
    };
    EXPECT_EQ(invoke("go", "{\"x\":1}").topic, "$iothub/methods/res/200/?$rid=1f");
    EXPECT_EQ(invoke("go", "{\"x\":1}").payload, "{\"x\":1}");
    EXPECT_EQ(invoke("go", "").payload, "null");
    EXPECT_EQ(invoke("fail", "1").topic, "$iothub/methods/res/500/?$rid=1f");
    EXPECT_EQ(invoke("go", "{").topic, "$iothub/methods/res/400/?$rid=1f");
}

TEST(HubClient, AMethodMayDisconnect) {
    Script script;
    script.connect();
    script.feed(Script::message(topics::method_request("leave", "1"), ""));
    script.sent<mqtt::Disconnect>();
    EXPECT_EQ(script.closed, std::vector<std::string>{"the device disconnected"});
    EXPECT_TRUE(script.client->wants_close());
}

TEST(HubClient, AcknowledgesMessagesOfQoS1) {
    Script script;
    script.connect();
    script.feed(Script::message("devices/dev-01/messages/devicebound/%24.to=x", "c2d", 9));
    EXPECT_EQ(script.sent<mqtt::Puback>().packet_id, 9);
}

// ---- time ----

TEST(HubClient, PingsBeforeTheKeepAliveRunsOut) {
    Script script(100s);
    script.connect();
    script.wait(74s);
    EXPECT_TRUE(Script::sent_by(*script.client).empty());
    script.wait(1s);
    script.sent<mqtt::Pingreq>();
    script.feed(mqtt::Pingresp{});
    script.wait(75s);
    script.sent<mqtt::Pingreq>();
    EXPECT_TRUE(script.closed.empty());
    script.wait(25s);
    EXPECT_EQ(script.closed, std::vector<std::string>{"the hub does not answer"});
}

TEST(HubClient, WithoutKeepAliveItIsSilent) {
    Script script(0s);
    script.connect();
    EXPECT_FALSE(script.client->next_deadline());
    script.wait(24h);
    EXPECT_TRUE(Script::sent_by(*script.client).empty());
}

TEST(HubClient, GivesUpConnectingAfterHalfAMinute) {
    Script script;
    script.wait(29s);
    EXPECT_TRUE(script.closed.empty());
    script.wait(1s);
    ASSERT_EQ(script.connected.size(), 1U);
    EXPECT_EQ(script.connected.front().error().code, Code::deadline_exceeded);
    EXPECT_EQ(script.closed.size(), 1U);
}

// ---- the end ----

TEST(HubClient, WhatIsPendingFailsWithTheConnection) {
    Script script;
    script.connect();
    Answers answers;
    script.client->send_telemetry("x", {}, answers.stored());
    script.client->read_twin(answers.twin());
    script.client->report({}, answers.version());
    script.client->lost(script.now());
    const std::string unavailable(to_string(Code::unavailable));
    EXPECT_EQ(answers.seen, (std::vector<std::string>{unavailable, unavailable, unavailable}));
    EXPECT_EQ(script.closed, std::vector<std::string>{"the connection was lost"});
    script.client->send_telemetry("x", {}, answers.stored());
    script.client->read_twin(answers.twin());
    EXPECT_EQ(answers.seen.size(), 5U);
    EXPECT_EQ(answers.seen.back(), unavailable);
    EXPECT_FALSE(script.client->next_deadline());
}

TEST(HubClient, NothingIsSentBeforeItIsConnected) {
    Script script;
    script.sent<mqtt::Connect>();
    Answers answers;
    script.client->send_telemetry("x", {}, answers.stored());
    EXPECT_EQ(answers.seen, std::vector<std::string>{std::string(to_string(Code::unavailable))});
    EXPECT_EQ(script.client->take_output(), "");
}

TEST(HubClient, BoundsWhatIsPending) {
    Script script;
    script.connect();
    Answers answers;
    for (std::size_t count = 0; count < HubRequests::pending_max; ++count) {
        script.client->send_telemetry("x", {}, answers.stored());
    }
    EXPECT_TRUE(answers.seen.empty());
    script.client->read_twin(answers.twin());
    EXPECT_EQ(answers.seen, std::vector<std::string>{std::string(to_string(Code::rate_limited))});
}

TEST(HubRequests, PacketIdsAreNeverThoseInUse) {
    HubRequests requests;
    int stored = 0;
    const auto count = [&](Result<void>) { ++stored; };
    const std::uint16_t kept = requests.add_telemetry({}, count);
    for (int i = 0; i < 70'000; ++i) {
        const std::uint16_t id = requests.add_telemetry({}, count);
        ASSERT_NE(id, kept);
        ASSERT_GE(id, 2);
        requests.acknowledge(id);
    }
    EXPECT_EQ(stored, 70'000);
}

TEST(HubRequests, TelemetryExpiresInTheOrderItWasSent) {
    HubRequests requests;
    std::vector<std::string> ends;
    const auto note = [&ends](std::string name) {
        return [&ends, name = std::move(name)](Result<void> result) {
            ends.push_back(name + (result ? " stored" : " late"));
        };
    };
    for (std::uint16_t id = 0; id < 65'533; id = requests.add_telemetry({}, [](Result<void>) {})) {
        requests.acknowledge(id);
    }
    requests.acknowledge(65'533);
    requests.add_telemetry(SteadyTime(1s), note("65534"));
    requests.add_telemetry(SteadyTime(2s), note("65535"));
    requests.add_telemetry(SteadyTime(3s), note("2"));
    EXPECT_EQ(requests.next_deadline(), SteadyTime(61s));
    requests.expire(SteadyTime(62s));
    EXPECT_EQ(ends, (std::vector<std::string>{"65534 late", "65535 late"}));
    EXPECT_EQ(requests.next_deadline(), SteadyTime(63s));
    requests.acknowledge(2);
    EXPECT_EQ(ends.back(), "2 stored");
    EXPECT_FALSE(requests.next_deadline());
}

TEST(HubClient, TelemetryThatIsNotAcknowledgedFailsAfterAMinute) {
    Script script;
    script.connect();
    Answers answers;
    script.client->send_telemetry("x", {}, answers.stored());
    script.wait(59s);
    EXPECT_TRUE(answers.seen.empty());
    script.wait(1s);
    EXPECT_EQ(answers.seen,
              std::vector<std::string>{std::string(to_string(Code::deadline_exceeded))});
}

TEST(HubClient, StopDisconnects) {
    Script script;
    script.connect();
    script.client->stop(script.now());
    script.sent<mqtt::Disconnect>();
    EXPECT_EQ(script.closed.size(), 1U);
    script.client->disconnect();
    EXPECT_EQ(script.closed.size(), 1U);
}

TEST(HubClient, PacketsOutOfPlaceEndIt) {
    Script script;
    script.connect();
    script.feed(mqtt::Connack{});
    EXPECT_EQ(script.closed, std::vector<std::string>{"the hub sent an MQTT packet out of place"});
    Script other;
    other.feed(mqtt::Suback{.packet_id = 1, .codes = {0}});
    EXPECT_EQ(other.connected.front().error().code, Code::malformed);
    Script broken;
    broken.client->feed(std::string("\xf0\x00", 2), broken.now());
    EXPECT_EQ(broken.closed.size(), 1U);
}

TEST(HubClient, LostAtAnyByteEverythingIsAnsweredOnce) {
    const std::string bytes =
        mqtt::encode(mqtt::Connack{}) +
        mqtt::encode(mqtt::Suback{.packet_id = 1, .codes = {0, 0, 0}}) +
        mqtt::encode(Script::message(topics::twin_response(200, "1", std::nullopt), "{}")) +
        mqtt::encode(mqtt::Puback{2}) +
        mqtt::encode(Script::message(topics::method_request("go", "1"), "1"));
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        Script script;
        Answers answers;
        bool asked = false;
        for (std::size_t at = 0; at < size; ++at) {
            script.client->feed(std::string_view(bytes).substr(at, 1), script.now());
            if (!script.connected.empty() && !std::exchange(asked, true)) {
                script.client->read_twin(answers.twin());
                script.client->send_telemetry("x", {}, answers.stored());
            }
        }
        script.client->lost(script.now());
        ASSERT_EQ(script.connected.size(), 1U) << size;
        ASSERT_EQ(script.closed.size(), 1U) << size;
        ASSERT_EQ(answers.seen.size(), asked ? 2U : 0U) << size;
    }
}

} // namespace
} // namespace muster::device
