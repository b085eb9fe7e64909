// A hub's MQTT edge: twins and methods, how connections end, and a whole session of a Python device
// with something going wrong at each of its steps.

#include "codec/topics.h"
#include "gateway/hub_world.h"
#include "gateway/pattern.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>

namespace muster::gateway {
namespace {

using std::chrono::seconds;

const topics::Property will_mark{"iothub-MessageType", "Will"};

class HubMqttSession : public testing::Test {
  protected:
    HubMqttSession() { EXPECT_EQ(device.connect(), "CONNACK sp=0 rc=0\n"); }

    void expect_lines(const std::string& lines, const std::string& wanted) {
        EXPECT_TRUE(pattern.matches(wanted, lines)) << lines << "wanted:\n" << wanted;
    }

    /// What the caller of a method gets; empty while it waits.
    std::string reply;

    void invoke(const std::string& name, const std::optional<Json>& payload) {
        hub::MethodCall call;
        call.name = name;
        call.payload = payload;
        world.hub.methods().invoke(
            DeviceId("dev-01"), call, [this](const Result<hub::MethodReply>& result) {
                reply = result ? std::to_string(result->status) + ' ' + to_text(result->payload)
                               : result.error().detail;
            });
    }

    HubWorld world;
    HubDevice device{world};
    Pattern pattern;
};

// ---- twins ----

TEST_F(HubMqttSession, AnswersTwinGets) {
    // IOTHUB-11, IOTHUB-12: unwrapped, with both versions; a slash before '?' and the rid first
    device.subscribe({hub_filters::twin});
    EXPECT_EQ(device.publish("$iothub/twin/GET/?$rid=6b1e-4", " "),
              "PUBLISH qos0 $iothub/twin/res/200/?$rid=6b1e-4 "
              R"({"desired":{"$version":1},"reported":{"$version":1}})"
              "\n");
}

TEST_F(HubMqttSession, AcknowledgesTwinAndMethodTopics) {
    // IOTHUB-10, in the order they came
    device.subscribe({hub_filters::twin});
    expect_lines(device.publish("$iothub/twin/GET/?$rid=1", "", 5),
                 "PUBACK id=5\nPUBLISH qos0 $iothub/twin/res/200/?$rid=1 <*>\n");
    expect_lines(device.publish("$iothub/twin/PATCH/properties/reported/?$rid=2", R"({"a":1})", 6),
                 "PUBACK id=6\nPUBLISH qos0 $iothub/twin/res/204/?$rid=2&$version=2 \n");
    EXPECT_EQ(device.publish("$iothub/methods/res/200/?$rid=77", "", 7), "PUBACK id=7\n");
}

TEST_F(HubMqttSession, AnswersReportedPatchesWithTheVersion) {
    // IOTHUB-13, IOTHUB-24
    device.subscribe({hub_filters::twin});
    const std::string topic = "$iothub/twin/PATCH/properties/reported/?$rid=";
    EXPECT_EQ(device.publish(topic + "a", R"({"x":1})"),
              "PUBLISH qos0 $iothub/twin/res/204/?$rid=a&$version=2 \n");
    EXPECT_EQ(device.publish(topic + "b", R"({"x":null,"y":2})"),
              "PUBLISH qos0 $iothub/twin/res/204/?$rid=b&$version=3 \n");
    EXPECT_EQ(device.publish("$iothub/twin/GET/?$rid=c", ""),
              "PUBLISH qos0 $iothub/twin/res/200/?$rid=c "
              R"({"desired":{"$version":1},"reported":{"y":2,"$version":3}})"
              "\n");
}

TEST_F(HubMqttSession, TellsTwinErrorsInABody) {
    // IOTHUB-14
    device.subscribe({hub_filters::twin});
    for (const auto* body : {"{", "[1]", "", R"({"a.b":1})"}) {
        expect_lines(device.publish("$iothub/twin/PATCH/properties/reported/?$rid=1", body),
                     R"(PUBLISH qos0 $iothub/twin/res/400/?$rid=1 {"errorCode":400004,)"
                     R"("trackingId":"<*>","message":"<*>","timestampUtc":"<*>Z"})"
                     "\n");
    }
    world.devices.read_failures.push_back({.code = Code::unavailable, .detail = "away"});
    expect_lines(device.publish("$iothub/twin/GET/?$rid=2", ""),
                 R"(PUBLISH qos0 $iothub/twin/res/503/?$rid=2 {"errorCode":503001,<*>})"
                 "\n");
    EXPECT_FALSE(device.is_cut());
}

TEST_F(HubMqttSession, AnswersTwinsOnlyToWhoSubscribed) {
    EXPECT_EQ(device.publish("$iothub/twin/GET/?$rid=1", ""), "");
    EXPECT_EQ(device.publish("$iothub/twin/PATCH/properties/reported/?$rid=2", "{"), "");
    EXPECT_FALSE(device.is_cut());
}

TEST_F(HubMqttSession, NotifiesOfDesiredChanges) {
    // IOTHUB-15: the version in the topic and in the body
    world.patch_desired(R"({"early":true})");
    EXPECT_EQ(device.settle(), ""); // not subscribed yet
    device.subscribe({hub_filters::desired});
    world.patch_desired(R"({"period":60,"early":null})");
    EXPECT_EQ(device.settle(), "PUBLISH qos0 $iothub/twin/PATCH/properties/desired/?$version=3 "
                               R"({"period":60,"early":null,"$version":3})"
                               "\n");
}

// ---- methods ----

TEST_F(HubMqttSession, CarriesAMethodAndItsAnswer) {
    // IOTHUB-16, IOTHUB-17: nothing follows the rid, and the answer finds its caller by it
    device.subscribe({hub_filters::methods});
    invoke("reprovision", Json(JsonObject{{"delaySeconds", 0}}));
    expect_lines(device.settle(), "PUBLISH qos0 $iothub/methods/POST/reprovision/?$rid=<rid> "
                                  R"({"delaySeconds":0})"
                                  "\n");
    device.publish("$iothub/methods/res/500/?$rid=" + pattern["rid"] + "0", "foreign");
    EXPECT_EQ(reply, "");
    device.publish("$iothub/methods/res/202/?$rid=" + pattern["rid"], R"({"accepted":true})");
    EXPECT_EQ(reply, R"(202 {"accepted":true})");
}

TEST_F(HubMqttSession, TakesAnAnswerOnlyFromTheDeviceThatWasAsked) {
    world.add_device("dev-02");
    HubDevice other(world);
    other.connect("dev-02");
    device.subscribe({hub_filters::methods});
    invoke("m", std::nullopt);
    expect_lines(device.settle(), "PUBLISH qos0 $iothub/methods/POST/m/?$rid=<rid> <*>\n");
    other.publish("$iothub/methods/res/200/?$rid=" + pattern["rid"], "1");
    EXPECT_EQ(reply, "");
}

TEST_F(HubMqttSession, TakesNoMethodsBeforeItSubscribed) {
    invoke("m", std::nullopt);
    EXPECT_EQ(reply, "timed out waiting for device to connect"); // IOTHUB-17
    EXPECT_EQ(device.settle(), "");
}

// ---- how it ends ----

class HubMqttEnd : public testing::Test {
  protected:
    HubMqttEnd() {
        auto packet = HubDevice::connecting(world);
        packet.will = {.topic = std::string(events_topic) + "k=v&iothub-MessageType=mine",
                       .payload = "bye",
                       .retain = true};
        EXPECT_EQ(device.send(packet), "CONNACK sp=0 rc=0\n");
    }

