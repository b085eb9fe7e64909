#include "provisioning/moving/execution.h"

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

const std::string& reason_of(const Error& error) {
    return error.cause.empty() ? error.detail : error.cause;
}

Decline function_failed(std::string message, std::string reason) {
    return {
        .status = RegistrationStatus::failed,
        .failure = {failure_code::custom_allocation, std::move(message)},
        .findings = {{.code = FindingCode::custom_allocation_failed, .detail = std::move(reason)}}};
}

const Plan* plan_of(const Decision& decision) {
    if (const auto* begin = std::get_if<Begin>(&decision)) {
        return &begin->plan;
    }
    const auto* amend = std::get_if<Amend>(&decision);
    return amend == nullptr ? nullptr : &amend->plan;
}

/// It is being drained, or is not linked any more.
bool takes_no_devices(const Instance& instance, const HubName& hub) {
    const LinkedHub* linked = instance.find_hub(hub);
    return linked == nullptr || !linked->apply_allocation_policy;
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

Advance Execution::ended(const RegistrationRecord& planned, const Decline& decline) {
    // No hub was told anything yet.
    const Ending ending{
        .status = decline.status, .failure = decline.failure, .knows = HubKnows::nothing};
    return {.next = record_ending(planned, ending, mark()),
            .findings = decline.findings,
            .not_carried = {}};
}

Result<Advance> Execution::ask(const RegistrationRecord& planned) {
    Asking asking{
        .planned = planned, .instance = ports_.instance.get(), .standing = {}, .inputs = {}};
    auto standing = ports_.applicants.standing_of(planned, asking.instance);
    if (!standing) {
        return std::unexpected(std::move(standing).error());
    }
    if (standing->terms == nullptr || !standing->decided_by || !planned.plan->question) {
        return ended(planned, function_failed("Custom allocation failed.",
                                              "there is no enrollment any more that says how"));
    }
    asking.standing = *std::move(standing);
    asking.inputs = ports_.allocator.inputs_for(*planned.plan->question);
    const auto findings = call_function(asking);
    if (!findings) {
        const Error& error = findings.error();
        return ended(planned, function_failed(error.detail, reason_of(error)));
    }
    Advance advance = planned.plan->origin == PlanOrigin::device ? decide_by(asking)
                                                                 : decide_for_operation(asking);
    advance.findings.insert(advance.findings.begin(), findings->begin(), findings->end());
    return advance;
}

Result<std::vector<Finding>> Execution::call_function(Asking& asking) {
    const EnrollmentTerms& terms = *asking.standing.terms;
    const bool custom = effective_policy(terms, *asking.instance) == AllocationPolicy::custom;
    if (!custom || !terms.custom_allocation) { // the enrollment changed: nobody is to be asked
        return std::vector<Finding>();
    }
    const auto request = request_for(asking);
    if (!request) {
        return std::unexpected(request.error());
    }
    auto answer = ports_.allocator.ask(*request);
    if (answer) {
        asking.inputs.answer = *std::move(answer);
        return std::vector<Finding>();
    }
    // A function that refuses the device is not overruled.
    if (!request->definition.fallback || answer.error().code == Code::forbidden) {
        return std::unexpected(std::move(answer).error());
    }
    asking.inputs.answer = FunctionAnswer();
    return std::vector<Finding>{
        {.code = FindingCode::custom_allocation_failed,
         .detail = reason_of(answer.error()) + "; the fallback policy decides"}};
}

Result<FunctionRequest> Execution::request_for(const Asking& asking) {
    const EnrollmentTerms& terms = *asking.standing.terms;
    auto definition = read_function_definition(*terms.custom_allocation);
    if (!definition) {
        return fail(Code::malformed, "Custom allocation failed.", definition.error().detail);
    }
    std::optional<Place> place;
    std::optional<HubName> hub;
    if (asking.planned.assignment) {
        place = asking.planned.assignment->place();
        hub = place->hub;
    }
    const AllocationFacts facts{.id = asking.planned.id,
                                .terms = terms,
                                .instance = *asking.instance,
                                .current = hub,
                                .inputs = asking.inputs};
    const FunctionRequestFacts request{.enrollment_member =
                                           std::string(member_of(*asking.standing.decided_by)),
                                       .enrollment = asking.standing.document,
                                       .registration_id = asking.planned.id,
                                       .current = place,
                                       .question = *asking.planned.plan->question,
                                       .candidates = candidates_for_function(facts)};
    return FunctionRequest{.definition = *std::move(definition), .body = function_request(request)};
}

Advance Execution::decide_by(const Asking& asking) {
    const RegistrationRecord& planned = asking.planned;
    const std::optional<RegistrationRecord> record = planned;
    const Applicant applicant{.id = planned.id,
                              .decided_by = *asking.standing.decided_by,
                              .terms = asking.standing.terms,
                              .device_id = asking.standing.device_id,
                              .credential =
                                  planned.plan->provision.credential.value_or(HubNoCredential()),
                              .attestation_note = planned.attestation_note.value_or(JsonObject())};
    const RegistrationFacts facts{.applicant = applicant,
                                  .record = record,
                                  .instance = *asking.instance,
                                  .inputs = asking.inputs,
                                  .token = new_move_token(ports_.random)};
    const Decision decision = plan_registration(facts);
    if (const auto* decline = std::get_if<Decline>(&decision)) {
        return ended(planned, *decline);
    }
    const Plan* plan = plan_of(decision);
    if (plan == nullptr || plan->kind == PlanKind::ask) {
        return ended(planned, function_failed("Custom allocation failed.",
                                              "the answer of the function led to no decision"));
    }
    return {.next = record_plan(facts, *plan, {.operation = planned.operation, .mark = mark()}),
            .findings = {},
            .not_carried = {}};
}

/// The device itself is not there: it keeps its credential, and its place if that will do.
Advance Execution::decide_for_operation(const Asking& asking) {
    const RegistrationRecord& planned = asking.planned;
    RegistrationRecord record = planned;
    record.plan.reset();
    Relocation wanted{.terms = asking.standing.terms.get(),
                      .record = record,
                      .instance = *asking.instance,
                      .inputs = asking.inputs,
                      .to = {},
                      .away_from = {},
                      .token = new_move_token(ports_.random),
                      .operation = planned.plan->operation};
    if (record.assignment && takes_no_devices(*asking.instance, record.assignment->hub)) {
        wanted.away_from = record.assignment->hub;
    }
    const Decision decision = plan_relocation(wanted);
    if (const auto* decline = std::get_if<Decline>(&decision)) {
        return ended(planned, *decline);
    }
    const Plan* plan = plan_of(decision);
    if (plan == nullptr || plan->kind == PlanKind::ask) {
        return ended(planned, function_failed("Custom allocation failed.",
                                              "the function leaves the device where it is"));
    }
    Advance advance{.next = planned, .findings = {}, .not_carried = {}};
    advance.next.plan = *plan;
    advance.next.stamp = next_stamp(planned.stamp, mark());
    return advance;
}

} // namespace muster::provisioning
