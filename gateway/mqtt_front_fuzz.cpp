// Whatever a device sends over MQTT: the server speaks nothing but MQTT, answers with the topics
// and documents of the reference, and comes to an end.

#include "base/json.h"
#include "codec/mqtt_packet.h"
#include "gateway/front_fuzz.h"

namespace {

using namespace muster;

void check_response(const mqtt::Publish& publish) {
    constexpr std::string_view prefix = "$dps/registrations/res/";
    CHECK(publish.topic.starts_with(prefix));
    CHECK(publish.qos == mqtt::QoS::at_least_once && !publish.retain && !publish.duplicate);
    const auto document = parse_json_object(publish.payload);
    CHECK(document.has_value());
    const auto is_error = publish.topic[prefix.size()] != '2';
    CHECK(document->contains(is_error ? "errorCode" : "operationId"));
}

void check_output(std::string_view output) {
    mqtt::Decoder decoder(1024 * 1024);
    decoder.feed(output);
    for (;;) {
        const auto packet = decoder.next();
        CHECK(packet.has_value());
        if (!*packet) {
            break;
        }
        if (const auto* publish = std::get_if<mqtt::Publish>(&**packet)) {
            check_response(*publish);
        }
    }
    CHECK(decoder.pending_bytes() == 0);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    gateway::FuzzedSession session;
    auto wire = session.world.mqtt();
    check_output(session.run(wire, {reinterpret_cast<const char*>(data), size}));
    return 0;
}
