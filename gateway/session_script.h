#pragma once
// For tests: a session as a script. Each step sends bytes and says what must come back; a script
// can be run as it stands, byte by byte, or with something going wrong at one of its steps.

#include "gateway/mqtt_lines.h"
#include "gateway/pattern.h"
#include "gateway/provisioning_world.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace muster::gateway {

struct Step {
    std::string name;
    std::function<std::string(const Pattern&)> send; // bytes, with the names known so far filled in
    std::string expect;                              // a pattern
    bool is_work = true; // for a worker, and not answered by the connection itself
};

enum class Transport : std::uint8_t { https, mqtt };

struct Script {
    std::string name;
    Transport transport = Transport::https;
    std::vector<Step> steps;
};

inline std::ostream& operator<<(std::ostream& out, const Script& script) {
    return out << script.name;
}

// ---- steps ----

/// Line ends are written as '\n' for the eye and sent as CRLF; the body follows an empty line.
inline std::string crlf(std::string_view text) {
    std::string result;
    const auto head = text.substr(0, text.find("\n\n") + 2);
    for (const char c : head) {
        result += c == '\n' ? "\r\n" : std::string(1, c);
    }
    return result + std::string(text.substr(head.size()));
}

inline Step http(std::string name, std::string request, std::string response) {
    return {.name = std::move(name),
            .send = [request](const Pattern& known) { return crlf(known.fill(request)); },
            .expect = crlf(response)};
}

inline Step mqtt_step(std::string name, const mqtt::Packet& packet, std::string lines) {
    return {.name = std::move(name),
            .send = [packet](const Pattern&) { return mqtt::encode(packet); },
            .expect = std::move(lines),
            .is_work = false};
}

inline Step publish(std::string name, const mqtt::Publish& message, std::string lines) {
    return {.name = std::move(name),
            .send =
                [message](const Pattern& known) {
                    auto filled = message;
                    filled.topic = known.fill(message.topic);
                    return mqtt::encode(filled);
                },
            .expect = std::move(lines)};
}

// ---- running ----

class ScriptRun {
  public:
    ScriptRun(ProvisioningWorld& world, const Script& script) : world_(world), script_(script) {
        reconnect();
    }

    /// The connection is lost; a new one takes its place.
    void reconnect() {
        if (wire_) {
            wire_->lose();
        }
        wire_.emplace(script_.transport == Transport::https ? world_.https() : world_.mqtt());
    }

    std::string bytes_of(std::size_t step) const { return script_.steps[step].send(pattern_); }

    /// Sends the step's bytes and returns what came back, readable.
    std::string exchange(std::size_t step) {
        wire_->send(bytes_of(step));
        return settle();
    }

    std::string exchange_bytewise(std::size_t step) {
        for (const char byte : bytes_of(step)) {
            wire_->send({&byte, 1});
        }
        return settle();
    }

    std::string settle() {
        wire_->settle(world_.workers);
        return received();
    }

    std::string received() {
        const auto bytes = wire_->take();
        return script_.transport == Transport::https ? bytes : mqtt_lines(bytes);
    }

    testing::AssertionResult expect(std::size_t step, const std::string& received) {
        if (pattern_.matches(script_.steps[step].expect, received)) {
            return testing::AssertionSuccess();
        }
        return testing::AssertionFailure()
               << script_.name << ", " << script_.steps[step].name << "\nexpected:\n"
               << script_.steps[step].expect << "\nreceived:\n"
               << received;
    }

    /// Runs the steps before `end` as they should go.
    void run_until(std::size_t end) {
        for (std::size_t step = 0; step < end; ++step) {
            ASSERT_TRUE(expect(step, exchange(step)));
            world_.clock.advance(std::chrono::seconds(3));
        }
    }

    void run_all() { run_until(script_.steps.size()); }

    Wire& wire() { return *wire_; }

  private:
    ProvisioningWorld& world_;
    const Script& script_;
    std::optional<Wire> wire_;
    Pattern pattern_;
};

} // namespace muster::gateway
