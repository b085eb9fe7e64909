#pragma once
// A hub on fakes, for the tests of its use cases.

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "hub/fakes.h"
#include "hub/service.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

namespace muster::hub {

inline JsonObject object(std::string_view text) {
    auto parsed = parse_json_object(text, {.bytes_max = 1 << 20, .depth_max = 64});
    EXPECT_TRUE(parsed.has_value()) << text;
    return parsed.value_or(JsonObject());
}

inline WallTime noon() {
    using namespace std::chrono;
    return sys_days(year(2030) / January / 2) + hours(12);
}

inline TwinUpdate desired_update(std::string_view text) {
    return {.tags = std::nullopt, .desired = object(text)};
}

inline IfMatch any_etag() {
    return {.kind = IfMatch::Kind::any, .etag = {}};
}

inline IfMatch exactly(const ETag& etag) {
    return {.kind = IfMatch::Kind::exactly, .etag = etag};
}

/// What a port answers when a test wants it to fail.
inline Error failure(Code code) {
    return {.code = code, .detail = "made to fail", .cause = {}, .retry_after = std::nullopt};
}

template <class T>
Code code_of(const Result<T>& result) {
    EXPECT_FALSE(result.has_value());
    return result ? Code::internal : result.error().code;
}

class HubTest : public testing::Test {
  protected:
    static HubSettings settings() {
        HubSettings settings;
        settings.name = HubName("hub1.example.org");
        settings.policies = {{.name = "device",
                              .primary_key = Secret(std::string(32, 'p')),
                              .secondary_key = Secret(),
                              .rights = {Right::device_connect}},
                             {.name = "service",
                              .primary_key = Secret(std::string(32, 's')),
                              .secondary_key = Secret(std::string(32, 't')),
                              .rights = {Right::service_connect}}};
        settings.devices_max = 3;
        return settings;
    }

    Device create(std::string_view id) {
        Device wanted;
        wanted.id = DeviceId(std::string(id));
        auto view = hub.put_device(wanted, {});
        EXPECT_TRUE(view.has_value());
        return view ? view->device : Device();
    }

    struct Connected {
        std::shared_ptr<fakes::Link> link;
        LinkId id;
    };

    Connected connect(const IdentityId& device) {
        auto link = std::make_shared<fakes::Link>();
        const LinkId id = hub.live().attach(device, link);
        hub.live().set_takes_desired(device, id, true);
        hub.live().set_takes_methods(device, id, true);
        return {link, id};
    }

    HubPorts ports() {
        return {.stores = stores.ports(),
                .workers = workers,
                .timers = timers,
                .clock = clock,
                .random = random};
    }

    ManualClock clock{noon()};
    SystemRandom random; // the tests with threads draw from several at once
    fakes::Stores stores;
    fakes::Devices& devices = stores.devices;
    fakes::Events& events = stores.events;
    fakes::Workers workers;
    fakes::ManualScheduler timers;
    Service hub{settings(), ports()};
};

} // namespace muster::hub
