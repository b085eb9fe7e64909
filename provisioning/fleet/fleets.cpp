#include "provisioning/fleet/fleets.h"

#include "provisioning/fleet/fleets_runner.h"
#include "provisioning/fleet/suspect_search.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace muster::provisioning {

namespace {

Result<void> only_from(const FleetOperation& operation,
                       std::initializer_list<OperationState> allowed) {
    if (std::ranges::find(allowed, operation.state) != allowed.end()) {
        return {};
    }
    return fail(Code::precondition, "the operation is " + std::string(to_string(operation.state)));
}

const OperationWish pause_wish{.verb = "pause",
                               .apply = [](FleetOperation& operation) -> Result<void> {
                                   auto allowed = only_from(operation, {OperationState::running});
                                   if (allowed) {
                                       operation.state = OperationState::paused;
                                   }
                                   return allowed;
                               }};

const OperationWish resume_wish{
    .verb = "resume", .apply = [](FleetOperation& operation) -> Result<void> {
        auto allowed = only_from(operation, {OperationState::paused, OperationState::held});
        if (allowed) {
            operation.state = OperationState::running;
            operation.progress.failed_since_resumed = 0;
        }
        return allowed;
    }};

const OperationWish stop_wish{
    .verb = "stop", .apply = [](FleetOperation& operation) -> Result<void> {
        auto allowed = only_from(
            operation, {OperationState::running, OperationState::paused, OperationState::held});
        if (allowed) {
            operation.state = OperationState::stopping;
        }
        return allowed;
    }};

OperationWish limits_wish(const OperationLimits& limits) {
    return {.verb = "limits", .apply = [limits](FleetOperation& operation) -> Result<void> {
                if (operation.ended) {
                    return fail(Code::precondition, "the operation has ended");
                }
                operation.limits = limits;
                return {};
            }};
}

Result<void> without_value(const Result<FleetOperation>& changed) {
    return changed ? Result<void>() : std::unexpected(changed.error());
}

Result<void> check_wanted(const Fleets::Wanted& wanted) {
    const bool is_drain = wanted.kind == OperationKind::drain;
    if (!is_drain && wanted.kind != OperationKind::rebalance) {
        return fail(Code::malformed, "kind must be drain or rebalance");
    }
    if (is_drain != wanted.hub.has_value()) {
        return fail(Code::malformed, is_drain ? "a drain names its hub" : "a rebalance has no hub");
    }
    return check_limits(wanted.limits);
}

} // namespace

Fleets::Fleets(const Ports& ports) : runner_(std::make_shared<Runner>(ports)) {
    runner_->listen();
}

Fleets::~Fleets() {
    runner_->stop();
}

Result<void> Fleets::resume_all() {
    return runner_->resume_all();
}

Result<FleetOperation> Fleets::begin(const Wanted& wanted, const Principal& by) {
    if (auto checked = check_wanted(wanted); !checked) {
        return std::unexpected(std::move(checked).error());
    }
    FleetOperation operation;
    operation.kind = wanted.kind;
    operation.hub = wanted.hub;
    operation.limits = wanted.limits;
    operation.begun_by = by;
    return runner_->begin(std::move(operation), [&]() -> Result<void> {
        return wanted.hub ? runner_->close_hub(*wanted.hub, by) : Result<void>();
    });
}

Result<std::vector<Fleets::View>> Fleets::list() {
    return runner_->list();
}

Result<Fleets::View> Fleets::get(const std::string& id) {
    return runner_->get(id);
}

Result<void> Fleets::pause(const std::string& id, const Principal& by) {
    return without_value(runner_->change(id, pause_wish, by));
}

Result<void> Fleets::resume(const std::string& id, const Principal& by) {
    return without_value(runner_->change(id, resume_wish, by));
}

Result<void> Fleets::stop(const std::string& id, const Principal& by) {
    return without_value(runner_->change(id, stop_wish, by));
}

Result<FleetOperation> Fleets::change_limits(const std::string& id, const OperationLimits& limits,
                                             const Principal& by) {
    if (auto checked = check_limits(limits); !checked) {
        return std::unexpected(std::move(checked).error());
    }
    return runner_->change(id, limits_wish(limits), by);
}

Result<void> Fleets::quarantine(const RegistrationId& id, const HubName& hub,
                                const std::string& reason, const Principal& by) {
    return runner_->quarantines().begin(id, hub, reason, by);
}

Result<void> Fleets::release(const RegistrationId& id, const Principal& by) {
    return runner_->quarantines().end(id, by);
}

Result<FleetOperation> Fleets::quarantine(const EnrollmentGroupId& group, const HubName& hub,
                                          const std::string& reason, const OperationLimits& limits,
                                          const Principal& by) {
    if (auto checked = check_limits(limits); !checked) {
        return std::unexpected(std::move(checked).error());
    }
    const auto& ports = runner_->ports();
    const auto found = ports.enrollments.find_group(ports.instance.scope(), group);
    if (!found || !*found) {
        return found ? fail(Code::not_found, "no such group") : std::unexpected(found.error());
    }
    FleetOperation operation;
    operation.kind = OperationKind::gather;
    operation.hub = hub;
    operation.group = (**found).id;
    operation.limits = limits;
    operation.begun_by = by;
    return runner_->begin(std::move(operation), [&]() -> Result<void> {
        const auto changed = ports.instances.quarantine_group(ports.instance.get()->name,
                                                              (**found).id, hub, reason, by);
        return changed ? Result<void>() : std::unexpected(changed.error());
    });
}

Result<FleetOperation> Fleets::release(const EnrollmentGroupId& group,
                                       const OperationLimits& limits, const Principal& by) {
    if (auto checked = check_limits(limits); !checked) {
        return std::unexpected(std::move(checked).error());
    }
    const auto& ports = runner_->ports();
    const auto instance = ports.instance.get();
    const auto* quarantine = instance->find_quarantine(group);
    if (quarantine == nullptr) {
        return fail(Code::not_found, "the group is not quarantined");
    }
    FleetOperation operation;
    operation.kind = OperationKind::release;
    operation.hub = quarantine->hub;
    operation.group = quarantine->group;
    operation.limits = limits;
    operation.begun_by = by;
    return runner_->begin(std::move(operation), [&]() -> Result<void> {
        const auto changed = ports.instances.quarantine_group(instance->name, quarantine->group,
                                                              std::nullopt, {}, by);
        return changed ? Result<void>() : std::unexpected(changed.error());
    });
}

void Fleets::block(const RegistrationId& id, const std::string& reason, const Principal& by,
                   BlockDone done) {
    runner_->blocks().begin(id, reason, by, std::move(done));
}

void Fleets::unblock(const RegistrationId& id, const Principal& by, BlockDone done) {
    runner_->blocks().end(id, by, std::move(done));
}

Result<Fleets::BlockView> Fleets::block_of(const RegistrationId& id) {
    return runner_->blocks().get(id);
}

Result<Fleets::SuspectPage> Fleets::suspects(const std::string& after, std::size_t records_max) {
    return search_suspects(runner_->ports(), after, records_max);
}

} // namespace muster::provisioning
