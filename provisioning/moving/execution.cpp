#include "provisioning/moving/execution.h"

#include "provisioning/allocating/function.h"

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

bool is_unknown_hub(const Error& error) {
    return error.code == Code::not_found && error.detail == hub_unknown;
}

std::string_view member_of(const DecidedBy& decider) {
    return std::holds_alternative<DecidedByGroup>(decider) ? "enrollmentGroup"
                                                           : "individualEnrollment";
}

Finding function_finding(const Error& error, std::string_view what_follows) {
    const std::string& reason = error.cause.empty() ? error.detail : error.cause;
    return {.code = FindingCode::custom_allocation_failed,
            .detail = reason + std::string(what_follows)};
}

bool still_asks(const Decision& decision) {
    const auto* begin = std::get_if<Begin>(&decision);
    const auto* amend = std::get_if<Amend>(&decision);
    return std::holds_alternative<Continue>(decision) ||
           (begin != nullptr && begin->plan.kind == PlanKind::ask) ||
           (amend != nullptr && amend->plan.kind == PlanKind::ask);
}

} // namespace

const Chore* chore_before_plan(const RegistrationRecord& record) {
    const bool ensures = record.plan && (record.plan->kind == PlanKind::keep ||
                                         record.plan->kind == PlanKind::assign);
    if (!ensures) {
        return nullptr;
    }
    const auto found = std::ranges::find_if(record.chores, [&](const Chore& chore) {
        return chore.kind == ChoreKind::erase && chore.place == record.plan->place();
    });
    return found == record.chores.end() ? nullptr : &*found;
}