    HubWorld world;
    HubDevice device{world};
};

TEST_F(HubMqttEnd, StoresTheWillOfADeviceThatIsLost) {
    device.wire().lose();
    world.workers.run_all();
    const auto messages = world.messages();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].body, "bye");
    EXPECT_EQ(messages[0].properties,
              (topics::Properties{{"k", "v"}, {"mqtt-retain", "true"}, will_mark}));
}

TEST_F(HubMqttEnd, StoresTheWillBehindWhatTheDeviceSentBefore) {
    device.wire().send(mqtt::encode(HubDevice::message(events_topic, "1", 1)) +
                       mqtt::encode(HubDevice::message(events_topic, "2")));
    device.wire().lose();
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), (std::vector<std::string>{"1", "2", "bye"}));
}

TEST_F(HubMqttEnd, StoresTheWillOfADeviceThatFallsSilent) {
    EXPECT_EQ(device.send(mqtt::Pingreq()), "PINGRESP\n");
    EXPECT_EQ(device.wire().next_deadline(), world.clock.steady() + seconds(90));
    world.clock.advance(seconds(90));
    device.wire().deadline();
    EXPECT_TRUE(device.is_cut());
    device.settle();
    EXPECT_EQ(world.bodies(), std::vector<std::string>{"bye"});
}

