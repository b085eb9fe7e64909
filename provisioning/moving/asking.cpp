// The step that asks an allocation function (reference: dps-service 9.3, dps-device 7).

#include "provisioning/asking.h"

#include "provisioning/moving/execution.h"

#include <utility>

namespace muster::provisioning {

namespace {

constexpr std::string_view told_device = "Custom allocation failed.";

Error failure(std::string reason) {
    return {.code = Code::unavailable,
            .detail = std::string(told_device),
            .cause = std::move(reason),
            .retry_after = {}};
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

Advance Execution::ended(const RegistrationRecord& planned, const Decline& decline) {
    // No hub was told anything yet.
    const Ending ending{
        .status = decline.status, .failure = decline.failure, .knows = HubKnows::nothing};
    return {.next = record_ending(planned, ending, mark()),
            .findings = decline.findings,
            .not_carried = {}};
}

Result<Advance> Execution::ask(const RegistrationRecord& planned) {
    Asked asked{
        .planned = planned, .instance = ports_.instance.get(), .standing = {}, .inputs = {}};
    auto standing = ports_.applicants.standing_of(planned, asked.instance);
    if (!standing) {
        return std::unexpected(std::move(standing).error());
    }
    if (standing->terms == nullptr || !standing->decided_by || !planned.plan->question) {
        return ended(planned,
                     function_failed(failure("there is no enrollment any more to ask by")));
    }
    asked.standing = *std::move(standing);
    asked.inputs = ports_.allocator.inputs_for(*planned.plan->question);
    if (const auto called = call_function(asked); !called) {
        return ended(planned, function_failed(called.error()));
    }
    return planned.plan->origin == PlanOrigin::device ? decide_by(asked)
                                                      : decide_for_operation(asked);
}

Result<void> Execution::call_function(Asked& asked) {
    const RegistrationRecord& planned = asked.planned;
    if (effective_policy(*asked.standing.terms, *asked.instance) != AllocationPolicy::custom) {
        return {}; // the enrollment changed: nobody is to be asked
    }
    const std::optional<Place> current =
        planned.assignment ? std::optional(planned.assignment->place()) : std::nullopt;
    const auto request = function_request_for({.id = planned.id,
                                               .standing = asked.standing,
                                               .current = current,
                                               .question = *planned.plan->question,
                                               .instance = *asked.instance,
                                               .inputs = asked.inputs});
    if (!request) {
        return std::unexpected(failure(request.error().detail));
    }
    auto answer = ports_.allocator.ask(*request);
    if (!answer) {
        return std::unexpected(std::move(answer).error());
    }
    asked.inputs.answer = *std::move(answer);
    return {};
}

Advance Execution::decide_by(const Asked& asked) {
    const RegistrationRecord& planned = asked.planned;
    const std::optional<RegistrationRecord> record = planned;
    const Applicant applicant{.id = planned.id,
                              .decided_by = *asked.standing.decided_by,
                              .terms = asked.standing.terms,
                              .device_id = asked.standing.device_id,
                              .credential =
                                  planned.plan->provision.credential.value_or(HubNoCredential()),
                              .attestation_note = planned.attestation_note.value_or(JsonObject())};
    const RegistrationFacts facts{.applicant = applicant,
                                  .record = record,
                                  .instance = *asked.instance,
                                  .inputs = asked.inputs,
                                  .token = new_move_token(ports_.random)};
    const Decision decision = plan_registration(facts);
    if (const auto* decline = std::get_if<Decline>(&decision)) {
        return ended(planned, *decline);
    }
    const Plan* plan = plan_of(decision);
    if (plan == nullptr || plan->kind == PlanKind::ask) {
        return ended(planned,
                     function_failed(failure("the answer of the function led to no decision")));
    }
    return {.next = record_plan(facts, *plan, {.operation = planned.operation, .mark = mark()}),
            .findings = {},
            .not_carried = {}};
}

/// The device itself is not there: it keeps its credential, and its place if that will do.
Advance Execution::decide_for_operation(const Asked& asked) {
    const RegistrationRecord& planned = asked.planned;
    RegistrationRecord record = planned;
    record.plan.reset();
    Relocation wanted{.terms = asked.standing.terms.get(),
                      .record = record,
                      .instance = *asked.instance,
                      .inputs = asked.inputs,
                      .to = {},
                      .away_from = {},
                      .token = new_move_token(ports_.random),
                      .operation = planned.plan->operation};
    if (record.assignment && takes_no_devices(*asked.instance, record.assignment->hub)) {
        wanted.away_from = record.assignment->hub;
    }
    const Decision decision = plan_relocation(wanted);
    if (const auto* decline = std::get_if<Decline>(&decision)) {
        return ended(planned, *decline);
    }
    const Plan* plan = plan_of(decision);
    if (plan == nullptr || plan->kind == PlanKind::ask) {
        return ended(planned,
                     function_failed(failure("the function leaves the device where it is")));
    }
    Advance advance{.next = planned, .findings = {}, .not_carried = {}};
    advance.next.plan = *plan;
    advance.next.stamp = next_stamp(planned.stamp, mark());
    return advance;
}

} // namespace muster::provisioning
