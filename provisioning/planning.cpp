#include "provisioning/planning.h"

#include "base/check.h"
#include "provisioning/allocation.h"
#include "provisioning/refusals.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

constexpr std::size_t earlier_operations_max = 4;
constexpr std::size_t findings_max = 16;

/// A hub that has, or may have, the device already.
struct Place {
    PlanKind kind = PlanKind::assign;
    HubName hub;
    DeviceId device_id;
};

/// The first of the places the record knows whose hub is still linked.
std::optional<Place> known_place(const RegistrationFacts& facts) {
    const RegistrationRecord& record = *facts.record;
    std::vector<Place> places;
    if (record.plan) {
        places.push_back({record.plan->kind, record.plan->hub, record.plan->provision.device_id});
    }
    if (record.assignment) {
        places.push_back({PlanKind::keep, record.assignment->hub, record.assignment->device_id});
    }
    if (record.unconfirmed) {
        places.push_back(
            {PlanKind::assign, record.unconfirmed->hub, record.unconfirmed->device_id});
    }
    const auto linked = std::ranges::find_if(
        places, [&](const Place& place) { return facts.instance.find_hub(place.hub) != nullptr; });
    return linked == places.end() ? std::nullopt : std::optional(*linked);
}

/// The device's name at the hub. Hubs mind the case and registration ids do not, so the first
/// spelling stays (iothub C.2).
DeviceId name_at_hub(const RegistrationFacts& facts) {
    if (facts.applicant.device_id) {
        return *facts.applicant.device_id;
    }
    return DeviceId(facts.record ? facts.record->id.text() : facts.applicant.id.text());
}

Decline no_hub(const Candidates& candidates) {
    Decline decline{
        .status = RegistrationStatus::failed,
        .failure = {failure_code::no_hub, "No IoT hub is available for this enrollment."},
        .findings = {}};
    for (const std::string& excluded : candidates.excluded) {
        if (decline.findings.size() < findings_max) {
            decline.findings.push_back({.code = FindingCode::no_hub, .detail = excluded});
        }
    }
    if (decline.findings.empty()) {
        decline.findings.push_back({.code = FindingCode::no_hub, .detail = "no hub is linked"});
    }
    return decline;
}

std::expected<Place, Decline> choose_place(const RegistrationFacts& facts) {
    if (facts.record) {
        if (const std::optional<Place> known = known_place(facts)) {
            return *known;
        }
    }
    const EnrollmentTerms& terms = *facts.applicant.terms;
    const Candidates candidates = candidates_for(terms, facts.instance);
    const std::optional<HubName> hub =
        choose_hub(effective_policy(terms, facts.instance), candidates.hubs, facts.applicant.id);
    if (hub) {
        return Place{PlanKind::assign, *hub, name_at_hub(facts)};
    }
    return std::unexpected(no_hub(candidates));
}

Plan plan_for(const RegistrationFacts& facts, const Place& place) {
    const EnrollmentTerms& terms = *facts.applicant.terms;
    return {
        .kind = place.kind,
        .hub = place.hub,
        .provision = {.device_id = place.device_id,
                      .credential = facts.applicant.credential,
                      .iot_edge = terms.iot_edge.value_or(false),
                      .initial_twin = initial_twin_of(terms)},
    };
}

/// A plan may have reached its hub before it was dropped.
void drop_plan(RegistrationRecord& record, HubKnows knows) {
    const bool elsewhere =
        record.plan && !(record.assignment && record.assignment->hub == record.plan->hub);
    if (elsewhere && knows == HubKnows::perhaps) {
        record.unconfirmed = UnconfirmedPlace{.hub = record.plan->hub,
                                              .device_id = record.plan->provision.device_id};
    }
    record.plan.reset();
}

void enter_operation(RegistrationRecord& record, const OperationId& operation) {
    if (record.operation == operation) {
        return;
    }
    if (!record.operation.empty()) {
        record.earlier_operations.insert(record.earlier_operations.begin(), record.operation);
    }
    if (record.earlier_operations.size() > earlier_operations_max) {
        record.earlier_operations.resize(earlier_operations_max);
    }
    record.operation = operation;
}

bool ends_without_hub(RegistrationStatus status) {
    return status == RegistrationStatus::failed || status == RegistrationStatus::disabled;
}

