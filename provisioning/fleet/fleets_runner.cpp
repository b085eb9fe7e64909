#include "provisioning/fleet/fleets_runner.h"

#include "base/encoding.h"
#include "base/log.h"
#include "provisioning/retries.h"

#include <algorithm>
#include <utility>

namespace muster::provisioning {

namespace {

using namespace std::chrono_literals;

/// An operation that ought to be worked on and was not saved between two looks is taken over: its
/// process saves it fifteen times as often.
constexpr std::chrono::milliseconds look_interval{30'000};

bool is_active(const FleetOperation& operation) {
    return !operation.ended;
}

bool needs_work(const FleetOperation& operation) {
    return operation.state == OperationState::running ||
           operation.state == OperationState::stopping;
}

bool are_in_each_others_way(const FleetOperation& left, const FleetOperation& right) {
    const bool same_hub = left.hub && right.hub && *left.hub == *right.hub;
    const bool same_group = left.group && right.group && *left.group == *right.group;
    const bool both_all =
        left.kind == OperationKind::rebalance && right.kind == OperationKind::rebalance;
    return same_hub || same_group || both_all;
}

} // namespace

void Fleets::Runner::listen() {
    ports_.runner.when_ended([weak = weak_from_this()](const RegistrationRecord& planned,
                                                       const RegistrationRecord& ended) {
        if (const auto self = weak.lock()) {
            self->plan_ended(planned, ended);
        }
    });
    blocks_->listen();
}

void Fleets::Runner::stop() {
    gate_.close();
    quarantines_->stop();
    blocks_->stop();
    for (const RunPtr& run : runs()) {
        run->stop();
    }
}

void Fleets::Runner::plan_ended(const RegistrationRecord& planned,
                                const RegistrationRecord& ended) {
    const Gate::Pass pass(gate_);
    if (!pass) {
        return;
    }
    for (const RunPtr& run : runs()) {
        run->plan_ended(planned, ended);
    }
    quarantines_->plan_ended(planned.id);
}

// ---- who works on what ----

Result<void> Fleets::Runner::resume_all() {
    const auto operations = ports_.operations.all(scope());
    if (!operations) {
        return std::unexpected(operations.error());
    }
    for (const FleetOperation& operation : *operations) {
        if (!is_active(operation)) {
            continue;
        }
        if (auto taken = take_over(operation); !taken && taken.error().code != Code::conflict) {
            return taken;
        }
    }
    look_later();
    return {};
}

/// With the new version, whoever worked on it lets go. Error: conflict, if somebody was faster.
Result<void> Fleets::Runner::take_over(FleetOperation operation) {
    const auto expected = operation.version++;
    auto saved = ports_.operations.save(scope(), operation, expected, nullptr);
    if (saved) {
        work_on(operation);
    }
    return saved;
}

void Fleets::Runner::work_on(const FleetOperation& operation) {
    const auto run = std::make_shared<OperationRun>(ports_, operation);
    {
        const std::scoped_lock lock(mutex_);
        runs_[operation.id] = run;
        seen_.erase(operation.id);
    }
    run->start();
}

/// Null if this process does not work on it.
Fleets::Runner::RunPtr Fleets::Runner::run_of(const std::string& id) {
    const std::scoped_lock lock(mutex_);
    const auto found = runs_.find(id);
    return found == runs_.end() || found->second->is_over() ? nullptr : found->second;
}

std::vector<Fleets::Runner::RunPtr> Fleets::Runner::runs() {
    const std::scoped_lock lock(mutex_);
    std::vector<RunPtr> runs;
    for (const auto& [id, run] : runs_) {
        runs.push_back(run);
    }
    return runs;
}

void Fleets::Runner::look_later() {
    ports_.timers.after(look_interval, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self) {
            return;
        }
        (void)self->ports_.workers.submit([weak] {
            if (const auto runner = weak.lock()) {
                runner->look_around();
            }
        });
        self->look_later();
    });
}

void Fleets::Runner::look_around() {
    const Gate::Pass pass(gate_);
    if (!pass) {
        return;
    }
    {
        const std::scoped_lock lock(mutex_);
        std::erase_if(runs_, [](const auto& entry) { return entry.second->is_over(); });
    }
    const auto operations = ports_.operations.all(scope());
    if (!operations) {
        return;
    }
    for (const FleetOperation& operation : *operations) {
        if (const auto looked = look_at(operation); !looked) {
            log::debug("operation is worked on elsewhere", {{"operation", operation.id}});
        }
    }
}

Result<void> Fleets::Runner::look_at(const FleetOperation& operation) {
    if (!needs_work(operation) || run_of(operation.id)) {
        return {};
    }
    bool is_left_alone = false;
    {
        const std::scoped_lock lock(mutex_);
        const auto [seen, is_new] = seen_.try_emplace(operation.id, operation.version);
        is_left_alone = !is_new && seen->second == operation.version;
        seen->second = operation.version;
    }
    return is_left_alone ? take_over(operation) : Result<void>();
}