bool Execution::calls_out(const RegistrationRecord& record) const {
    Touched touched;
    if (record.plan) {
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

/// The steps at the hubs, each ending in the record that it leads to.
struct Execution::Taking {
    Execution& execution;
    const RegistrationRecord& planned;
    HubSteps steps;

    Result<Advance> operator()(const AskStep& /*step*/) { return execution.ask(planned); }

    Result<Advance> operator()(const EnsureStep& step) {
        return advance(steps.ensure(step.hub, step.provision));
    }

    Result<Advance> operator()(const FenceStep& step) {
        return advance(steps.fence(step.place, step.token));
    }

    Result<Advance> operator()(const PlaceStep& step) {
        auto placed = steps.place(step.transfer);
        auto advanced = advance(placed);
        if (advanced) {
            advanced->not_carried = *std::move(placed);
        }
        return advanced;
    }

    Result<Advance> operator()(const DecideStep& /*step*/) { return advance(Result<void>()); }

    Result<Advance> operator()(const SettleStep& step) {
        const auto settled = steps.settle(step.settlement);
        const bool lost =
            !settled && settled.error().code == Code::not_found && !is_unknown_hub(settled.error());
        if (lost) {
            return Advance{after_loss(planned, execution.mark()), {}, {}};
        }
        return advance(settled);
    }

    Result<Advance> operator()(const RenewStep& step) {
        const auto erased = steps.erase(step.place, step.token);
        return advance(erased ? steps.ensure(step.place.hub, step.provision) : erased);
    }

    template <class T>
    Result<Advance> advance(const Result<T>& outcome) {
        if (!outcome) {
            return std::unexpected(outcome.error());
        }
        return Advance{after_step(planned, execution.mark()), {}, {}};
    }
};

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
    return std::visit(Taking{.execution = *this, .planned = planned, .steps = steps_for(planned)},
                      next_step(planned));
}

Result<void> Execution::do_chore(const RegistrationRecord& record, const Chore& chore) {
    const auto instance = ports_.instance.get();
    const FormerHub* former = instance->find_former_hub(chore.place.hub);
    if (former != nullptr && former->lost) {
        return {};
    }
    HubSteps steps = steps_for(record);
    return chore.kind == ChoreKind::release ? steps.release(chore.place, chore.token)
                                            : steps.erase(chore.place, chore.token);
}

// ---- the allocation function ----

Advance Execution::refused(const RegistrationRecord& planned, Failure failure, std::string detail) {
    const Ending ending{.status = RegistrationStatus::failed,
                        .failure = std::move(failure),
                        .knows = HubKnows::nothing};
    return {
        .next = record_ending(planned, ending, mark()),
        .findings = {{.code = FindingCode::custom_allocation_failed, .detail = std::move(detail)}},
        .not_carried = {}};
}

Result<Advance> Execution::ask(const RegistrationRecord& planned) {
    const auto instance = ports_.instance.get();
    const auto standing = ports_.applicants.standing_of(planned, instance);
    if (!standing) {
        return std::unexpected(standing.error());
    }
    if (standing->terms == nullptr || !standing->decided_by || !planned.plan->question) {
        return refused(planned, {failure_code::enrollment_gone, "The enrollment was deleted."},
                       "the enrollment was deleted before its function was asked");
    }
    const EnrollmentTerms& terms = *standing->terms;
    const Question& question = *planned.plan->question;
    AllocationInputs inputs = ports_.allocator.inputs_for(question);
    if (effective_policy(terms, *instance) != AllocationPolicy::custom ||
        !terms.custom_allocation) {
        return decide_by(planned, *standing, inputs);
    }
    const auto definition = read_function_definition(*terms.custom_allocation);
    if (!definition) {
        return refused(planned, {failure_code::custom_allocation, "Custom allocation failed."},
                       definition.error().detail);
    }
    std::optional<HubName> current;
    std::optional<Place> place;
    if (planned.assignment) {
        place = planned.assignment->place();
        current = place->hub;
    }
    const FunctionRequest request{
        .definition = *definition,
        .body =
            function_request({.enrollment_member = std::string(member_of(*standing->decided_by)),
                              .enrollment = standing->document,
                              .registration_id = planned.id,
                              .current = place,
                              .question = question,
                              .candidates = candidates_for_function(
                                  {planned.id, terms, *instance, current, inputs})})};
    auto answer = ports_.allocator.ask(request);
    if (answer) {
        inputs.answer = *std::move(answer);
        return decide_by(planned, *standing, inputs);
    }
    const bool may_fall_back = definition->fallback && answer.error().code != Code::forbidden;
    if (!may_fall_back) {
        return refused(planned, {failure_code::custom_allocation, answer.error().detail},
                       function_finding(answer.error(), {}).detail);
    }
    inputs.answer = FunctionAnswer();
    auto decided = decide_by(planned, *standing, inputs);
    if (decided) {
        decided->findings.push_back(
            function_finding(answer.error(), "; the fallback policy decides"));
    }
    return decided;
}

Result<Advance> Execution::decide_by(const RegistrationRecord& planned,
                                     const Applicants::Standing& standing,
                                     const AllocationInputs& inputs) {
    const auto instance = ports_.instance.get();
    const std::optional<RegistrationRecord> record = planned;
    const Applicant applicant{.id = planned.id,
                              .decided_by = *standing.decided_by,
                              .terms = standing.terms,
                              .device_id = standing.device_id,
                              .credential =
                                  planned.plan->provision.credential.value_or(HubNoCredential()),
                              .attestation_note = planned.attestation_note.value_or(JsonObject())};
    const RegistrationFacts facts{.applicant = applicant,
                                  .record = record,
                                  .instance = *instance,
                                  .inputs = inputs,
                                  .token = new_move_token(ports_.random)};
    const Decision decision = plan_registration(facts);
    if (const auto* decline = std::get_if<Decline>(&decision)) {
        const Ending ending{
            .status = decline->status, .failure = decline->failure, .knows = HubKnows::nothing};
        return Advance{record_ending(planned, ending, mark()), decline->findings, {}};
    }
    if (still_asks(decision)) {
        return refused(planned, {failure_code::custom_allocation, "Custom allocation failed."},
                       "the answer of the function led to no decision");
    }
    const auto* begin = std::get_if<Begin>(&decision);
    const Plan& plan = begin != nullptr ? begin->plan : std::get<Amend>(decision).plan;
    return Advance{
        record_plan(facts, plan, {.operation = planned.operation, .mark = mark()}), {}, {}};
}

} // namespace muster::provisioning
