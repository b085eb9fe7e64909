// A whole session of a Python device (iothub A.17), with something going wrong at each of its
// steps.

#include "gateway/hub_world.h"
#include "gateway/pattern.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>

namespace muster::gateway {
namespace {

using std::chrono::seconds;

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
