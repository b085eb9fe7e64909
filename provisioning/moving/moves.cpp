#include "provisioning/moving/moves.h"

#include "provisioning/planning.h"
#include "provisioning/registration_events.h"
#include "provisioning/retries.h"

#include <algorithm>
#include <utility>

namespace muster::provisioning {

namespace {

JsonObject place_document(const Place& place) {
    return {{"hub", place.hub.text()}, {"deviceId", place.device_id.text()}};
}

JsonObject plan_document(const Plan& plan) {
    JsonObject document{{"kind", to_string(plan.kind)},
                        {"stage", to_string(plan.stage)},
                        {"mayBeCancelled", may_be_given_up(plan)}};
    if (plan.from) {
        document["from"] = place_document(*plan.from);
    }
    if (!plan.hub.empty()) {
        document["to"] = place_document(plan.place());
    }
    if (plan.kind == PlanKind::move) {
        document["twin"] = plan.twin == TwinSource::carried ? "carried" : "initial";
    }
    if (!plan.operation.empty()) {
        document["operation"] = plan.operation;
    }
    return document;
}

JsonObject chore_document(const Chore& chore) {
    JsonObject document = place_document(chore.place);
    document["kind"] = to_string(chore.kind);
    document["tries"] = chore.tries;
    document["since"] = format_time(chore.since);
    if (!chore.problem.empty()) {
        document["problem"] = chore.problem;
    }
    return document;
}

Change change_of(const RegistrationRecord& before, const RegistrationRecord& after,
                 const Principal& by, std::string action) {
    return {.at = after.stamp.updated,
            .by = by,
            .action = std::move(action),
            .resource = "registration/" + after.id.text(),
            .before = move_document(before),
            .after = move_document(after)};
}

/// What would leave the device other than its record says; nothing, if they may be forgotten.
std::string_view hazard_of(const std::vector<Chore>& chores) {
    const auto has = [&](ChoreKind kind) {
        return std::ranges::find(chores, kind, &Chore::kind) != chores.end();
    };
    if (has(ChoreKind::block)) {
        return "the device may be enabled at its hub until its block has reached it";
    }
    return has(ChoreKind::release) || has(ChoreKind::unblock)
               ? "the device may be disabled at its hub until its fence is lifted"
               : std::string_view();
}

} // namespace

JsonObject move_document(const RegistrationRecord& record) {
    JsonObject document{{"registrationId", record.id.text()},
                        {"status", to_string(record.status)},
                        {"lastUpdatedDateTimeUtc", format_time(record.stamp.updated)}};
    if (record.assignment) {
        document["assignedTo"] = place_document(record.assignment->place());
    }
    if (record.plan) {
        document["plan"] = plan_document(*record.plan);
    }
    if (record.erased) {
        document["deleted"] = true;
    }
    JsonArray chores;
    for (const Chore& chore : record.chores) {
        chores.push_back(chore_document(chore));
    }
    document["chores"] = std::move(chores);
    return document;
}

Result<std::vector<RegistrationRecord>> Moves::list(const std::string& after,
                                                    std::size_t count_max) {
    return ports_.registrations.unfinished(ports_.instance.scope(), after, count_max);
}

Result<RegistrationRecord> Moves::find(const RegistrationId& id) {
    auto found = ports_.registrations.find(ports_.instance.scope(), id);
    if (!found) {
        return std::unexpected(std::move(found).error());
    }
    if (!*found || !(*found)->unfinished()) {
        return fail(Code::not_found, "nothing is under way for this registration");
    }
    return **std::move(found);
}

Result<void> Moves::store(const RegistrationRecord& before, const RegistrationRecord& after,
                          const Told& told) {
    Write write(Expected{before.stamp.version});
    write.change = &told.change;
    write.event = told.event ? &*told.event : nullptr;
    return ports_.registrations.save(ports_.instance.scope(), after, write);
}

Result<void> Moves::cancel(const RegistrationId& id, const Principal& by) {
    return retry_on_conflict<void>([&] { return cancel_once(id, by); });
}

Result<void> Moves::cancel_once(const RegistrationId& id, const Principal& by) {
    const auto found = find(id);
    if (!found) {
        return std::unexpected(found.error());
    }
    if (!found->plan) {
        return fail(Code::not_found, "no plan is under way; what is left are chores");
    }
    if (!may_be_given_up(*found->plan)) {
        return fail(Code::precondition, "the move is decided and will be finished");
    }
    const Ending ending{
        .status = RegistrationStatus::failed,
        .failure = {failure_code::internal, "An operator cancelled the registration."},
        .knows = HubKnows::perhaps};
    const RegistrationRecord after =
        record_ending(*found, ending, new_mark(ports_.clock, ports_.random));
    Told told{.change = change_of(*found, after, by, "registration.cancel"), .event = {}};
    if (!after.erased) {
        told.event = ended_event(after, {}, {});
        told.event->kind = DeviceEventKind::failed;
        told.event->detail["cancelledBy"] = by.name;
    }
    auto stored = store(*found, after, told);
    if (stored) {
        ports_.runner.ended_by_others(*found, after);
    }
    return stored;
}

Result<void> Moves::forget_chores(const RegistrationId& id, Forget how, const Principal& by) {
    return retry_on_conflict<void>([&] { return forget_once(id, how, by); });
}

Result<void> Moves::forget_once(const RegistrationId& id, Forget how, const Principal& by) {
    const auto found = find(id);
    if (!found) {
        return std::unexpected(found.error());
    }
    if (found->chores.empty()) {
        return fail(Code::not_found, "nothing is left to be done for this registration");
    }
    const std::string_view hazard = hazard_of(found->chores);
    if (!hazard.empty() && how == Forget::unless_fenced) {
        return fail(Code::precondition, std::string(hazard));
    }
    RegistrationRecord after = *found;
    after.chores.clear();
    after.stamp = next_stamp(found->stamp, new_mark(ports_.clock, ports_.random));
    const Told told{.change = change_of(*found, after, by, "registration.forgetChores"),
                    .event = {}};
    return store(*found, after, told);
}

Result<void> Moves::retry(const RegistrationId& id) {
    const auto found = find(id);
    if (!found) {
        return std::unexpected(found.error());
    }
    ports_.runner.retry(found->id);
    return {};
}

} // namespace muster::provisioning
