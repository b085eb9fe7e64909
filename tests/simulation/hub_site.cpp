#include "tests/simulation/hub_site.h"

#include "base/check.h"

namespace muster::simulation {

using hub::Device;
using hub::DeviceWithTwin;

/// The hub's own store: no steps, because a hub does each request in one go (its stripes keep
/// others out), and everything that changes is shown to the rules.
class HubSite::Watched final : public hub::DeviceStore {
  public:
    Watched(hub::DeviceStore& store, HubSite& site) : store_(store), site_(site) {}

    Result<std::optional<Device>> find_device(const HubName& hub,
                                              const hub::IdentityId& id) override {
        return store_.find_device(hub, id);
    }

    Result<std::optional<DeviceWithTwin>> find(const HubName& hub,
                                               const hub::IdentityId& id) override {
        return store_.find(hub, id);
    }

    Result<void> create(const HubName& hub, std::span<const DeviceWithTwin> identities,
                        hub::EventBatch& events) override {
        return watched(identities.front().device.id,
                       [&] { return store_.create(hub, identities, events); });
    }

    Result<void> update_device(const HubName& hub, const Device& device,
                               std::int64_t expected_version) override {
        return watched(device.id,
                       [&] { return store_.update_device(hub, device, expected_version); });
    }

    Result<void> update_twin(const HubName& hub, const hub::IdentityId& id, const hub::Twin& twin,
                             std::int64_t expected_version, hub::EventBatch& events) override {
        return watched(id.device,
                       [&] { return store_.update_twin(hub, id, twin, expected_version, events); });
    }

    Result<void> erase(const HubName& hub, const hub::IdentityId& id, std::int64_t expected_version,
                       hub::EventBatch& events) override {
        return watched(id.device, [&] { return store_.erase(hub, id, expected_version, events); });
    }

    Result<std::vector<Device>> list(const HubName& hub, const std::string& after,
                                     std::size_t count_max) override {
        return store_.list(hub, after, count_max);
    }

    Result<std::vector<Device>> modules(const HubName& hub, const DeviceId& device) override {
        return store_.modules(hub, device);
    }

    Result<hub::IdentityCounts> counts(const HubName& hub) override { return store_.counts(hub); }

  private:
    template <class Change>
    Result<void> watched(const DeviceId& id, Change change) {
        const auto before = site_.stored(id);
        Result<void> changed = change();
        if (changed) {
            const auto after = site_.stored(id);
            site_.rules_.copy_changed({.hub = site_.name(), .device_id = id},
                                      before ? &*before : nullptr, after ? &*after : nullptr);
        }
        return changed;
    }

    hub::DeviceStore& store_;
    HubSite& site_;
};

/// Timers of a hub: methods and events, of which there are none here.
class NoTimers final : public Scheduler {
  public:
    Ticket after(std::chrono::milliseconds, Task) override { return 0; }

    void cancel(Ticket) override {}
};

/// Nothing that a hub does behind a request's back takes part in the simulation.
class NoWorkers final : public Executor {
  public:
    bool submit(Task) override { return false; }
};

struct HubSite::Life {
    Life(const HubSite& site, hub::DeviceStore& devices, store::Stores& stores, Random& random)
        : service(
              [&] {
                  hub::HubSettings settings;
                  settings.name = site.name();
                  return settings;
              }(),
              {.stores = {.devices = devices,
                          .sessions = stores.sessions(),
                          .events = stores.events(),
                          .messages = stores.messages(),
                          .feedback = stores.feedback(),
                          .queries = stores.twin_queries(),
                          .presences = stores.presences(),
                          .jobs = stores.jobs(),
                          .configurations = stores.configurations(),
                          .usage = stores.usage()},
               .workers = workers,
               .timers = timers,
               .clock = site.clock_,
               .random = random}) {
        registry.add(service);
    }

    NoWorkers workers;
    NoTimers timers;
    hub::Service service;
    app::LocalHubs registry;
};

std::string_view to_string(Manner manner) {
    switch (manner) {
    case Manner::normal: return "normal";
    case Manner::slow: return "slow";
    case Manner::refusing: return "refusing";
    case Manner::silent: return "silent";
    }
    return "";
}

HubSite::HubSite(Stage& stage, Rules& rules, Place place)
    : stage_(stage), rules_(rules), place_(std::move(place)), stores_(store::make_memory_stores()),
      devices_(std::make_unique<Watched>(stores_->devices(), *this)),
      clock_(stage.engine, stage.dice.between(std::chrono::seconds(-2), std::chrono::seconds(2))),
      random_(stage.dice.number()) {}

HubSite::~HubSite() = default;

void HubSite::start() {
    if (life_ == nullptr && !lost_) {
        life_ = std::make_unique<Life>(*this, *devices_, *stores_, random_);
        stage_.tell(name().text(), "is up");
    }
}

void HubSite::crash() {
    if (life_ != nullptr) {
        stage_.tell(name().text(), "goes down");
        for (const Device& device : everybody()) {
            life_->service.live().cut(device.id, "the hub went down");
        }
        life_.reset();
    }
}

void HubSite::lose() {
    crash();
    lost_ = true;
    rules_.lost(name());
}

provisioning::Hubs& HubSite::registry() {
    CHECK(is_up());
    return life_->registry;
}

hub::Service& HubSite::service() {
    CHECK(is_up());
    return life_->service;
}

std::optional<DeviceWithTwin> HubSite::stored(const DeviceId& id) {
    return stores_->devices().find(name(), id).value_or(std::nullopt);
}

std::vector<Device> HubSite::everybody() {
    return stores_->devices().list(name(), "", 1000).value_or(std::vector<Device>());
}

void HubSite::check_connections() {
    if (!is_up()) {
        return;
    }
    const std::size_t connected = life_->service.live().connected_count();
    std::size_t rightly = 0;
    for (const Device& device : everybody()) {
        const bool is_here = life_->service.live().presence(device.id).connected;
        rightly += is_here ? 1U : 0U;
        if (is_here && device.status == hub::DeviceStatus::disabled) {
            stage_.violated("9: cut at once", device.id.text() + " is connected to " +
                                                  name().text() + " although it is disabled");
        }
    }
    if (connected != rightly) {
        stage_.violated("9: cut at once",
                        "somebody is connected to " + name().text() + " who is not known there");
    }
}

} // namespace muster::simulation
