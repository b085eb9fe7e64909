#include "provisioning/plan_outcome.h"

#include "base/log.h"
#include "provisioning/registration_events.h"

namespace muster::provisioning {

namespace {

/// "hub-1 to hub-2" for a move.
std::string where(const Plan& plan) {
    const bool elsewhere = plan.from && plan.from->hub != plan.hub;
    return elsewhere ? plan.from->hub.text() + " to " + plan.hub.text() : plan.hub.text();
}

bool has_come_to(const RegistrationRecord& record, const Plan& plan) {
    return record.status == RegistrationStatus::assigned && record.assignment &&
           record.assignment->place() == plan.place();
}

JsonArray to_array(const NotCarried& not_carried) {
    JsonArray array;
    for (const std::string& one : not_carried) {
        array.emplace_back(one);
    }
    return array;
}

Principal mover(const RegistrationRecord& record, const Plan& plan) {
    if (plan.origin == PlanOrigin::device) {
        return {"device:" + record.id.text()};
    }
    return {plan.operation.empty() ? "server" : "operation:" + plan.operation};
}

JsonObject to_document(const Place& place) {
    return {{"hub", place.hub.text()}, {"deviceId", place.device_id.text()}};
}

/// As of the moment when the new copy became the device.
std::optional<Change> loss_of(const StepOutcome& outcome) {
    const Plan& plan = *outcome.before.plan;
    const bool is_decided = outcome.after.plan && outcome.after.plan->stage == PlanStage::decided &&
                            plan.stage != PlanStage::decided;
    if (!is_decided || outcome.not_carried.empty() || !plan.from) {
        return std::nullopt;
    }
    JsonObject carried = to_document(plan.place());
    carried["notCarried"] = to_array(outcome.not_carried);
    return Change{.at = outcome.after.stamp.updated,
                  .by = mover(outcome.before, plan),
                  .action = "registration.move",
                  .resource = "registration/" + outcome.after.id.text(),
                  .before = to_document(*plan.from),
                  .after = std::move(carried)};
}

} // namespace

bool may_pass(Code code) {
    return code == Code::unavailable || code == Code::deadline_exceeded ||
           code == Code::rate_limited || code == Code::conflict;
}

Failure failure_of(const Error& error) {
    if (error.code == Code::not_found) {
        return {failure_code::no_hub, "The assigned IoT hub does not exist."};
    }
    if (may_pass(error.code)) {
        return {failure_code::internal, "The IoT hub could not be reached."};
    }
    if (error.code == Code::internal) {
        return {failure_code::internal, "An internal error occurred at the IoT hub."};
    }
    return {failure_code::hub_refused, "The IoT hub refused the device: " + error.detail};
}

Finding finding_of(const RegistrationRecord& planned, const Error& error) {
    const std::string detail = where(*planned.plan) + ": " + error.detail;
    if (error.code == Code::not_found) {
        return {.code = FindingCode::no_hub, .detail = detail};
    }
    if (may_pass(error.code)) {
        return {.code = FindingCode::hub_unreachable, .detail = detail};
    }
    if (error.code == Code::internal) {
        return {.code = FindingCode::internal_fault,
                .detail = where(*planned.plan) + ": internal error"};
    }
    return {.code = FindingCode::hub_refused, .detail = detail};
}

std::optional<DeviceEvent> event_of(const StepOutcome& outcome) {
    if (outcome.after.plan) {
        return std::nullopt;
    }
    const Explanation explanation{.considered = {}, .findings = outcome.findings, .left_out = 0};
    DeviceEvent event = ended_event(outcome.after, outcome.tracking, explanation);
    if (event.kind == DeviceEventKind::assigned &&
        !has_come_to(outcome.after, *outcome.before.plan)) {
        event.kind = DeviceEventKind::failed; // an operator's move; the assignment stands
        event.detail["intendedHub"] = outcome.before.plan->hub.text();
    }
    if (!outcome.not_carried.empty()) {
        event.detail["notCarried"] = to_array(outcome.not_carried);
    }
    return event;
}

std::optional<Change> change_of(const StepOutcome& outcome) {
    if (auto loss = loss_of(outcome)) {
        return loss;
    }
    std::optional<Change> change = assignment_change(outcome.before, outcome.after);
    if (change) {
        change->by = mover(outcome.before, *outcome.before.plan);
    }
    return change;
}

std::optional<HubName> hub_counted(const RegistrationRecord& record) {
    if (record.plan && !record.plan->hub.empty()) {
        return record.plan->hub;
    }
    return record.assignment ? std::optional(record.assignment->hub) : std::nullopt;
}

void log_failure(const RegistrationRecord& planned, const Error& error) {
    log::warning("registration failed", {{"registration_id", planned.id.text()},
                                         {"operation", planned.operation.text()},
                                         {"hub", where(*planned.plan)},
                                         {"code", std::string(to_string(error.code))},
                                         {"detail", error.detail},
                                         {"cause", error.cause}});
}

void log_vain_step(const RegistrationRecord& planned, const Error& error, int tries) {
    log::info("a step of a registration is tried again",
              {{"registration_id", planned.id.text()},
               {"hub", where(*planned.plan)},
               {"stage", std::string(to_string(planned.plan->stage))},
               {"tries", std::to_string(tries)},
               {"code", std::string(to_string(error.code))},
               {"detail", error.detail},
               {"cause", error.cause}});
}

void log_vain_chore(const RegistrationRecord& record, const Chore& chore, const Error& error) {
    log::info("a chore at a hub is tried again", {{"registration_id", record.id.text()},
                                                  {"chore", std::string(to_string(chore.kind))},
                                                  {"hub", chore.place.hub.text()},
                                                  {"detail", error.detail},
                                                  {"cause", error.cause}});
}

} // namespace muster::provisioning