/// The record as it was, or a new one, entered under this attempt.
RegistrationRecord entered(const RegistrationFacts& facts, const Attempt& attempt) {
    RegistrationRecord record = facts.record.value_or(RegistrationRecord());
    if (facts.record) {
        record.stamp = next_stamp(record.stamp, attempt.mark);
    } else {
        record.id = facts.applicant.id;
        record.stamp = first_stamp(attempt.mark);
    }
    enter_operation(record, attempt.operation);
    record.decided_by = facts.applicant.decided_by;
    record.attestation_note = facts.applicant.attestation_note;
    return record;
}

} // namespace

std::optional<Decline> objection_of(const EnrollmentTerms& terms) {
    if (terms.status == ProvisioningStatus::enabled) {
        return std::nullopt;
    }
    return Decline{.status = RegistrationStatus::disabled,
                   .failure = {failure_code::enrollment_disabled, "The enrollment is disabled."},
                   .findings = {{.code = FindingCode::enrollment_disabled,
                                 .detail = "the provisioning status is disabled"}}};
}

Finding quota_finding(const Instance& instance) {
    return {.code = FindingCode::quota_reached,
            .detail = "the quota is " + std::to_string(instance.quotas.registrations.value_or(0)) +
                      " registrations"};
}

Decline enrollment_gone(const DecidedBy& decider) {
    const auto* group = std::get_if<DecidedByGroup>(&decider);
    const std::string which = group != nullptr
                                  ? "the group " + in_quotes(group->id.text())
                                  : "the individual enrollment " +
                                        in_quotes(std::get<DecidedByIndividual>(decider).id.text());
    return {.status = RegistrationStatus::failed,
            .failure = {failure_code::enrollment_gone, "The enrollment was deleted."},
            .findings = {{.code = FindingCode::no_enrollment,
                          .detail = which + " was deleted while the device was being assigned"}}};
}

Decision plan_registration(const RegistrationFacts& facts) {
    const EnrollmentTerms& terms = *facts.applicant.terms;
    if (std::optional<Decline> objection = objection_of(terms)) {
        return *std::move(objection);
    }
    if (effective_policy(terms, facts.instance) == AllocationPolicy::custom) {
        return Decline{.status = RegistrationStatus::failed,
                       .failure = {failure_code::custom_allocation,
                                   "Custom allocation is not supported by this server yet."},
                       .findings = {{.code = FindingCode::custom_allocation_failed,
                                     .detail = "the allocation policy is custom"}}};
    }
    const auto place = choose_place(facts);
    if (!place) {
        return place.error();
    }
    Plan plan = plan_for(facts, *place);
    const bool under_way = facts.record && facts.record->plan;
    if (!under_way || facts.record->plan->hub != plan.hub) {
        return Begin{std::move(plan)};
    }
    if (*facts.record->plan == plan && facts.record->decided_by == facts.applicant.decided_by) {
        return Continue{};
    }
    return Amend{std::move(plan)};
}

RegistrationRecord record_plan(const RegistrationFacts& facts, const Plan& plan,
                               const Attempt& attempt) {
    RegistrationRecord record = entered(facts, attempt);
    record.status = RegistrationStatus::assigning;
    record.plan = plan;
    record.failure.reset();
    return record;
}

RegistrationRecord record_refusal(const RegistrationFacts& facts, const Decline& decline,
                                  const Attempt& attempt) {
    CHECK(ends_without_hub(decline.status));
    RegistrationRecord record = entered(facts, attempt);
    drop_plan(record, HubKnows::perhaps);
    record.status = decline.status;
    record.failure = decline.failure;
    return record;
}

RegistrationRecord record_assignment(const RegistrationRecord& planned, const Mark& mark) {
    CHECK(planned.plan);
    RegistrationRecord record = planned;
    const bool kept = planned.plan->kind == PlanKind::keep && planned.assignment;
    record.assignment = Assignment{.hub = planned.plan->hub,
                                   .device_id = planned.plan->provision.device_id,
                                   .substatus = kept ? planned.assignment->substatus
                                                     : Substatus::initial_assignment};
    record.status = RegistrationStatus::assigned;
    record.plan.reset();
    record.unconfirmed.reset();
    record.failure.reset();
    record.stamp = next_stamp(planned.stamp, mark);
    return record;
}

RegistrationRecord record_ending(const RegistrationRecord& planned, const Ending& ending,
                                 const Mark& mark) {
    CHECK(planned.plan && ends_without_hub(ending.status));
    RegistrationRecord record = planned;
    drop_plan(record, ending.knows);
    record.status = ending.status;
    record.failure = ending.failure;
    record.stamp = next_stamp(planned.stamp, mark);
    return record;
}

} // namespace muster::provisioning
