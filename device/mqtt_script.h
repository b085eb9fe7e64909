#pragma once
// For the tests of the MQTT conversations: the server's side of one, packet by packet.

#include "codec/mqtt_packet.h"
#include "session/conversation.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace muster::device {

class MqttScript {
  public:
    /// What the conversation has sent since the last call.
    static std::vector<mqtt::Packet> sent_by(session::Conversation& conversation) {
        mqtt::Decoder decoder(1024 * 1024);
        decoder.feed(conversation.take_output());
        std::vector<mqtt::Packet> packets;
        for (auto packet = decoder.next(); packet && *packet; packet = decoder.next()) {
            packets.push_back(std::move(**packet));
        }
        EXPECT_EQ(decoder.pending_bytes(), 0U);
        return packets;
    }

    /// The one packet that was sent, of the kind expected.
    template <class Kind>
    static Kind one_sent_by(session::Conversation& conversation) {
        auto packets = sent_by(conversation);
        EXPECT_EQ(packets.size(), 1U);
        if (packets.size() != 1 || !std::holds_alternative<Kind>(packets.front())) {
            ADD_FAILURE() << "another packet was sent";
            return {};
        }
        return std::get<Kind>(std::move(packets.front()));
    }

    static mqtt::Publish message(std::string topic, std::string_view payload,
                                 std::uint16_t packet_id = 0) {
        mqtt::Publish publish;
        publish.topic = std::move(topic);
        publish.payload = payload;
        publish.packet_id = packet_id;
        publish.qos = packet_id == 0 ? mqtt::QoS::at_most_once : mqtt::QoS::at_least_once;
        return publish;
    }
};

} // namespace muster::device
