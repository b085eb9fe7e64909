#include "provisioning/fleet/blocks.h"

#include "provisioning/documents.h"
#include "provisioning/moving/steps.h"
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

/// Nothing more is to be done at hubs for the block, nor for a plan that still leads elsewhere.
bool has_settled(const std::optional<RegistrationRecord>& record) {
    return !record || std::ranges::none_of(record->chores, is_of_block);
}

Fleets::BlockView view_of(const std::optional<RegistrationRecord>& record) {
    Fleets::BlockView view{.block = record ? record->block : std::nullopt,
                           .settled = has_settled(record)};
    if (record && record->assignment) {
        view.at = record->assignment->place();
    }
    for (const Chore& chore : record ? record->chores : std::vector<Chore>()) {
        if (is_of_block(chore)) {
            view.problem = chore.problem;
        }
    }
    return view;
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
    ports_.runner.when_done([weak = weak_from_this()](const RegistrationId& id) {
        if (const auto self = weak.lock()) {
            self->run_done(id);
        }
    });
}

// ---- what is stored ----

void Blocks::begin(const RegistrationId& id, const std::string& reason, const Principal& by,
                   Fleets::BlockDone done) {
    const std::uint64_t number = wait(id, std::move(done));
    const auto begun = retry_on_conflict<void>([&] { return try_begin(id, reason, by); });
    begun ? ports_.runner.retry(id) : refuse(id, number, begun.error());
}

void Blocks::end(const RegistrationId& id, const Principal& by, Fleets::BlockDone done) {
    const std::uint64_t number = wait(id, std::move(done));
    const auto ended = retry_on_conflict<void>([&] { return try_end(id, by); });
    ended ? ports_.runner.retry(id) : refuse(id, number, ended.error());
}

Result<Fleets::BlockView> Blocks::get(const RegistrationId& id) {
    const auto found = ports_.registrations.find(ports_.instance.scope(), id);
    return found ? Result<Fleets::BlockView>(view_of(*found)) : std::unexpected(found.error());
}

/// A device that is blocked already is made sure of once more, which is nothing new for the audit.
Result<void> Blocks::try_begin(const RegistrationId& id, const std::string& reason,
                               const Principal& by) {
    if (reason.size() > reason_bytes_max) {
        return fail(Code::malformed, "reason must be at most 256 bytes");
    }
    const auto before = ports_.registrations.find(ports_.instance.scope(), id);
    if (!before) {
        return std::unexpected(before.error());
    }
    const Mark mark = new_mark(ports_.clock, ports_.random);
    const bool is_new = !*before || !(*before)->block;
    const Block block = is_new ? Block{.since = mark.now, .reason = reason} : *(*before)->block;
    const RegistrationRecord after = record_block(id, *before, block, mark);
    const Change change = change_of(*before, after, by);
    return store(*before, after, is_new ? &change : nullptr);
}

Result<void> Blocks::try_end(const RegistrationId& id, const Principal& by) {
    const auto before = ports_.registrations.find(ports_.instance.scope(), id);
    if (!before) {
        return std::unexpected(before.error());
    }
    if (!*before || !(*before)->block) {
        return {};
    }
    const RegistrationRecord after =
        record_unblock(**before, new_mark(ports_.clock, ports_.random));
    const Change change = change_of(*before, after, by);
    return store(*before, after, &change);
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

void Blocks::run_done(const RegistrationId& id) {
    const Gate::Pass pass(gate_);
    std::vector<Wait> waits;
    if (pass) {
        const std::scoped_lock lock(mutex_);
        if (auto node = waits_.extract(id.folded())) {
            waits = std::move(node.mapped());
        }
    }
    for (Wait& wait : waits) {
        wait.done(get(id));
    }
}

} // namespace muster::provisioning
