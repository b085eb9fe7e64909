#include "hub/service.h"

#include <utility>

namespace muster::hub {

namespace {

/// So that request ids of methods differ from start to start.
std::uint64_t random_number(Random& random) {
    std::uint64_t number = 0;
    for (const char byte : random.bytes(6)) {
        number = number << 8 | static_cast<unsigned char>(byte);
    }
    return number;
}

} // namespace

Service::Service(HubSettings settings, DeviceStore& devices, SessionStore& sessions,
                 TelemetryStore& telemetry, Scheduler& timers, const Clock& clock, Random& random)
    : settings_(std::move(settings)), devices_(devices), sessions_(sessions), telemetry_(telemetry),
      clock_(clock), random_(random), device_count_(devices, settings_.name), watch_(timers),
      live_(clock), methods_(live_, timers, settings_.method_limits, random_number(random)) {}

Result<Device> Service::load_device(const DeviceId& id) {
    auto found = devices_.find_device(settings_.name, id);
    if (!found) {
        return std::unexpected(std::move(found.error()));
    }
    if (!*found) {
        return fail(Code::not_found, "device not found");
    }
    return std::move(**found);
}

Result<DeviceWithTwin> Service::load(const DeviceId& id) {
    auto found = devices_.find(settings_.name, id);
    if (!found) {
        return std::unexpected(std::move(found.error()));
    }
    if (!*found) {
        return fail(Code::not_found, "device not found");
    }
    return std::move(**found);
}

DeviceView Service::view_of(Device device) const {
    auto presence = live_.presence(device.id);
    return {.device = std::move(device), .presence = presence};
}

TwinView Service::view_of(Device device, Twin twin) const {
    auto presence = live_.presence(device.id);
    return {.device = std::move(device), .twin = std::move(twin), .presence = presence};
}

} // namespace muster::hub