TEST_F(HubMqttEnd, ForgetsTheWillOfADeviceThatDisconnects) {
    device.publish(events_topic, "last");
    device.send(mqtt::Disconnect());
    EXPECT_TRUE(device.is_cut());
    device.wire().lose();
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), std::vector<std::string>{"last"});
    EXPECT_EQ(world.hub.live().connected_count(), 0U);
}

TEST_F(HubMqttEnd, CutsADeviceThatIsDeleted) {
    // IOTHUB-34: at once, and it has no last word
    world.erase("dev-01");
    device.settle();
    EXPECT_TRUE(device.is_cut());
    device.wire().lose();
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), std::vector<std::string>());
    HubDevice again(world);
    EXPECT_EQ(again.connect(), "CONNACK sp=0 rc=5\n");
}

TEST_F(HubMqttEnd, CutsADeviceThatIsDisabled) {
    // IOTHUB-34
    world.disable("dev-01");
    device.settle();
    EXPECT_TRUE(device.is_cut());
    EXPECT_EQ(world.bodies(), std::vector<std::string>());
    HubDevice again(world);
    EXPECT_EQ(again.connect(), "CONNACK sp=0 rc=5\n");
}

TEST_F(HubMqttEnd, KeepsTheWillFromTheNextDeviceOfThatName) {
    device.wire().lose();
    world.erase("dev-01");
    world.add_device("dev-01");
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), std::vector<std::string>());
}

TEST_F(HubMqttEnd, StopsAtOnceWhenNothingIsUnderWay) {
    device.wire().stop();
    EXPECT_TRUE(device.is_cut());
}

TEST_F(HubMqttEnd, StopsWhenWhatWasReadIsStored) {
    device.wire().send(mqtt::encode(HubDevice::message(events_topic, "1", 1)) +
                       mqtt::encode(HubDevice::message(events_topic, "2", 2)));
    device.wire().stop();
    EXPECT_FALSE(device.is_cut());
    EXPECT_FALSE(device.wire().wants_input());
    EXPECT_EQ(device.settle(), "PUBACK id=1\nPUBACK id=2\n");
    EXPECT_TRUE(device.is_cut());
    EXPECT_EQ(world.bodies().front(), "1");
    EXPECT_EQ(world.bodies().at(1), "2");
}

TEST_F(HubMqttEnd, StopsWhoIsStillConnecting) {
    HubDevice other(world);
    other.wire().send(mqtt::encode(HubDevice::connecting(world)));
    other.wire().stop();
    EXPECT_EQ(other.settle(), "CONNACK sp=0 rc=3\n");
    EXPECT_TRUE(other.is_cut());
}

