#include "tests/simulation/world.h"

#include <fmt/format.h>

#include <utility>

namespace muster::simulation {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// Within this time after the end of trouble all promises are kept.
constexpr minutes healing_max{30};

} // namespace

World::World(std::uint64_t seed, Threads& threads)
    : stage_(seed, threads), stores_(store::make_memory_stores()),
      rules_(stage_, stores_->registrations(), scope_),
      surroundings_{.stage = stage_, .scope = scope_, .servers = servers_, .hubs = hubs_},
      operators_(surroundings_, devices_), bystanders_(surroundings_, rules_, devices_) {
    build_hubs();
    build_instance();
    build_servers();
    build_devices();
}

World::~World() {
    stage_.engine.stop();
    for (const auto& server : servers_) {
        server->never_come_back();
        server->crash();
    }
    stage_.engine.run_until(stage_.engine.now());
}

void World::build_hubs() {
    const std::size_t count = 2 + stage_.dice.below(3);
    for (std::size_t i = 1; i <= count; ++i) {
        const HubName name(fmt::format("hub-{}", i));
        const std::string host = stage_.dice.one_in(3) ? "server-1" : "";
        hubs_.emplace(name, std::make_unique<HubSite>(stage_, rules_,
                                                      HubSite::Place{.name = name, .host = host}));
    }
}

void World::build_instance() {
    provisioning::Instance instance;
    instance.scope = scope_;
    instance.name = instance_name;
    instance.tenant = "default";
    for (const auto& [name, hub] : hubs_) {
        instance.hubs.push_back(link_to(name));
    }
    instance.stamp = {.version = 1, .etag = ETag("first"), .created = {}, .updated = {}};
    const auto saved =
        stores_->instances().save(instance, provisioning::Write(provisioning::Expected{0}));
    if (!saved) {
        stage_.violated("0: the world", saved.error().detail);
    }
}

void World::build_servers() {
    const std::size_t count = 1 + stage_.dice.below(2);
    for (std::size_t i = 1; i <= count; ++i) {
        servers_.push_back(std::make_unique<ProvisioningSite>(
            ProvisioningSite::World{
                .stage = stage_,
                .rules = rules_,
                .hubs = hubs_,
                .stores = *stores_,
                .company = count == 1 ? HubPort::Company::alone : HubPort::Company::several,
                .changed = [this](const provisioning::Instance& after) { publish(after); }},
            fmt::format("server-{}", i)));
    }
}

void World::build_devices() {
    static const std::vector<std::string> versions{"2018-04-01", "2019-03-31", "2021-06-01",
                                                   "2021-06-01"};
    const std::size_t count = 2 + stage_.dice.below(4);
    for (std::size_t i = 1; i <= count; ++i) {
        const std::string name = fmt::format("pump-{}", i);
        const std::string version = stage_.dice.pick(versions);
        const Secret own(fmt::format("the-key-of-device-{:014}", i));
        const Secret key =
            stage_.dice.one_in(2) ? own : crypto::derive_device_key(operators_.group_key(), name);
        rules_.introduce(name, {.group = fleet_group, .api_version = version});
        devices_.push_back(std::make_unique<SimDevice>(
            surroundings_, SimDevice::Make{.name = name, .api_version = version, .key = key}));
    }
}

/// The other servers work with what they knew for a while.
void World::publish(const provisioning::Instance& instance) {
    for (const auto& server : servers_) {
        const Duration delay =
            is_troubled_ ? stage_.dice.between(Duration(0), seconds(60)) : Duration(1);
        stage_.engine.at(delay, [&server = *server, instance] { server.hear(instance); });
    }
}

// ---- the run ----

bool World::run() {
    const bool fine = begin() && trouble() && calm() && end();
    if (stage_.engine.is_exhausted()) {
        stage_.violated("everything comes to rest", "more steps than a world needs");
    }
    return fine;
}

bool World::run_for(Duration time) {
    return stage_.engine.run_until(stage_.engine.now() + time);
}

