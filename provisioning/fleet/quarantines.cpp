#include "provisioning/fleet/quarantines.h"

#include "base/log.h"
#include "provisioning/documents.h"
#include "provisioning/grammar.h"
#include "provisioning/plan_outcome.h"
#include "provisioning/retries.h"

#include <utility>

namespace muster::provisioning {

namespace {

JsonObject described(const RegistrationRecord& record, const std::string& reason) {
    JsonObject document = to_state_document(record);
    if (record.held_at) {
        document["heldAt"] = record.held_at->text();
    }
    if (!reason.empty()) {
        document["reason"] = reason;
    }
    return document;
}

} // namespace

Result<void> Quarantines::begin(const RegistrationId& id, const HubName& hub,
                                const std::string& reason, const Principal& by) {
    if (ports_.instance.get()->find_hub(hub) == nullptr) {
        return fail(Code::malformed, "hub " + hub.text() + " is not linked");
    }
    if (auto checked = check_reason(reason); !checked) {
        return checked;
    }
    return change(
        id, {.held_at = hub, .action = "registration.quarantine", .reason = reason, .by = by});
}

Result<void> Quarantines::end(const RegistrationId& id, const Principal& by) {
    return change(id, {.held_at = {}, .action = "registration.release", .reason = {}, .by = by});
}

Result<void> Quarantines::change(const RegistrationId& id, const Edit& edit) {
    return retry_on_conflict<void>([&] { return try_change(id, edit); });
}

Result<void> Quarantines::try_change(const RegistrationId& id, const Edit& edit) {
    const auto before = find(id);
    if (!before) {
        return std::unexpected(before.error());
    }
    if (!edit.held_at && !before->held_at) {
        return fail(Code::precondition, "the device is not quarantined");
    }
    RegistrationRecord next = *before;
    next.held_at = edit.held_at;
    const auto verdict = verdict_on(next);
    if (!verdict) {
        return std::unexpected(verdict.error());
    }
    const auto* refuse = std::get_if<Refuse>(&*verdict);
    if (refuse != nullptr && edit.held_at) { // a release never fails: it only moves nothing
        return fail(Code::precondition, refuse->message);
    }
    const Change change{.at = ports_.clock.wall(),
                        .by = edit.by,
                        .action = std::string(edit.action),
                        .resource = "registration/" + before->id.text(),
                        .before = described(*before, {}),
                        .after = described(next, edit.reason)};
    return follow(*verdict, next, &change);
}

Result<RegistrationRecord> Quarantines::find(const RegistrationId& id) {
    auto found = ports_.registrations.find(ports_.instance.scope(), id);
    if (!found) {
        return std::unexpected(std::move(found).error());
    }
    if (!*found || (**found).erased) {
        return fail(Code::not_found, "the device has never registered");
    }
    return **std::move(found);
}

/// Stores the record, with a plan if there is to be one. Without a change to be told, it is stored
/// for the plan only.
Result<void> Quarantines::follow(const RelocationVerdict& verdict, const RegistrationRecord& record,
                                 const Change* change) {
    if (std::holds_alternative<Wait>(verdict)) {
        wait_for(record.id);
    }
    const auto* relocate = std::get_if<Relocate>(&verdict);
    if (relocate == nullptr && change == nullptr) {
        return {};
    }
    const Mark mark = new_mark(ports_.clock, ports_.random);
    RegistrationRecord next = record;
    if (relocate != nullptr) {
        next = record_relocation(record, relocate->plan,
                                 {.operation = new_operation(ports_.random), .mark = mark});
    } else {
        next.stamp = next_stamp(record.stamp, mark);
    }
    Write write(Expected{record.stamp.version});
    write.change = change;
    auto saved = ports_.registrations.save(ports_.instance.scope(), next, write);
    if (saved && relocate != nullptr) {
        ports_.allocator.moved(hub_counted(record), hub_counted(next));
        ports_.runner.start(record.id);
    }
    return saved;
}

void Quarantines::plan_ended(const RegistrationId& id) {
    {
        const std::scoped_lock lock(mutex_);
        if (waiting_.erase(id) == 0) {
            return;
        }
    }
    // If the queue is full, the device goes with its next registration.
    (void)ports_.workers.submit([weak = weak_from_this(), id] {
        const auto self = weak.lock();
        if (!self) {
            return;
        }
        const Gate::Pass pass(self->gate_);
        if (!pass) {
            return;
        }
        if (const auto gone = retry_on_conflict<void>([&] { return self->go(id); }); !gone) {
            log::warning("quarantine waits for the next registration",
                         {{"registration_id", id.text()}, {"detail", gone.error().detail}});
        }
    });
}

/// Where its record says by now.
Result<void> Quarantines::go(const RegistrationId& id) {
    const auto record = find(id);
    if (!record) {
        return record.error().code == Code::not_found ? Result<void>()
                                                      : std::unexpected(record.error());
    }
    const auto verdict = verdict_on(*record);
    return verdict ? follow(*verdict, *record, nullptr) : std::unexpected(verdict.error());
}

Result<RelocationVerdict> Quarantines::verdict_on(const RegistrationRecord& record) {
    const auto instance = ports_.instance.get();
    const auto standing = ports_.applicants.standing_of(record, instance);
    if (!standing) {
        return std::unexpected(standing.error());
    }
    FleetOperation alone; // of one device, which no fleet's numbers count
    alone.kind = record.held_at ? OperationKind::gather : OperationKind::release;
    const AllocationInputs inputs = ports_.allocator.inputs_for(Question());
    return decide_relocation({.operation = alone,
                              .record = record,
                              .standing = *standing,
                              .instance = *instance,
                              .inputs = inputs,
                              .token = new_move_token(ports_.random)});
}

void Quarantines::wait_for(const RegistrationId& id) {
    const std::scoped_lock lock(mutex_);
    waiting_.insert(id);
}

} // namespace muster::provisioning
