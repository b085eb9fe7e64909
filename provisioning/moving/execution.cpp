#include "provisioning/moving/execution.h"

#include "provisioning/planning/places.h"

#include <algorithm>
#include <utility>

namespace muster::provisioning {

namespace {

/// The hubs that a step touches; it may ask the function instead.
struct Touched {
    std::vector<HubName> hubs;
    bool function = false;

    void operator()(const AskStep& /*step*/) { function = true; }

    void operator()(const EnsureStep& step) { hubs = {step.hub}; }

    void operator()(const FenceStep& step) { hubs = {step.place.hub}; }

    void operator()(const PlaceStep& step) {
        hubs = {step.transfer.from.hub, step.transfer.to.hub};
    }

    void operator()(const DecideStep& /*step*/) {}

    void operator()(const SettleStep& step) { hubs = {step.settlement.place.hub}; }

    void operator()(const RenewStep& step) { hubs = {step.place.hub}; }
};

} // namespace

bool Execution::calls_out(const RegistrationRecord& record) const {
    Touched touched;
    if (const Chore* first = chore_before_plan(record)) {
        touched.hubs = {first->place.hub};
    } else if (record.plan) {
        std::visit(touched, next_step(record));
    } else {
        for (const Chore& chore : record.chores) {
            touched.hubs.push_back(chore.place.hub);
        }
    }
    return touched.function || std::ranges::any_of(touched.hubs, [&](const HubName& hub) {
               return ports_.hubs.may_act_late(hub);
           });
}

HubSteps Execution::steps_for(const RegistrationRecord& record) {
    return HubSteps(ports_.hubs, [this, &record]() -> Result<void> {
        const auto now = ports_.registrations.find(ports_.instance.scope(), record.id);
        if (!now) {
            return std::unexpected(now.error());
        }
        if (!*now || (*now)->stamp.version != record.stamp.version) {
            return fail(Code::conflict, "the plan was changed meanwhile");
        }
        return {};
    });
}

Result<Advance> Execution::take_step(const RegistrationRecord& planned) {
    if (planned.plan->kind == PlanKind::ask) {
        return ask(planned);
    }
    HubSteps steps = steps_for(planned);
    return take_hub_step(steps, planned, mark());
}

Result<void> Execution::do_chore(const RegistrationRecord& record, const Chore& chore) {
    const auto instance = ports_.instance.get();
    if (is_lost(chore.place.hub, *instance)) {
        return chore.kind == ChoreKind::block
                   ? fail(Code::unavailable, "the hub is lost; the block waits for its return")
                   : Result<void>();
    }
    return steps_for(record).carry_out(chore);
}

} // namespace muster::provisioning