bool World::begin() {
    const Weather weather = std::exchange(stage_.weather, fair_weather());
    for (const auto& [name, hub] : hubs_) {
        if (hub->host().empty()) {
            hub->start();
        }
    }
    for (const auto& server : servers_) {
        server->start();
    }
    if (!run_for(seconds(2))) {
        return false;
    }
    servers_.front()->call([this](Services& services) { operators_.enroll(services); });
    const bool fine = run_for(seconds(2));
    stage_.weather = weather;
    return fine;
}

void World::every(std::size_t period, std::function<void()> happens) {
    if (period == 0) {
        return;
    }
    const Duration next = stage_.dice.between(Duration(1000), seconds(2 * period));
    stage_.engine.at(next, [this, period, happens = std::move(happens)]() mutable {
        if (is_troubled_) {
            happens();
            every(period, std::move(happens));
        }
    });
}

bool World::trouble() {
    is_troubled_ = true;
    stage_.tell("world", "trouble begins");
    for (const auto& device : devices_) {
        stage_.engine.at(stage_.dice.between(Duration(0), seconds(20)),
                         [&device = *device] { device.boot(); });
    }
    const Weather& weather = stage_.weather;
    every(weather.operator_s, [this] { operators_.act(); });
    every(weather.back_end_s, [this] { bystanders_.patch_twin(); });
    every(weather.hub_operator_s, [this] { bystanders_.change_identity(); });
    every(weather.hub_trouble_s, [this] { trouble_hub(); });
    every(15, [this] { trouble_device(); });
    every(40, [this] { bystanders_.intrude(); });
    return run_for(stage_.dice.between(minutes(2), minutes(6)));
}

void World::trouble_hub() {
    auto at = hubs_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(stage_.dice.below(hubs_.size())));
    HubSite& hub = *at->second;
    const bool crashes = stage_.dice.one_in(3) && hub.host().empty();
    const auto manner = static_cast<Manner>(1 + stage_.dice.below(3));
    const Duration time = stage_.dice.between(seconds(2), seconds(90));
    if (crashes) {
        hub.crash();
    } else {
        stage_.tell(hub.name().text(), fmt::format("is {}", to_string(manner)));
        hub.manner = manner;
    }
    stage_.engine.at(time, [this, &hub] {
        stage_.tell(hub.name().text(), "is well again");
        hub.manner = Manner::normal;
        if (hub.host().empty()) {
            hub.start();
        }
    });
}

void World::trouble_device() {
    SimDevice& device = *stage_.dice.pick(devices_);
    device.power_cycle(stage_.dice.between(Duration(1000), seconds(30)));
}

bool World::calm() {
    stage_.tell("world", "trouble ends");
    is_troubled_ = false;
    const Duration late_max = stage_.weather.late_max;
    stage_.weather = fair_weather();
    for (const auto& [name, hub] : hubs_) {
        hub->manner = Manner::normal;
        if (hub->host().empty()) {
            hub->start();
        }
    }
    // Whatever is still on its way arrives, servers that crashed or fell asleep are back, and the
    // operators have put things in order.
    if (!run_for(std::max<Duration>(late_max, minutes(4)))) {
        return false;
    }
    for (int tries = 0; !operators_.put_in_order(); ++tries) {
        if (tries == 30) {
            stage_.violated("operators have their way", "nothing can be put in order");
        }
        if (!run_for(seconds(10))) {
            return false;
        }
    }
    for (const auto& device : devices_) {
        device->boot();
    }
    return run_for(seconds(1));
}

bool World::end() {
    const SteadyTime limit = stage_.engine.now() + healing_max;
    auto reason = unkept();
    while (reason && stage_.engine.now() < limit) {
        operators_.look_after();
        if (!run_for(seconds(15))) {
            return false;
        }
        reason = unkept();
    }
    if (!reason && run_for(minutes(3))) { // and stays so
        reason = unkept();
    }
    if (reason) {
        stage_.violated("in the end every promise is kept", *reason);
    }
    return !stage_.story.violation();
}

Count World::count() const {
    Count count{.moves = 0, .late_copies = late_copies_, .lines = stage_.story.length()};
    for (const auto& device : devices_) {
        count.moves += rules_.moves_of(device->name());
    }
    return count;
}

} // namespace muster::simulation
