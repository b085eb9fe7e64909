#include "hub/background.h"

namespace muster::hub {

namespace {

JobActions job_actions(Service& service, const HubPorts& ports) {
    return {
        .find =
            [&queries = ports.stores.queries, hub = service.settings().name](
                const query::Target& target, const std::string& after, std::size_t count_max) {
                return queries.matching(hub, target.condition ? &*target.condition : nullptr,
                                        target.source, after, count_max);
            },
        .update_twin = [&service](const IdentityId& id, const TwinUpdate& update) -> Result<void> {
            auto changed = service.patch_twin(id, update, {});
            return changed ? Result<void>() : std::unexpected(std::move(changed.error()));
        },
        .invoke =
            [&service](const IdentityId& id, const MethodCall& call, Methods::Done done) {
                service.methods().invoke(id, call, std::move(done));
            },
        .is_connected =
            [&service](const IdentityId& id) { return service.live().presence(id).connected; },
        .admit =
            [&service](std::size_t wanted, std::size_t bytes_each) {
                return service.limiter().admit_some(Operation::job_device, wanted, bytes_each);
            }};
}

Result<std::vector<IdentityId>> modules_of(DeviceStore& devices, const HubName& hub,
                                           const DeviceId& device) {
    const auto modules = devices.modules(hub, device);
    if (!modules) {
        return std::unexpected(modules.error());
    }
    std::vector<IdentityId> ids;
    for (const Device& module : *modules) {
        ids.push_back(module.identity());
    }
    return ids;
}

ConfigurationActions configuration_actions(Service& service, const HubPorts& ports) {
    using Decide = ConfigurationActions::Decide;
    return {.list =
                [&queries = ports.stores.queries, hub = service.settings().name](
                    query::Source source, const std::string& after, std::size_t count_max) {
                    return queries.matching(hub, nullptr, source, after, count_max);
                },
            .view = [&service](const IdentityId& id) { return service.get_twin(id); },
            .modules_of = [&devices = ports.stores.devices, hub = service.settings().name](
                              const DeviceId& id) { return modules_of(devices, hub, id); },
            .reconfigure = [&service](const IdentityId& id, const Decide& decide) -> Result<void> {
                auto done = service.reconfigure_twin(id, decide);
                return done ? Result<void>() : std::unexpected(std::move(done.error()));
            }};
}

} // namespace

Background::Background(Service& service, const HubPorts& ports)
    : jobs({.hub = service.settings().name,
            .store = ports.stores.jobs,
            .actions = job_actions(service, ports),
            .workers = ports.workers,
            .timers = ports.timers,
            .clock = ports.clock,
            .limits = {.twin = service.settings().twin_limits,
                       .method_payload_bytes_max =
                           service.settings().method_limits.payload_bytes_max},
            .bounds = {.running_max = service.settings().limits.jobs_at_once}}),
      configurations({.hub = service.settings().name,
                      .store = ports.stores.configurations,
                      .actions = configuration_actions(service, ports),
                      .workers = ports.workers,
                      .timers = ports.timers,
                      .clock = ports.clock,
                      .limits = service.settings().twin_limits,
                      .bounds = {}}) {
    service.answer_job_queries_with(job_rows);
}

void Background::start() {
    jobs.start();
    configurations.start();
}

void Background::stop() {
    jobs.stop();
    configurations.stop();
}

} // namespace muster::hub
