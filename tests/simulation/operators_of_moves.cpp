#include "provisioning/fleet/fleets.h"
#include "provisioning/moving/moves.h"
#include "tests/simulation/operators.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::simulation {

using provisioning::AllocationPolicy;
using provisioning::EnrollmentTerms;
using provisioning::Fleets;
using provisioning::Instance;
using provisioning::InstanceSettings;
using provisioning::LinkedHub;
using provisioning::OperationKind;
using provisioning::OperationState;
using provisioning::ProvisioningStatus;

namespace {

/// One of those that have not ended.
std::optional<std::string> some_operation(Services& services, Dice& dice) {
    const auto views = services.fleets.list();
    std::vector<std::string> open;
    for (const auto& view : views.value_or(std::vector<Fleets::View>())) {
        const OperationState state = view.operation.state;
        if (state != OperationState::done && state != OperationState::stopped) {
            open.push_back(view.operation.id);
        }
    }
    return open.empty() ? std::nullopt : std::optional(dice.pick(open));
}

} // namespace

void Operators::act() {
    static constexpr Action actions[] = {
        &Operators::change_terms,
        &Operators::change_terms,
        &Operators::change_terms,
        &Operators::change_terms,
        &Operators::change_status,
        &Operators::change_status,
        &Operators::delete_enrollment,
        &Operators::create_enrollment,
        &Operators::create_enrollment,
        &Operators::rename_device,
        &Operators::roll_key,
        &Operators::roll_group_key,
        &Operators::delete_record,
        &Operators::change_weights,
        &Operators::change_default,
        &Operators::unlink_hub,
        &Operators::link_hub,
        &Operators::link_hub,
        &Operators::switch_hub,
        &Operators::lose_hub,
        &Operators::drain,
        &Operators::rebalance,
        &Operators::steer_operation,
        &Operators::steer_operation,
        &Operators::quarantine,
        &Operators::release,
        &Operators::quarantine_group,
        &Operators::cancel,
        &Operators::retry,
    };
    (this->*actions[world_.stage.dice.below(std::size(actions))])();
}

void Operators::drain() {
    const HubName hub = some_hub();
    first_server().call([this, hub](Services& services) {
        tell("drains " + hub.text(),
             outcome_of(services.fleets.begin(
                 {.kind = OperationKind::drain, .hub = hub, .limits = {}}, operator_principal)));
    });
}

void Operators::rebalance() {
    first_server().call([this](Services& services) {
        tell("rebalances",
             outcome_of(services.fleets.begin(
                 {.kind = OperationKind::rebalance, .hub = {}, .limits = {}}, operator_principal)));
    });
}

void Operators::steer_operation() {
    first_server().call([this](Services& services) {
        const auto id = some_operation(services, world_.stage.dice);
        if (!id) {
            return;
        }
        switch (world_.stage.dice.below(3)) {
        case 0: tell("pauses " + *id, services.fleets.pause(*id, operator_principal)); break;
        case 1: tell("resumes " + *id, services.fleets.resume(*id, operator_principal)); break;
        default: tell("stops " + *id, services.fleets.stop(*id, operator_principal)); break;
        }
    });
}

void Operators::quarantine() {
    const RegistrationId id(some_device().name());
    const HubName hub = some_hub();
    first_server().call([this, id, hub](Services& services) {
        tell(fmt::format("puts {} into quarantine at {}", id.text(), hub.text()),
             services.fleets.quarantine(id, hub, "odd", operator_principal));
    });
}

void Operators::release() {
    const RegistrationId id(some_device().name());
    first_server().call([this, id](Services& services) {
        tell("releases " + id.text(), services.fleets.release(id, operator_principal));
    });
}

void Operators::quarantine_group() {
    const HubName hub = some_hub();
    const bool ends = world_.stage.dice.one_in(2);
    first_server().call([this, hub, ends](Services& services) {
        const EnrollmentGroupId group(fleet_group);
        const auto begun =
            ends ? services.fleets.release(group, {}, operator_principal)
                 : services.fleets.quarantine(group, hub, "odd", {}, operator_principal);
        tell(ends ? "releases the fleet" : "puts the fleet into quarantine at " + hub.text(),
             outcome_of(begun));
    });
}

void Operators::cancel() {
    const RegistrationId id(some_device().name());
    some_server().call([this, id](Services& services) {
        tell("cancels the move of " + id.text(), services.moves.cancel(id, operator_principal));
    });
}