// ---- operations ----

Result<void> Fleets::Runner::check_free(const FleetOperation& wanted) {
    const auto operations = ports_.operations.all(scope());
    if (!operations) {
        return std::unexpected(operations.error());
    }
    const auto other = std::ranges::find_if(*operations, [&](const FleetOperation& one) {
        return is_active(one) && are_in_each_others_way(one, wanted);
    });
    if (other == operations->end()) {
        return {};
    }
    return fail(Code::already_exists, other->id + " is under way: stop it first");
}

Result<FleetOperation> Fleets::Runner::begin(FleetOperation operation,
                                             const std::function<Result<void>()>& prepare) {
    const std::scoped_lock lock(beginning_);
    if (auto is_free = check_free(operation); !is_free) {
        return std::unexpected(std::move(is_free).error());
    }
    if (auto prepared = prepare(); !prepared) {
        return std::unexpected(std::move(prepared).error());
    }
    const auto total =
        count_fleet_devices(ports_.enrollments, ports_.registrations, scope(), operation);
    if (!total) {
        return std::unexpected(total.error());
    }
    operation.id = "op-" + hex_encode_lower(ports_.random.bytes(4));
    operation.begun = ports_.clock.wall();
    operation.progress.total = *total;
    operation.version = 1;
    const Change change =
        operation_change("begin", operation.begun_by, nullptr, operation, operation.begun);
    if (auto saved = ports_.operations.save(scope(), operation, 0, &change); !saved) {
        return std::unexpected(std::move(saved).error());
    }
    work_on(operation);
    return operation;
}

Result<std::vector<Fleets::View>> Fleets::Runner::list() {
    auto operations = ports_.operations.all(scope());
    if (!operations) {
        return std::unexpected(std::move(operations).error());
    }
    std::vector<View> views;
    for (FleetOperation& operation : *operations) {
        const auto run = run_of(operation.id);
        views.push_back(run ? run->view()
                            : View{.operation = std::move(operation), .estimated_end = {}});
    }
    return views;
}

Result<FleetOperation> Fleets::Runner::find(const std::string& id) {
    auto operations = ports_.operations.all(scope());
    if (!operations) {
        return std::unexpected(std::move(operations).error());
    }
    const auto found = std::ranges::find(*operations, id, &FleetOperation::id);
    if (found == operations->end()) {
        return fail(Code::not_found, "no such operation");
    }
    return *std::move(found);
}

Result<Fleets::View> Fleets::Runner::get(const std::string& id) {
    if (const auto run = run_of(id)) {
        return run->view();
    }
    auto operation = find(id);
    if (!operation) {
        return std::unexpected(std::move(operation).error());
    }
    return View{.operation = *std::move(operation), .estimated_end = {}};
}

Result<FleetOperation> Fleets::Runner::change(const std::string& id, const OperationWish& wish,
                                              const Principal& by) {
    return retry_on_conflict<FleetOperation>([&]() -> Result<FleetOperation> {
        const auto run = run_of(id);
        return run ? run->change(wish, by) : change_stored(id, wish, by);
    });
}

Result<FleetOperation> Fleets::Runner::change_stored(const std::string& id,
                                                     const OperationWish& wish,
                                                     const Principal& by) {
    const auto before = find(id);
    if (!before) {
        return before;
    }
    FleetOperation after = *before;
    if (auto applied = wish.apply(after); !applied) {
        return std::unexpected(std::move(applied).error());
    }
    ++after.version;
    const Change change = operation_change(wish.verb, by, &*before, after, ports_.clock.wall());
    if (auto saved = ports_.operations.save(scope(), after, before->version, &change); !saved) {
        return std::unexpected(std::move(saved).error());
    }
    if (needs_work(after)) {
        work_on(after);
    }
    return after;
}

/// Before a drain: no new devices.
Result<void> Fleets::Runner::close_hub(const HubName& hub, const Principal& by) {
    const auto instance = ports_.instance.get();
    const auto* former = instance->find_former_hub(hub);
    const auto* linked = instance->find_hub(hub);
    if (linked == nullptr && former == nullptr) {
        return fail(Code::malformed, "hub " + hub.text() + " is not linked");
    }
    if (linked == nullptr && former->lost) {
        return fail(Code::precondition,
                    "hub " + hub.text() +
                        " was declared lost: its devices are assigned anew as they register");
    }
    const bool has_other =
        std::ranges::any_of(instance->hubs, [&](const LinkedHub& one) { return one.name != hub; });
    if (!has_other) {
        return fail(Code::precondition, "no other hub is linked");
    }
    if (linked == nullptr) {
        return {};
    }
    const auto closed = ports_.instances.set_apply_policy(instance->name, hub, false, by);
    return closed ? Result<void>() : std::unexpected(closed.error());
}

} // namespace muster::provisioning
