#include "app/served_instances.h"

#include "base/log.h"

namespace muster::app {

namespace {

/// Its address never changes.
struct Served {
    Served(std::shared_ptr<provisioning::CurrentInstance> of, const ServedInstances::Ports& ports)
        : instance(std::move(of)), hubs(*instance, ports.hubs),
          enrollments(*instance, ports.stores.enrollments(), ports.stores.registrations(),
                      ports.clock, ports.random),
          registration({.instance = *instance,
                        .enrollments = ports.stores.enrollments(),
                        .registrations = ports.stores.registrations(),
                        .hubs = hubs,
                        .whereabouts = ports.whereabouts,
                        .functions = ports.functions,
                        .workers = ports.workers,
                        .callers = ports.callers,
                        .timers = ports.timers,
                        .clock = ports.clock,
                        .random = ports.random,
                        .journal = &ports.journal}),
          explaining({.instance = *instance,
                      .enrollments = ports.stores.enrollments(),
                      .registrations = ports.stores.registrations(),
                      .allocator = registration.allocator(),
                      .clock = ports.clock,
                      .random = ports.random}),
          moves({.instance = *instance,
                 .registrations = ports.stores.registrations(),
                 .runner = registration.runner(),
                 .clock = ports.clock,
                 .random = ports.random}),
          fleets({.instance = *instance,
                  .instances = ports.instances,
                  .operations = ports.stores.fleet_operations(),
                  .enrollments = ports.stores.enrollments(),
                  .registrations = ports.stores.registrations(),
                  .hubs = hubs,
                  .applicants = registration.applicants(),
                  .allocator = registration.allocator(),
                  .runner = registration.runner(),
                  .workers = ports.workers,
                  .timers = ports.timers,
                  .clock = ports.clock,
                  .random = ports.random}),
          site{.instance = instance.get(),
               .enrollments = &enrollments,
               .registration = &registration,
               .explaining = &explaining,
               .moves = &moves,
               .fleets = &fleets} {}

    std::shared_ptr<provisioning::CurrentInstance> instance;
    InstanceHubs hubs;
    provisioning::Enrollments enrollments;
    provisioning::DeviceRegistration registration;
    provisioning::Explaining explaining;
    provisioning::Moves moves;
    provisioning::Fleets fleets;
    gateway::ProvisioningSite site;
};

} // namespace

void ServedInstances::serve(std::shared_ptr<provisioning::CurrentInstance> instance) {
    const auto served = std::make_shared<Served>(std::move(instance), ports_);
    const std::string scope = served->instance->scope().text();
    const auto resumed = served->registration.resume();
    if (!resumed) { // they are found again at the next start, or when their devices come back
        log::error("unfinished registrations cannot be read",
                   {{"scope", scope}, {"detail", resumed.error().detail}});
    } else if (*resumed > 0) {
        log::info("resuming unfinished registrations",
                  {{"scope", scope}, {"count", std::to_string(*resumed)}});
    }
    if (auto resumed_fleets = served->fleets.resume_all(); !resumed_fleets) {
        log::error("operations on fleets cannot be read",
                   {{"scope", scope}, {"detail", resumed_fleets.error().detail}});
    }
    ports_.sites.add(gateway::SitePtr(served, &served->site)); // keeps all of it alive
}

void ServedInstances::changed(const provisioning::Instance& before,
                              const provisioning::Instance& after) {
    ports_.sites.rename(before, after);
}

void ServedInstances::withdraw(const IdScope& scope) {
    ports_.sites.remove(scope);
}

} // namespace muster::app
