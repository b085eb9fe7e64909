#pragma once
// Two hubs, and a device at either in whatever state. For the tests of HubSteps.

#include "provisioning/fake_hubs.h"
#include "provisioning/moving/hub_steps.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

namespace muster::provisioning {

inline const HubName hub_a{"a"};
inline const HubName hub_b{"b"};
inline const DeviceId device{"dev-1"};
inline const Place at_a{.hub = hub_a, .device_id = device};
inline const Place at_b{.hub = hub_b, .device_id = device};
inline const MoveToken token{"1111111111111111"};
inline const MoveToken other_token{"2222222222222222"};
inline const HubCredential old_credential = HubThumbprints{.primary = "OLD", .secondary = {}};
inline const HubCredential new_credential = HubThumbprints{.primary = "NEW", .secondary = {}};
inline const HubTwin lived{.etag = {},
                           .tags = {{"site", "north"}},
                           .desired = {{"period", 60}},
                           .reported = {{"fw", "1.2"}}};

inline DeviceProvision provision_with(std::optional<HubCredential> credential) {
    return {.device_id = device,
            .credential = std::move(credential),
            .iot_edge = false,
            .initial_twin = {.tags = {{"site", "new"}}, .desired = {}}};
}

inline HubTwin initial() {
    return {.etag = {}, .tags = {{"site", "new"}}, .desired = {}, .reported = {}};
}

inline HubDevice identity(bool enabled, std::string reason = {}) {
    return {.id = device,
            .enabled = enabled,
            .status_reason = std::move(reason),
            .credential = old_credential};
}

inline std::string out(const MoveToken& by, bool was_enabled = true, std::string reason = {}) {
    return to_status_reason({.side = MoveSide::out,
                             .token = by,
                             .was_enabled = was_enabled,
                             .reason = std::move(reason)});
}

inline std::string in(const MoveToken& by) {
    return to_status_reason({.side = MoveSide::in, .token = by, .reason = {}});
}

struct Steps : testing::Test {
    explicit Steps(bool far = false) {
        if (far) {
            hubs.put_far_away(hub_a);
            hubs.put_far_away(hub_b);
        }
    }

    void put(const HubName& hub, const HubDevice& one, const HubTwin& twin = lived) {
        hubs.put(hub, one, twin);
    }

    HubDevice at(const HubName& hub) { return hubs.device(hub, device).value(); }

    std::optional<MoveMark> mark_at(const HubName& hub) {
        return read_move_mark(at(hub).status_reason);
    }

    HubSteps::Transfer transfer(TwinSource twin = TwinSource::carried) {
        return {.from = at_a,
                .to = at_b,
                .token = token,
                .twin = twin,
                .provision = provision_with(new_credential)};
    }

    HubSteps::Settlement settlement(PlanOrigin origin = PlanOrigin::device) {
        return {.place = at_b, .token = token, .credential = {}, .origin = origin};
    }

    Faults faults;
    FakeHubs hubs{faults};
    HubSteps steps{hubs};
};

struct FarSteps : Steps {
    FarSteps() : Steps(true) {}
};

} // namespace muster::provisioning
