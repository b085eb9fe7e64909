// A whole session under any bytes, any pauses and any caller: it never fails a check, says nothing
// before CONNACK, sends only whole packets, ends once and stays ended.

#include "base/check.h"
#include "session/mqtt_session.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

namespace {

using namespace muster;
using namespace muster::session;

constexpr MqttLimits limits{.packet_bytes_max = 2048,
                            .connect_bytes_max = 512,
                            .unacknowledged_max = 4,
                            .in_flight_max = 4,
                            .output_bytes_max = 512};

/// The input as a list of small decisions.
class Script {
  public:
    explicit Script(std::string_view bytes) : rest_(bytes) {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }

    unsigned byte() {
        if (rest_.empty()) {
            return 0;
        }
        const auto value = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return value;
    }

    std::string_view bytes(std::size_t count) {
        const auto taken = rest_.substr(0, count);
        rest_.remove_prefix(taken.size());
        return taken;
    }

  private:
    std::string_view rest_;
};

class World {
  public:
    World() : session_(limits) { session_.start(now_); }

    void step(Script& script) {
        switch (const auto choice = script.byte(); choice % 8) {
        case 0:
            session_.publish("t", std::string(choice / 8, 'x'), mqtt::QoS::at_least_once);
            break;
        case 1: pass_time(std::chrono::seconds(1U << (choice / 8 % 12))); break;
        case 2: acknowledge(choice / 8); break;
        case 3: end(choice / 8); break;
        default: session_.feed(script.bytes(script.byte()), now_); break;
        }
        take_events(script);
        check();
    }

  private:
    void pass_time(std::chrono::seconds by) {
        now_ += by;
        const auto due = session_.next_deadline();
        session_.deadline(now_);
        // A deadline that came is dealt with: closed, or moved.
        CHECK(!due || *due > now_ || !session_.next_deadline() || *session_.next_deadline() > now_);
    }

    void acknowledge(std::size_t which) {
        if (unacknowledged_.empty()) {
            return session_.puback(static_cast<std::uint16_t>(which));
        }
        const auto at =
            unacknowledged_.begin() + static_cast<std::ptrdiff_t>(which % unacknowledged_.size());
        const auto packet_id = *at;
        unacknowledged_.erase(at);
        session_.puback(packet_id);
    }

    void end(unsigned how) {
        if (how == 0) {
            session_.lost(now_);
        } else if (how == 1) {
            session_.close("told so");
        } else {
            take_output();
        }
    }

    void take_events(Script& script) {
        while (auto event = session_.next_event()) {
            CHECK(!closed_);
            if (std::holds_alternative<mqtt::Connect>(*event)) {
                const auto code = script.byte() % 16;
                session_.connack(static_cast<mqtt::ConnectCode>(code < 6 ? code : 0), code == 6,
                                 now_);
            } else if (const auto* publish = std::get_if<mqtt::Publish>(&*event)) {
                CHECK(publish->qos != mqtt::QoS::exactly_once);
                if (publish->packet_id != 0) {
                    unacknowledged_.push_back(publish->packet_id);
                }
            } else if (const auto* subscribe = std::get_if<mqtt::Subscribe>(&*event)) {
                session_.suback({subscribe->packet_id, {mqtt::Suback::failure}});
            }
            closed_ = std::holds_alternative<MqttClosed>(*event);
        }
    }

    void take_output() {
        const auto output = session_.take_output();
        CHECK(output.size() <= limits.output_bytes_max);
        peer_.feed(output);
        auto packet = peer_.next();
        for (; packet && *packet; packet = peer_.next()) {
            CHECK(std::holds_alternative<mqtt::Connack>(**packet) != greeted_);
            greeted_ = true;
        }
        CHECK(packet.has_value());
        CHECK(peer_.pending_bytes() == 0);
    }

    void check() const {
        CHECK(closed_ == session_.wants_close());
        CHECK(closed_ != session_.next_deadline().has_value());
        CHECK(!closed_ || !session_.wants_input());
        CHECK(!closed_ || !session_.connected());
        CHECK(unacknowledged_.size() <= limits.unacknowledged_max || closed_);
    }

    MqttSession session_;
    mqtt::Decoder peer_{limits.packet_bytes_max};
    SteadyTime now_{std::chrono::hours(1)};
    std::deque<std::uint16_t> unacknowledged_; // taken, not yet acknowledged
    bool closed_ = false;
    bool greeted_ = false;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Script script(std::string_view(reinterpret_cast<const char*>(data), size));
    World world;
    while (!script.at_end()) {
        world.step(script);
    }
    return 0;
}