TEST(HubMqttToken, EndsTheConnectionFiveMinutesAfterItsExpiry) {
    // IOTHUB-5
    HubWorld world;
    HubDevice device(world);
    auto packet = HubDevice::connecting(world);
    packet.keep_alive_seconds = 0; // silence is allowed for longer than that
    packet.password = crypto::make_sas("hub1.example.org/devices/dev-01", recorded_key,
                                       world.clock.wall() + seconds(60));
    ASSERT_EQ(device.send(packet), "CONNACK sp=0 rc=0\n");
    EXPECT_EQ(device.wire().next_deadline(), world.clock.steady() + seconds(360));
    world.clock.advance(seconds(359));
    device.wire().deadline();
    EXPECT_FALSE(device.is_cut());
    world.clock.advance(seconds(1));
    device.wire().deadline();
    EXPECT_TRUE(device.is_cut());
}

// ---- a Python device (iothub A.17) ----

/// Something that the device sends, or that a back end does.
struct TraceStep {
    std::string name;
    std::function<mqtt::Packet(const HubWorld&, const Pattern&)> packet; // null for a back end's
    std::function<void(HubWorld&)> act;
    std::string expect; // on the device's connection
};

TraceStep sends(std::string name, const mqtt::Packet& packet, std::string expect) {
    return {std::move(name), [packet](const HubWorld&, const Pattern&) { return packet; }, nullptr,
            std::move(expect)};
}

TraceStep subscribes(std::uint16_t id, std::string_view filter) {
    mqtt::Subscribe packet{.packet_id = id, .subscriptions = {}};
    packet.subscriptions.push_back({std::string(filter), mqtt::QoS::at_least_once});
    return sends("subscribe " + std::string(filter), packet,
                 "SUBACK id=" + std::to_string(id) + " [1]\n");
}

TraceStep publishes(std::uint16_t id, const std::string& topic, const std::string& payload,
                    const std::string& answer) {
    return {"publish " + topic,
            [=](const HubWorld&, const Pattern& known) {
                return HubDevice::message(known.fill(topic), payload, id);
            },
            nullptr, "PUBACK id=" + std::to_string(id) + '\n' + answer};
}

constexpr std::size_t telemetry_step = 5;

// What differs from one connection to the next, as the versions do, is left open.
std::vector<TraceStep> python_trace() {
    const std::string events = "devices/dev-01/messages/events/%24.ct=application%2Fjson";
    return {
        {"connect",
         [](const HubWorld& world, const Pattern&) { return HubDevice::connecting(world); },
         nullptr, "CONNACK sp=<*> rc=0\n"},
        subscribes(1, hub_filters::methods),
        subscribes(2, hub_filters::twin),
        publishes(3, "$iothub/twin/GET/?$rid=6b1e", " ",
                  R"(PUBLISH qos0 $iothub/twin/res/200/?$rid=6b1e {"desired":{<*>"$version":<*>},)"
                  R"("reported":{<*>"$version":<*>}})"
                  "\n"),
        subscribes(4, hub_filters::desired),
        publishes(5, events, R"({"t":21})", ""),
        {"desired", nullptr, [](HubWorld& world) { world.patch_desired(R"({"period":60})"); },
         "PUBLISH qos0 $iothub/twin/PATCH/properties/desired/?$version=<v> "
         R"({"period":60,"$version":<v>})"
         "\n"},
        publishes(6, "$iothub/twin/PATCH/properties/reported/?$rid=77aa", R"({"period":60})",
                  "PUBLISH qos0 $iothub/twin/res/204/?$rid=77aa&$version=<*> \n"),
        {"method", nullptr,
         [](HubWorld& world) {
             hub::MethodCall call;
             call.name = "reprovision";
             call.payload = Json(JsonObject{{"delaySeconds", 0}});
             world.hub.methods().invoke(DeviceId("dev-01"), call, [](const auto&) {});
         },
         "PUBLISH qos0 $iothub/methods/POST/reprovision/?$rid=<rid> {\"delaySeconds\":0}\n"},
        publishes(7, "$iothub/methods/res/202/?$rid=<rid>", R"({"accepted":true})", ""),
        sends("disconnect", mqtt::Disconnect(), ""),
    };
}

