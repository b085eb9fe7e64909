#include "hub/service.h"

#include "hub/background.h"

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

Service::Service(HubSettings settings, const HubPorts& ports)
    : settings_(std::move(settings)), devices_(ports.stores.devices),
      sessions_(ports.stores.sessions), queries_(ports.stores.queries),
      presences_(ports.stores.presences), clock_(ports.clock), random_(ports.random),
      device_count_(devices_, settings_.name),
      events_(settings_.name, settings_.events, ports.stores.events, ports.timers, ports.clock),
      changes_(events_, clock_, random_),
      connections_(
          events_,
          {.workers = ports.workers, .timers = ports.timers, .clock = clock_, .random = random_}),
      live_(clock_,
            [this](const IdentityId& who, bool connected) {
                connections_.note(who, connected ? ConnectionChange::connected
                                                 : ConnectionChange::disconnected);
            }),
      methods_(live_, ports.timers, settings_.method_limits, random_number(random_)),
      messages_(settings_.name, settings_.message_limits,
                {.store = ports.stores.messages,
                 .feedback = ports.stores.feedback,
                 .live = live_,
                 .workers = ports.workers,
                 .timers = ports.timers,
                 .clock = clock_,
                 .random = random_}),
      feedback_(settings_.name, settings_.message_limits, ports.stores.feedback, clock_, random_),
      presence_writer_({.hub = settings_.name,
                        .live = live_,
                        .store = ports.stores.presences,
                        .timers = ports.timers,
                        .workers = ports.workers,
                        .clock = clock_}),
      limiter_(settings_.name, settings_.limits,
               {.store = ports.stores.usage, .workers = ports.workers, .clock = clock_}),
      background_(std::make_unique<Background>(*this, ports)) {}

Service::~Service() = default;

void Service::start() {
    background_->start();
}

void Service::stop() {
    background_->stop();
}

Jobs& Service::jobs() {
    return background_->jobs;
}

Configurations& Service::configurations() {
    return background_->configurations;
}

void Service::note_change(const IdentityId& id) {
    background_->configurations.changed(id);
}

Result<Device> Service::load_device(const IdentityId& id) {
    auto found = devices_.find_device(settings_.name, id);
    if (!found) {
        return std::unexpected(std::move(found.error()));
    }
    return *found ? Result<Device>(std::move(**found)) : absent(id);
}

Result<DeviceWithTwin> Service::load(const IdentityId& id) {
    auto found = devices_.find(settings_.name, id);
    if (!found) {
        return std::unexpected(std::move(found.error()));
    }
    return *found ? Result<DeviceWithTwin>(std::move(**found)) : absent(id);
}

/// Whether it is the module that is missing, or its device, too (iothub B.6).
std::unexpected<Error> Service::absent(const IdentityId& id) {
    if (id.is_module()) {
        const auto device = devices_.find_device(settings_.name, id.device);
        if (!device) {
            return std::unexpected(device.error());
        }
        if (*device) {
            return fail(Code::not_found, std::string(module_unknown));
        }
    }
    return fail(Code::not_found, "device not found");
}

/// Of an identity that has not connected in this life, what is remembered.
Live::Presence Service::presence_of(const IdentityId& id) const {
    const auto now = live_.presence(id);
    if (now.connection_updated) {
        return now;
    }
    auto remembered = presences_.find(settings_.name, id);
    return remembered ? remembered->value_or(now) : now;
}

DeviceView Service::view_of(Device device) const {
    auto presence = presence_of(device.identity());
    return {.device = std::move(device), .presence = presence};
}

TwinView Service::view_of(Device device, Twin twin) const {
    auto presence = presence_of(device.identity());
    return {.device = std::move(device), .twin = std::move(twin), .presence = presence};
}

} // namespace muster::hub