void Operators::retry() {
    const RegistrationId id(some_device().name());
    some_server().call([this, id](Services& services) {
        tell("retries the move of " + id.text(), services.moves.retry(id));
    });
}

// ---- the end ----

bool Operators::put_in_order() {
    if (!in_order_) {
        first_server().call([this](Services& services) { put_in_order(services); });
    }
    return in_order_;
}

void Operators::look_after() {
    first_server().call([this](Services& services) { end_lost_quarantines(services); });
}

void Operators::tidy_terms(EnrollmentTerms& terms, const Instance& instance) {
    std::erase_if(terms.hubs,
                  [&](const HubName& hub) { return instance.find_hub(hub) == nullptr; });
    if (terms.hubs.empty() && terms.allocation_policy == AllocationPolicy::fixed) {
        terms.hubs = {instance.hubs.front().name};
    }
    if (world_.stage.dice.percent(80)) {
        terms.status = ProvisioningStatus::enabled;
    }
}

bool Operators::put_hubs_in_order(Services& services) {
    InstanceSettings wanted{.name = instance_name, .tenant = "default"};
    wanted.hubs.emplace();
    for (const auto& [name, hub] : world_.hubs) {
        if (!hub->is_lost()) {
            wanted.hubs->push_back(link_to(name));
        }
    }
    const auto put = outcome_of(services.instances.put(wanted, {}, operator_principal));
    tell("links every hub that is left", put);
    bool done = put.has_value();
    for (const auto& [name, hub] : world_.hubs) {
        if (done && hub->is_lost() && services.instance.get()->find_former_hub(name) != nullptr) {
            const auto declared = outcome_of(
                services.instances.declare_lost(instance_name, name, true, operator_principal));
            tell("declares " + name.text() + " lost", declared);
            done = declared.has_value();
        }
    }
    return done;
}

/// Nobody is held at a hub that burnt down.
bool Operators::end_lost_quarantines(Services& services) {
    const auto is_lost = [&](const HubName& hub) { return world_.hubs.at(hub)->is_lost(); };
    bool done = true;
    for (const auto& device : devices_) {
        const RegistrationId id(device->name());
        const auto record = services.registrations.find(world_.scope, id);
        const bool is_there = record && *record && !(*record)->erased;
        if (is_there && (*record)->held_at && is_lost(*(*record)->held_at)) {
            const auto released = services.fleets.release(id, operator_principal);
            tell("releases " + id.text(), released);
            done = released && done;
        }
    }
    const EnrollmentGroupId group(fleet_group);
    const auto* held = services.instance.get()->find_quarantine(group);
    if (held != nullptr && is_lost(held->hub)) {
        const auto released = services.fleets.release(group, {}, operator_principal);
        tell("releases the fleet", outcome_of(released));
        done = released && done;
    }
    return done;
}

void Operators::put_in_order(Services& services) {
    constexpr auto any = provisioning::IfMatch::Kind::any;
    bool done = put_hubs_in_order(services) && end_lost_quarantines(services);
    const auto instance = services.instance.get();
    for (const auto& device : devices_) {
        auto own = services.enrollments.get(RegistrationId(device->name()));
        if (own && done) {
            tidy_terms(own->enrollment.terms, *instance);
            const auto put = outcome_of(services.enrollments.put(
                own->enrollment, {.kind = any, .etag = {}}, operator_principal));
            tell("tidies the terms of " + device->name(), put);
            done = put.has_value();
        }
    }
    auto group = services.enrollments.get(EnrollmentGroupId(fleet_group));
    if (group && done) {
        tidy_terms(group->terms, *instance);
        const auto put = outcome_of(
            services.enrollments.put(*group, {.kind = any, .etag = {}}, operator_principal));
        tell("tidies the fleet's terms", put);
        done = put.has_value();
    }
    const auto operations = services.fleets.list();
    for (const auto& view : operations.value_or(std::vector<Fleets::View>())) {
        const OperationState state = view.operation.state;
        if (state == OperationState::paused || state == OperationState::held) {
            tell("resumes " + view.operation.id,
                 services.fleets.resume(view.operation.id, operator_principal));
        }
    }
    in_order_ = done;
    world_.stage.tell("operator", done ? "has put everything in order" : "will try again");
}

} // namespace muster::simulation
