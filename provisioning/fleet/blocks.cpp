#include "provisioning/fleet/blocks.h"

#include "provisioning/documents.h"
#include "provisioning/moving/steps.h"
#include "provisioning/planning/places.h"
#include "provisioning/registration_events.h"
#include "provisioning/retries.h"

#include <algorithm>
#include <utility>

namespace muster::provisioning {

namespace {

constexpr std::size_t reason_bytes_max = 256;

/// How long the answer waits for hubs; what is not done by then goes on in the background.
constexpr std::chrono::seconds patience{5};

bool is_of_block(const Chore& chore) {
    return chore.kind == ChoreKind::block || chore.kind == ChoreKind::unblock;
}

std::optional<Place> place_of(const RegistrationRecord& record) {
    return record.assignment ? record.assignment->place() : record.unconfirmed;
}

/// It has settled when nothing more is to be done for it, but at hubs that are lost.
Fleets::BlockView view_of(const RegistrationRecord& record, const Instance& instance) {
    Fleets::BlockView view{
        .block = record.block, .settled = true, .at = place_of(record), .problem = {}};
    for (const Chore& chore : record.chores) {
        if (!is_of_block(chore)) {
            continue;
        }
        if (view.settled || view.problem.empty()) {
            view.problem = chore.problem;
        }
        if (view.settled && !is_lost(chore.place.hub, instance)) {
            view.settled = false;
            view.at = chore.place;
        }
    }
    return view;
}

std::vector<Place> at_every_hub(const Instance& instance, const std::vector<DeviceId>& devices) {
    std::vector<Place> places;
    const auto add = [&](const HubName& hub) {
        for (const DeviceId& device : devices) {
            places.push_back({.hub = hub, .device_id = device});
        }
    };
    for (const LinkedHub& hub : instance.hubs) {
        add(hub.name);
    }
    for (const FormerHub& hub : instance.former_hubs) {
        if (!hub.lost) {
            add(hub.name);
        }
    }
    return places;
}

JsonObject described(const RegistrationRecord& record) {
    JsonObject document = to_state_document(record);
    if (record.block) {
        document["blocked"] = JsonObject{{"since", format_time(record.block->since)},
                                         {"reason", record.block->reason}};
    }
    return document;
}

Change change_of(const std::optional<RegistrationRecord>& before, const RegistrationRecord& after,
                 const Principal& by) {
    return {.at = after.stamp.updated,
            .by = by,
            .action = after.block ? "registration.block" : "registration.unblock",
            .resource = "registration/" + after.id.text(),
            .before = before ? std::optional(described(*before)) : std::nullopt,
            .after = described(after)};
}

} // namespace

void Blocks::listen() {
    ports_.runner.when_tried([weak = weak_from_this()](const RegistrationId& id) {
        if (const auto self = weak.lock()) {
            self->tried(id);
        }
    });
}

// ---- what is stored ----

void Blocks::begin(const RegistrationId& id, const std::string& reason, const Principal& by,
                   Fleets::BlockDone done) {
    const std::uint64_t number = wait(id, std::move(done));
    const auto begun = retry_on_conflict<void>([&] { return try_begin(id, reason, by); });
    begun ? carry_out(id, number) : refuse(id, number, begun.error());
}

void Blocks::end(const RegistrationId& id, const Principal& by, Fleets::BlockDone done) {
    const std::uint64_t number = wait(id, std::move(done));
    const auto ended = retry_on_conflict<void>([&] { return try_end(id, by); });
    ended ? carry_out(id, number) : refuse(id, number, ended.error());
}

Result<Fleets::BlockView> Blocks::get(const RegistrationId& id) {
    const auto found = ports_.registrations.find(ports_.instance.scope(), id);
    if (!found) {
        return std::unexpected(found.error());
    }
    return *found ? view_of(**found, *ports_.instance.get()) : Fleets::BlockView{.settled = true};
}

/// Where the device may be if no registration says where it is: under its own id, or the one that
/// its enrollment gives it, at any hub.
Result<std::vector<Place>> Blocks::elsewhere(const RegistrationId& id) {
    const auto enrollment = ports_.enrollments.find_individual(ports_.instance.scope(), id);
    if (!enrollment) {
        return std::unexpected(enrollment.error());
    }
    std::vector<DeviceId> devices{DeviceId(id.text())};
    if (*enrollment && (*enrollment)->hub_device_id() != devices.front()) {
        devices.push_back((*enrollment)->hub_device_id());
    }
    return at_every_hub(*ports_.instance.get(), devices);
}

/// A device that is blocked already is made sure of once more, which is nothing new for the audit.
Result<void> Blocks::try_begin(const RegistrationId& id, const std::string& reason,
                               const Principal& by) {
    if (reason.size() > reason_bytes_max) {
        return fail(Code::malformed, "reason must be at most 256 bytes");
    }
    const auto before = ports_.registrations.find(ports_.instance.scope(), id);
    const auto places = before ? elsewhere(id) : std::unexpected(before.error());
    if (!places) {
        return std::unexpected(places.error());
    }
    const Mark mark = new_mark(ports_.clock, ports_.random);
    const bool is_new = !*before || !(*before)->block;
    const Block block = is_new ? Block{.since = mark.now, .reason = reason} : *(*before)->block;
    const RegistrationRecord after = record_block(id, *before, block, *places, mark);
    const Change change = change_of(*before, after, by);
    return store(*before, after, is_new ? &change : nullptr);
}

/// One that is not blocked is made sure of, too: another scope may have blocked it at the hub.
Result<void> Blocks::try_end(const RegistrationId& id, const Principal& by) {
    const auto before = ports_.registrations.find(ports_.instance.scope(), id);
    const auto places = before ? elsewhere(id) : std::unexpected(before.error());
    if (!places) {
        return std::unexpected(places.error());
    }
    if (!*before) {
        return {};
    }
    const RegistrationRecord after =
        record_unblock(**before, *places, new_mark(ports_.clock, ports_.random));
    const Change change = change_of(*before, after, by);
    return store(*before, after, (*before)->block ? &change : nullptr);
}

Result<void> Blocks::store(const std::optional<RegistrationRecord>& before,
                           const RegistrationRecord& after, const Change* change) {
    const IdScope& scope = ports_.instance.scope();
    Write write(Expected{before ? before->stamp.version : 0});
    write.change = change;
    const bool gives_up = before && before->plan && !after.plan;
    std::optional<DeviceEvent> event;
    if (gives_up && !after.erased) {
        event = ended_event(after, {}, {});
        event->kind = DeviceEventKind::failed;
        write.event = &*event;
    }
    auto stored = is_forgotten(after) ? ports_.registrations.erase(scope, after.id, write)
                                      : ports_.registrations.save(scope, after, write);
    if (stored && gives_up) {
        ports_.runner.ended_by_others(*before, after);
    }
    return stored;
}

// ---- who waits for what is done at hubs ----

std::uint64_t Blocks::wait(const RegistrationId& id, Fleets::BlockDone done) {
    std::uint64_t number = 0;
    {
        const std::scoped_lock lock(mutex_);
        number = ++last_wait_;
        waits_[id.folded()].push_back({.number = number, .done = std::move(done)});
    }
    ports_.timers.after(patience, [weak = weak_from_this(), id, number] {
        const auto self = weak.lock();
        const bool queued = self && self->ports_.workers.submit([weak, id, number] {
            if (const auto blocks = weak.lock()) {
                blocks->time_is_up(id, number);
            }
        });
        if (self && !queued) {
            self->refuse(id, number, {.code = Code::unavailable, .detail = "the server is busy"});
        }
    });
    return number;
}

void Blocks::carry_out(const RegistrationId& id, std::uint64_t wait) {
    {
        const std::scoped_lock lock(mutex_);
        if (const auto waits = waits_.find(id.folded()); waits != waits_.end()) {
            for (Wait& one : waits->second) {
                one.is_stored |= one.number == wait;
            }
        }
    }
    ports_.runner.retry(id);
}

std::vector<std::uint64_t> Blocks::stored_waits(const RegistrationId& id) {
    const std::scoped_lock lock(mutex_);
    std::vector<std::uint64_t> numbers;
    if (const auto waits = waits_.find(id.folded()); waits != waits_.end()) {
        for (const Wait& wait : waits->second) {
            if (wait.is_stored) {
                numbers.push_back(wait.number);
            }
        }
    }
    return numbers;
}

/// Nothing, if it was answered meanwhile.
Fleets::BlockDone Blocks::take(const RegistrationId& id, std::uint64_t wait) {
    const std::scoped_lock lock(mutex_);
    const auto waits = waits_.find(id.folded());
    if (waits == waits_.end()) {
        return nullptr;
    }
    const auto at = std::ranges::find(waits->second, wait, &Wait::number);
    if (at == waits->second.end()) {
        return nullptr;
    }
    Fleets::BlockDone done = std::move(at->done);
    waits->second.erase(at);
    if (waits->second.empty()) {
        waits_.erase(waits);
    }
    return done;
}

void Blocks::refuse(const RegistrationId& id, std::uint64_t wait, const Error& error) {
    if (auto done = take(id, wait)) {
        done(std::unexpected(error));
    }
}

void Blocks::time_is_up(const RegistrationId& id, std::uint64_t wait) {
    const Gate::Pass pass(gate_);
    if (auto done = pass ? take(id, wait) : nullptr) {
        done(get(id));
    }
}

/// Those whose wish was stored before the record is read; what has not settled waits on.
void Blocks::tried(const RegistrationId& id) {
    const Gate::Pass pass(gate_);
    const auto waits = pass ? stored_waits(id) : std::vector<std::uint64_t>();
    if (waits.empty()) {
        return;
    }
    const auto view = get(id);
    if (!view || !view->settled) {
        return;
    }
    for (const std::uint64_t wait : waits) {
        if (auto done = take(id, wait)) {
            done(view);
        }
    }
}

} // namespace muster::provisioning