class TraceRun {
  public:
    explicit TraceRun(HubWorld& world) : world_(world), device_(world) {}

    void run_until(std::size_t end) {
        for (std::size_t step = 0; step < end; ++step) {
            begin(step, 1);
            const auto lines = device_.settle();
            ASSERT_TRUE(pattern_.matches(trace_[step].expect, lines))
                << trace_[step].name << "\nexpected:\n"
                << trace_[step].expect << "received:\n"
                << lines;
        }
    }

    /// Sends the first bytes of the step, one `part`th of all. Nothing is worked on yet.
    void begin(std::size_t step, std::size_t part) {
        if (trace_[step].act) {
            trace_[step].act(world_);
            return;
        }
        const auto bytes = mqtt::encode(trace_[step].packet(world_, pattern_));
        device_.wire().send(std::string_view(bytes).substr(0, bytes.size() / part));
    }

    [[nodiscard]] std::size_t size() const { return trace_.size(); }

    HubDevice& device() { return device_; }

  private:
    HubWorld& world_;
    HubDevice device_;
    const std::vector<TraceStep> trace_ = python_trace();
    Pattern pattern_;
};

/// The device connects again, all goes well, and nothing is left of the lost connection.
void expect_recovery(HubWorld& world, std::size_t messages_before) {
    EXPECT_EQ(world.messages().size(), messages_before);
    EXPECT_EQ(world.hub.live().connected_count(), 0U);
    TraceRun run(world);
    run.run_until(run.size());
    EXPECT_EQ(world.messages().size(), messages_before + 1);
    EXPECT_TRUE(run.device().is_cut());
    EXPECT_EQ(world.hub.live().connected_count(), 0U);
}

TEST(HubMqttTrace, Works) {
    HubWorld world;
    expect_recovery(world, 0);
    EXPECT_EQ(world.messages().at(0).body, R"({"t":21})");
    EXPECT_EQ(world.hub.methods().in_flight(), 0U);
    HubDevice again(world);
    EXPECT_EQ(again.connect(), "CONNACK sp=1 rc=0\n"); // IOTHUB-6
}

TEST(HubMqttTrace, SurvivesLosingItsPeerAtEveryStep) {
    for (std::size_t step = 0; step < python_trace().size(); ++step) {
        SCOPED_TRACE(step);
        HubWorld world;
        TraceRun run(world);
        ASSERT_NO_FATAL_FAILURE(run.run_until(step));
        run.begin(step, 1);
        run.device().wire().lose();
        world.workers.run_all();
        expect_recovery(world, step >= telemetry_step ? 1 : 0); // what was read is stored
    }
}

TEST(HubMqttTrace, SurvivesTruncationAtEveryStep) {
    for (std::size_t step = 0; step < python_trace().size(); ++step) {
        SCOPED_TRACE(step);
        HubWorld world;
        TraceRun run(world);
        ASSERT_NO_FATAL_FAILURE(run.run_until(step));
        run.begin(step, 2);
        run.device().wire().lose();
        world.workers.run_all();
        expect_recovery(world, step > telemetry_step ? 1 : 0);
    }
}

TEST(HubMqttTrace, EndsAHalfSentStepInTime) {
    for (std::size_t step = 0; step < python_trace().size(); ++step) {
        SCOPED_TRACE(step);
        HubWorld world;
        TraceRun run(world);
        ASSERT_NO_FATAL_FAILURE(run.run_until(step));
        run.begin(step, 2);
        run.device().settle();
        world.clock.advance(seconds(90));
        run.device().wire().deadline();
        EXPECT_TRUE(run.device().is_cut());
        expect_recovery(world, step > telemetry_step ? 1 : 0);
    }
}

} // namespace
} // namespace muster::gateway
