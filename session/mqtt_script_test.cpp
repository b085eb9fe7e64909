// Whole exchanges as the published clients have them, byte for byte; then each of them again,
// failing at every step in turn and cut into pieces.

#include "codec/mqtt_packet.h"
#include "codec/packet_generator.h"
#include "session/mqtt_client_scripts.h"
#include "session/mqtt_session_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace muster::session {
namespace {

using namespace scripts;

class Playback {
  public:
    explicit Playback(std::size_t piece = SIZE_MAX) : piece_(piece) {}

    void operator()(const PeerSends& step) {
        std::string_view rest = step.bytes;
        while (!rest.empty()) {
            const auto length = std::min(piece_, rest.size());
            probe.feed(rest.substr(0, length));
            rest.remove_prefix(length);
        }
    }

    void operator()(const ServerDoes& step) { step.action(probe.session, probe.now); }

    void operator()(const PeerReads& step) { EXPECT_EQ(probe.output(), step.bytes); }

    void operator()(const TimePasses& step) { probe.deadline(step.by); }

    Probe probe;

  private:
    std::size_t piece_;
};

class ClientScript : public testing::TestWithParam<Script> {
  public:
    static std::size_t steps() { return GetParam().steps.size(); }

    /// The script's first `count` steps.
    static void play(Playback& run, std::size_t count) {
        for (std::size_t index = 0; index < count; ++index) {
            SCOPED_TRACE("step " + std::to_string(index));
            std::visit(run, GetParam().steps[index]);
        }
    }

    /// After a failure before step `from`, the rest of the script changes and says nothing.
    static void expect_over(Playback& run, std::size_t from) {
        EXPECT_TRUE(run.probe.session.wants_close());
        EXPECT_FALSE(run.probe.session.wants_input());
        const auto events = run.probe.events();
        ASSERT_FALSE(events.empty());
        EXPECT_THAT(events.back(), closed_dirty());
        const auto is_closed = [](const auto& event) {
            return std::holds_alternative<MqttClosed>(event);
        };
        EXPECT_EQ(std::ranges::count_if(events, is_closed), 1);
        run.probe.output();
        for (std::size_t index = from; index < steps(); ++index) {
            if (!std::holds_alternative<PeerReads>(GetParam().steps[index])) {
                std::visit(run, GetParam().steps[index]);
            }
        }
        EXPECT_EQ(run.probe.output(), "");
        EXPECT_TRUE(run.probe.events().empty());
    }
};

TEST_P(ClientScript, goes_through) {
    Playback run;
    play(run, steps());
    const auto events = run.probe.events();
    ASSERT_FALSE(events.empty());
    const auto* closed = std::get_if<MqttClosed>(&events.back());
    ASSERT_NE(closed, nullptr);
    EXPECT_TRUE(closed->clean);
}

TEST_P(ClientScript, goes_through_in_pieces_of_any_size) {
    Playback whole;
    play(whole, steps());
    const auto expected = whole.probe.events();
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U}) {
        Playback run(piece);
        play(run, steps());
        EXPECT_EQ(run.probe.events(), expected) << piece;
    }
}

TEST_P(ClientScript, survives_a_lost_connection_at_every_step) {
    for (std::size_t at = 0; at < steps(); ++at) {
        SCOPED_TRACE(at);
        Playback run;
        play(run, at);
        run.probe.session.lost(run.probe.now);
        expect_over(run, at);
    }
}

TEST_P(ClientScript, survives_a_cut_within_every_packet) {
    for (std::size_t at = 0; at < steps(); ++at) {
        const auto* sends = std::get_if<PeerSends>(&GetParam().steps[at]);
        for (std::size_t length = 1; sends != nullptr && length < sends->bytes.size(); ++length) {
            SCOPED_TRACE(at);
            Playback run;
            play(run, at);
            run(PeerSends{sends->bytes.substr(0, length)});
            run.probe.session.lost(run.probe.now);
            expect_over(run, at);
        }
    }
}

TEST_P(ClientScript, survives_silence_from_every_step_on) {
    for (std::size_t at = 0; at < steps(); ++at) {
        SCOPED_TRACE(at);
        Playback run;
        play(run, at);
        const auto deadline = run.probe.session.next_deadline();
        ASSERT_TRUE(deadline.has_value());
        EXPECT_LE(*deadline, run.probe.now + 1767s);
        run.probe.now = *deadline;
        run.probe.session.deadline(*deadline);
        expect_over(run, at);
    }
}

TEST_P(ClientScript, survives_garbage_at_every_step) {
    for (std::size_t at = 0; at < steps(); ++at) {
        // Between CONNECT and CONNACK nothing is looked at.
        if (at == 1) {
            continue;
        }
        SCOPED_TRACE(at);
        Playback run;
        play(run, at);
        run(PeerSends{std::string("\x00\x00", 2)});
        expect_over(run, at);
    }
}

INSTANTIATE_TEST_SUITE_P(sdk, ClientScript,
                         testing::Values(c_registers(), csharp_registers(), node_registers(),
                                         python_at_its_hub()),
                         [](const auto& instance) { return instance.param.name; });

// ---- any client ----

// A stream with what clients may send, each packet id used once.
std::string random_client(std::uint64_t seed) {
    mqtt::PacketGenerator generate(seed);
    auto stream = encode(mqtt::Connect{.client_id = "dev-1"});
    for (std::uint16_t packet_id = 1; packet_id <= 40; ++packet_id) {
        auto publish = generate.publish();
        publish.qos = static_cast<QoS>(generate.below(2));
        publish.packet_id = publish.qos == QoS::at_most_once ? std::uint16_t{0} : packet_id;
        publish.duplicate = false;
        stream += encode(publish) + encode(generate.subscribe()) + encode(mqtt::Pingreq{});
    }
    return stream + (generate.below(2) == 0 ? encode(mqtt::Disconnect{}) : "\x01");
}

// Answers whatever comes; gives back all that happened.
std::vector<MqttEvent> serve(std::string_view stream, mqtt::PacketGenerator& cuts,
                             std::size_t piece_max) {
    Probe probe(MqttLimits{.unacknowledged_max = 4});
    std::vector<MqttEvent> events;
    while (!stream.empty()) {
        const auto length = std::min(1 + cuts.below(piece_max), stream.size());
        probe.feed(stream.substr(0, length));
        stream.remove_prefix(length);
        while (auto event = probe.session.next_event()) {
            if (std::holds_alternative<mqtt::Connect>(*event)) {
                probe.session.connack(mqtt::ConnectCode::accepted, false, probe.now);
            } else if (const auto* publish = std::get_if<mqtt::Publish>(&*event)) {
                probe.session.puback(publish->packet_id);
            }
            events.push_back(std::move(*event));
        }
    }
    return events;
}

TEST(MqttSessionProperty, any_split_of_the_stream_gives_the_same_events) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const auto stream = random_client(seed);
        mqtt::PacketGenerator cuts(seed);
        const auto expected = serve(stream, cuts, 1'000'000);
        ASSERT_GT(expected.size(), 80U) << "seed " << seed;
        ASSERT_EQ(serve(stream, cuts, 1), expected) << "seed " << seed;
        ASSERT_EQ(serve(stream, cuts, 40), expected) << "seed " << seed;
        ASSERT_EQ(serve(stream, cuts, 3000), expected) << "seed " << seed;
    }
}

} // namespace
} // namespace muster::session
