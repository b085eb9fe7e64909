#pragma once
// For the tests of this folder: events, twins, and endpoints that do as they are told.

#include "base/random.h"
#include "hub/events/event_log.h"
#include "hub/events/fake_store.h"
#include "hub/fakes.h"
#include "hub/routing/dispatcher.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace muster::hub::routing_fixture {

inline WallTime start() {
    return from_unix_seconds(1'893'553'445); // 2030-01-02T03:04:05Z
}

inline Event telemetry(std::string device, std::string body, EventProperties properties = {}) {
    return {.sequence = 17,
            .source = EventSource::telemetry,
            .identity = DeviceId(std::move(device)),
            .enqueued = start(),
            .properties = std::move(properties),
            .auth_method = R"({"scope":"device","type":"sas"})",
            .generation_id = "638",
            .body = std::move(body)};
}

/// As a device sends JSON.
inline Event json_telemetry(std::string body, EventProperties properties = {}) {
    properties.emplace_back("$.ct", "application/json; charset=utf-8");
    properties.emplace_back("$.ce", "UTF-8");
    return telemetry("dev-01", std::move(body), std::move(properties));
}

inline TwinLookup no_twins() {
    return [](const IdentityId&) -> Result<std::optional<JsonObject>> { return std::nullopt; };
}

/// Takes everything, until it is given failures; remembers the bodies.
class ScriptedEndpoint final : public Endpoint {
  public:
    Result<void> deliver(std::span<const Event> events) override {
        ++attempts;
        largest = std::max(largest, events.size());
        if (before) {
            before();
        }
        if (!failures.empty()) {
            Error failure = failures.front();
            failures.pop_front();
            return std::unexpected(std::move(failure));
        }
        for (const Event& event : events) {
            arrived.push_back(event.body);
        }
        return after ? after() : Result<void>();
    }

    void interrupt() override { ++interrupts; }

    std::vector<std::string> arrived;
    std::deque<Error> failures;          // of the next attempts, before anything arrives
    std::function<void()> before;        // of an attempt
    std::function<Result<void>()> after; // what is said once all has arrived
    std::size_t largest = 0;
    int attempts = 0;
    int interrupts = 0;
};

} // namespace muster::hub::routing_fixture
