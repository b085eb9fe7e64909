#include "codec/topics.h"
#include "device/mqtt_script.h"
#include "device/registration_script.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::device {
namespace {

struct Script : MqttScript {
    explicit Script(RegisterOptions options = options_of_device_1())
        : conversation(register_over_mqtt(std::move(options), clock, outcome.callback())) {
        conversation->start(now);
    }

    void feed(const mqtt::Packet& packet) { conversation->feed(mqtt::encode(packet), now); }

    void respond(unsigned status, std::string_view rid, std::string_view body,
                 std::optional<unsigned> retry_after = std::nullopt) {
        feed(message(topics::provisioning_response(status, rid, retry_after), body, 7));
    }

    void wait(SteadyTime::duration time) {
        const SteadyTime end = now + time;
        while (conversation->next_deadline() && *conversation->next_deadline() <= end) {
            now = *conversation->next_deadline();
            conversation->deadline(now);
        }
        now = end;
    }

    /// Up to the register message.
    void connect() {
        feed(mqtt::Connack{});
        feed(mqtt::Suback{.packet_id = 1, .codes = {1}});
    }

    template <class Kind>
    Kind sent() {
        return one_sent_by<Kind>(*conversation);
    }

    ManualClock clock = vector_clock();
    SteadyTime now = begin;
    Outcome outcome;
    std::unique_ptr<session::Conversation> conversation;
};

TEST(MqttRegistration, RegistersAndPollsAsTold) { // dps-device 3.8
    Script script;
    const auto connect = script.sent<mqtt::Connect>();
    EXPECT_EQ(connect.client_id, "dev-1");
    EXPECT_TRUE(connect.clean_session);
    EXPECT_EQ(connect.keep_alive_seconds, 0);
    EXPECT_EQ(connect.user_name,
              "0ne00TEST01/registrations/dev-1/api-version=2021-06-01&ClientVersion=muster");
    EXPECT_EQ(connect.password, vector_token);
    ASSERT_TRUE(topics::parse_provisioning_user(*connect.user_name));

    script.feed(mqtt::Connack{});
    const auto subscribe = script.sent<mqtt::Subscribe>();
    ASSERT_EQ(subscribe.subscriptions.size(), 1U);
    EXPECT_EQ(subscribe.subscriptions.front().filter, "$dps/registrations/res/#");
    EXPECT_EQ(subscribe.subscriptions.front().qos, mqtt::QoS::at_least_once);

    script.feed(mqtt::Suback{.packet_id = subscribe.packet_id, .codes = {1}});
    const auto registering = script.sent<mqtt::Publish>();
    EXPECT_EQ(registering.topic, "$dps/registrations/PUT/iotdps-register/?$rid=1");
    EXPECT_EQ(registering.payload, register_body);
    EXPECT_EQ(registering.qos, mqtt::QoS::at_least_once);

    script.feed(mqtt::Puback{registering.packet_id});
    script.respond(202, "1", assigning_body, 3);
    EXPECT_EQ(script.sent<mqtt::Puback>().packet_id, 7);
    script.wait(2999ms);
    EXPECT_TRUE(Script::sent_by(*script.conversation).empty());
    script.wait(1ms);
    const auto query = script.sent<mqtt::Publish>();
    EXPECT_EQ(query.topic,
              "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=5.x.y");
    EXPECT_EQ(query.payload, "");
    EXPECT_NE(query.packet_id, registering.packet_id);

    script.respond(200, "2", assigned_body);
    const auto last = Script::sent_by(*script.conversation);
    ASSERT_EQ(last.size(), 2U);
    EXPECT_TRUE(std::holds_alternative<mqtt::Puback>(last[0]));
    EXPECT_TRUE(std::holds_alternative<mqtt::Disconnect>(last[1]));
    ASSERT_EQ(script.outcome.calls, 1);
    ASSERT_TRUE(*script.outcome.result);
    EXPECT_EQ((*script.outcome.result)->hub, "hub.test");
    EXPECT_TRUE(script.conversation->wants_close());
    script.conversation->lost(script.now);
    EXPECT_EQ(script.outcome.calls, 1);
}

TEST(MqttRegistration, SendsNoPasswordWithACertificate) {
    RegisterOptions options = options_of_device_1();
    options.identity.symmetric_key.reset();
    Script script(std::move(options));
    EXPECT_FALSE(script.sent<mqtt::Connect>().password);
}

TEST(MqttRegistration, RepeatsWhatWasRefusedForBeingTooMuch) {
    Script script;
    script.connect();
    Script::sent_by(*script.conversation);
    script.respond(429, "1", throttled_body, 10);
    script.sent<mqtt::Puback>();
    script.wait(10s);
    EXPECT_EQ(script.sent<mqtt::Publish>().topic, "$dps/registrations/PUT/iotdps-register/?$rid=2");
    script.respond(503, "2", "{}");
    script.sent<mqtt::Puback>();
    script.wait(2s);
    EXPECT_EQ(script.sent<mqtt::Publish>().topic, "$dps/registrations/PUT/iotdps-register/?$rid=3");
}

TEST(MqttRegistration, GivesUpAtItsTimeLimit) {
    Script script;
    script.connect();
    for (int question = 1; script.outcome.calls == 0; ++question) {
        ASSERT_LT(question, 20);
        script.respond(429, std::to_string(question), throttled_body, 10);
        script.wait(10s);
    }
    EXPECT_EQ(script.outcome.code(), Code::deadline_exceeded);
    const auto sent = Script::sent_by(*script.conversation);
    EXPECT_TRUE(std::holds_alternative<mqtt::Disconnect>(sent.back()));
}

TEST(MqttRegistration, ARefusalEndsItWithTheServicesText) { // DPS-DEVICE-33: not by CONNACK
    Script script;
    script.connect();
    script.respond(401, "1", R"({"errorCode":401002,"trackingId":"t","message":"Invalid"})");
    EXPECT_EQ(script.outcome.code(), Code::attestation_failed);
    EXPECT_EQ(script.outcome.result->error().detail, "Invalid (error 401002, tracking id t)");
}

TEST(MqttRegistration, OnlyTheAnswerToTheQuestionCounts) {
    Script script;
    script.connect();
    script.respond(200, "9", assigned_body);
    script.feed(Script::message("$dps/registrations/else", assigned_body));
    EXPECT_EQ(script.outcome.calls, 0);
    script.respond(202, "1", assigning_body, 3);
    script.respond(200, "1", assigned_body); // the same question is not answered twice
    EXPECT_EQ(script.outcome.calls, 0);
}

TEST(MqttRegistration, AConnackSaysWhy) {
    struct Row {
        mqtt::ConnectCode connack;
        Code code;
    };

    for (const Row& row : {Row{mqtt::ConnectCode::unacceptable_protocol, Code::unsupported},
                           Row{mqtt::ConnectCode::identifier_rejected, Code::malformed},
                           Row{mqtt::ConnectCode::server_unavailable, Code::unavailable},
                           Row{mqtt::ConnectCode::bad_user_name_or_password, Code::unauthenticated},
                           Row{mqtt::ConnectCode::not_authorized, Code::unauthenticated}}) {
        Script script;
        script.sent<mqtt::Connect>();
        script.feed(mqtt::Connack{.session_present = false, .code = row.connack});
        EXPECT_EQ(script.outcome.code(), row.code);
        EXPECT_EQ(script.conversation->take_output(), ""); // there is nothing to disconnect
        EXPECT_TRUE(script.conversation->wants_close());
    }
}

TEST(MqttRegistration, ARefusedSubscriptionEndsIt) {
    Script script;
    script.feed(mqtt::Connack{});
    script.feed(mqtt::Suback{.packet_id = 1, .codes = {mqtt::Suback::failure}});
    EXPECT_EQ(script.outcome.code(), Code::unsupported);
}

TEST(MqttRegistration, PacketsOutOfPlaceEndIt) {
    const std::vector<mqtt::Packet> first{mqtt::Suback{.packet_id = 1, .codes = {1}},
                                          mqtt::Pingreq{}, mqtt::Connect{.client_id = "x"}};
    for (const mqtt::Packet& packet : first) {
        Script script;
        script.feed(packet);
        EXPECT_EQ(script.outcome.code(), Code::malformed);
    }
    Script twice;
    twice.feed(mqtt::Connack{});
    twice.feed(mqtt::Connack{});
    EXPECT_EQ(twice.outcome.code(), Code::malformed);
    Script broken;
    broken.conversation->feed(std::string("\xf0\x00", 2), begin);
    EXPECT_NE(broken.outcome.calls, 0);
}

// ---- the same script, failing at each byte in turn ----

std::string whole_answer() {
    return mqtt::encode(mqtt::Connack{}) +
           mqtt::encode(mqtt::Suback{.packet_id = 1, .codes = {1}}) +
           mqtt::encode(Script::message(topics::provisioning_response(200, "1", std::nullopt),
                                        assigned_body, 7));
}

TEST(MqttRegistration, BrokenAnywhereItEndsOnceAndWithAReason) {
    const std::string bytes = whole_answer();
    const auto play = [&](Script& script, std::size_t size) {
        for (std::size_t at = 0; at < size; ++at) {
            script.conversation->feed(std::string_view(bytes).substr(at, 1), script.now);
        }
    };
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        Script lost;
        play(lost, size);
        lost.conversation->lost(begin);
        ASSERT_EQ(lost.outcome.calls, 1) << size;
        ASSERT_EQ(lost.outcome.code(), Code::unavailable);

        Script silent;
        play(silent, size);
        silent.wait(120s);
        ASSERT_EQ(silent.outcome.calls, 1) << size;
        ASSERT_EQ(silent.outcome.code(), Code::deadline_exceeded);

        Script stopped;
        play(stopped, size);
        stopped.conversation->stop(begin);
        ASSERT_EQ(stopped.outcome.calls, 1) << size;
        ASSERT_TRUE(stopped.conversation->wants_close());
    }
    Script whole;
    play(whole, bytes.size());
    ASSERT_EQ(whole.outcome.calls, 1);
    EXPECT_TRUE(*whole.outcome.result);
}

} // namespace
} // namespace muster::device
