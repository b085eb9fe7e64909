#include "provisioning/moving/hub_steps.h"

#include "provisioning/moving/marked_device.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

/// Against somebody who changes the identity at the same time.
constexpr int rounds_max = 4;

bool is_unknown_hub(const Error& error) {
    return error.code == Code::not_found && error.detail == hub_unknown;
}

/// Between our reading and our writing somebody else wrote.
bool was_overtaken(const Error& error) {
    return error.code == Code::precondition || error.code == Code::already_exists ||
           (error.code == Code::not_found && !is_unknown_hub(error));
}

/// Reads and decides anew as long as others are faster.
template <class Step>
auto in_rounds(Step step) -> decltype(step()) {
    for (int i = 0; i < rounds_max; ++i) {
        auto outcome = step();
        if (outcome || outcome.error().code != Code::conflict) {
            return outcome;
        }
    }
    return fail(Code::conflict, "the device is being changed at its hub");
}

/// To be tried again by in_rounds().
std::unexpected<Error> overtaken_or(Error error) {
    if (was_overtaken(error)) {
        error.code = Code::conflict;
    }
    return std::unexpected(std::move(error));
}

Result<void> overtaken_or(Result<void> outcome) {
    if (outcome) {
        return outcome;
    }
    return overtaken_or(std::move(outcome).error());
}

bool same_identity(const HubDevice& left, const HubDevice& right) {
    return left.enabled == right.enabled && left.status_reason == right.status_reason &&
           left.credential == right.credential;
}

HubTwin to_twin(const InitialTwin& initial) {
    return {.etag = {}, .tags = initial.tags, .desired = initial.desired, .reported = {}};
}

bool same_modules(const std::vector<HubModule>& left, const std::vector<HubModule>& right) {
    return std::ranges::equal(left, right, [](const HubModule& one, const HubModule& other) {
        return one.id == other.id && one.managed_by == other.managed_by &&
               one.credential == other.credential && one.twin == other.twin;
    });
}

/// The new hub does not take it, and will not.
bool is_final(const Error& error) {
    return error.code == Code::unsupported || error.code == Code::malformed ||
           error.code == Code::too_large || error.code == Code::quota_exceeded ||
           error.code == Code::forbidden;
}

void note_what_stays(const HubDevice& old, NotCarried& left_behind) {
    const bool has_parent =
        !old.parent_scopes.empty() || (!old.iot_edge && !old.device_scope.empty());
    if (has_parent) {
        left_behind.emplace_back("parent: its scope is known at the old hub only");
    }
}

std::unexpected<Error> refused_as_blocked() {
    return fail(Code::precondition, "the device is blocked at the hub");
}

void put_into_use(HubDevice& device, Access access) {
    put_into_use(device);
    if (access == Access::blocked) {
        put_block(device);
    }
}

/// A block that the mark remembers is not the device's to lift.
void leave_mark(HubDevice& device, const HubSteps::Settlement& settlement) {
    const auto mark = mark_of(device);
    const bool of_device = settlement.origin == PlanOrigin::device;
    if (mark && (!of_device || is_blocked(device))) {
        restore(device, *mark);
    } else if (of_device) {
        put_into_use(device);
    }
    if (settlement.access == Access::blocked) {
        put_block(device);
    }
}

} // namespace

Result<void> HubSteps::ask_record(const HubName& hub) {
    return still_wanted_ && hubs_.may_act_late(hub) ? still_wanted_() : Result<void>();
}

Result<void> HubSteps::change(const HubName& hub, const HubDevice& device) {
    const auto wanted = ask_record(hub);
    return wanted ? overtaken_or(hubs_.update_device(hub, device)) : wanted;
}

Result<void> HubSteps::remove(const HubName& hub, const HubDevice& device) {
    const auto wanted = ask_record(hub);
    return wanted ? overtaken_or(hubs_.delete_device(hub, device.id, device.etag)) : wanted;
}

// ---- ensure ----

Result<void> HubSteps::ensure(const HubName& hub, const DeviceProvision& provision, Access access) {
    return in_rounds([&] { return ensure_once(hub, provision, access); });
}

Result<void> HubSteps::ensure_once(const HubName& hub, const DeviceProvision& provision,
                                   Access access) {
    const auto found = hubs_.find_device(hub, provision.device_id);
    if (!found) {
        return std::unexpected(found.error());
    }
    if (!*found) {
        return create_anew(hub, provision, access);
    }
    if (counts_for_nothing(**found)) {
        auto cleared = remove(hub, **found);
        return cleared ? create_anew(hub, provision, access) : cleared;
    }
    if (access == Access::unless_blocked && is_blocked(**found)) {
        return refused_as_blocked();
    }
    HubDevice wanted = **found;
    put_into_use(wanted, access);
    wanted.credential = provision.credential.value_or(wanted.credential);
    return same_identity(wanted, **found) ? Result<void>() : change(hub, wanted);
}

Result<void> HubSteps::create_anew(const HubName& hub, const DeviceProvision& provision,
                                   Access access) {
    if (!provision.credential) {
        return fail(Code::precondition, "the device is not at the hub, and has no credential");
    }
    const bool in_two_steps = hubs_.may_act_late(hub);
    HubDevice device{.id = provision.device_id,
                     .credential = *provision.credential,
                     .iot_edge = provision.iot_edge};
    if (in_two_steps) {
        device.enabled = false;
        device.status_reason =
            to_status_reason({.side = MoveSide::in, .token = assignment_token, .reason = {}});
    } else {
        put_into_use(device, access);
    }
    auto created = hubs_.create_device(hub, device, to_twin(provision.initial_twin));
    if (!created || !in_two_steps) {
        return overtaken_or(std::move(created));
    }
    const auto copy = hubs_.find_device(hub, provision.device_id);
    if (!copy) {
        return std::unexpected(copy.error());
    }
    if (!*copy || !counts_for_nothing(**copy)) {
        return fail(Code::conflict, "somebody else was faster");
    }
    device.etag = (*copy)->etag;
    device.device_scope = (*copy)->device_scope;
    device.parent_scopes = (*copy)->parent_scopes;
    put_into_use(device, access);
    return change(hub, device);
}

// ---- fence and release ----

Result<Fenced> HubSteps::fence(const Place& place, const MoveToken& token, Access access) {
    return in_rounds([&] { return fence_once(place, token, access); });
}

Result<Fenced> HubSteps::fence_once(const Place& place, const MoveToken& token, Access access) {
    const auto found = hubs_.find_device(place.hub, place.device_id);
    if (!found) {
        return std::unexpected(found.error());
    }
    if (!*found) {
        return Fenced::absent;
    }
    HubDevice device = **found;
    const auto mark = mark_of(device);
    if (mark && mark->side == MoveSide::in) {
        const auto cleared = remove(place.hub, device);
        return cleared ? Result<Fenced>(Fenced::absent) : std::unexpected(cleared.error());
    }
    if (access == Access::unless_blocked && is_blocked(device)) {
        return refused_as_blocked();
    }
    if (mark && mark->token == token) {
        return Fenced::present;
    }
    device.status_reason =
        to_status_reason({.side = MoveSide::out,
                          .token = token,
                          .was_enabled = mark ? mark->was_enabled : device.enabled,
                          .reason = own_reason(device.status_reason)});
    device.enabled = false;
    const auto fenced = change(place.hub, device);
    return fenced ? Result<Fenced>(Fenced::present) : std::unexpected(fenced.error());
}

Result<void> HubSteps::release(const Place& place, const MoveToken& token) {
    return in_rounds([&] { return release_once(place, token); });
}

Result<void> HubSteps::release_once(const Place& place, const MoveToken& token) {
    const auto found = hubs_.find_device(place.hub, place.device_id);
    if (!found) {
        return std::unexpected(found.error());
    }
    if (!*found) {
        return {};
    }
    HubDevice device = **found;
    const auto mark = mark_of(device);
    if (!mark) { // perhaps not fenced yet: our call may still be on its way
        return hubs_.may_act_late(place.hub) ? change(place.hub, device) : Result<void>();
    }
    if (mark->side != MoveSide::out || mark->token != token) {
        return {};
    }
    restore(device, *mark);
    return change(place.hub, device);
}

// ---- place ----

Result<NotCarried> HubSteps::place(const Transfer& transfer) {
    if (transfer.from == transfer.to) {
        return fail(Code::internal, "a move from a place to itself");
    }
    return in_rounds([&] { return place_once(transfer); });
}

Result<NotCarried> HubSteps::place_once(const Transfer& transfer) {
    auto copy = copy_of(transfer);
    if (!copy) {
        return std::unexpected(std::move(copy).error());
    }
    if (auto cleared = clear(transfer.to); !cleared) {
        return std::unexpected(std::move(cleared).error());
    }
    auto created = hubs_.create_device(transfer.to.hub, copy->device, copy->twin);
    if (!created) {
        return overtaken_or(std::move(created).error());
    }
    if (auto put = put_modules(transfer.to, *copy); !put) {
        return std::unexpected(std::move(put).error());
    }
    if (!hubs_.may_act_late(transfer.from.hub)) {
        return std::move(copy->left_behind);
    }
    // A hub elsewhere may not freeze the twin of a device on the move.
    const auto now = copy_of(transfer);
    if (!now) {
        return std::unexpected(now.error());
    }
    if (now->twin != copy->twin || !same_modules(now->modules, copy->modules)) {
        return fail(Code::conflict, "the twin changed while it was carried");
    }
    return std::move(copy->left_behind);
}

Result<HubSteps::Copy> HubSteps::copy_of(const Transfer& transfer) {
    const auto found = hubs_.find_device(transfer.from.hub, transfer.from.device_id);
    if (!found) {
        return std::unexpected(found.error());
    }
    const DeviceProvision& provision = transfer.provision;
    MoveMark mark{.side = MoveSide::in, .token = transfer.token, .reason = {}};
    Copy copy{.device = {.id = transfer.to.device_id,
                         .enabled = false,
                         .credential = provision.credential.value_or(HubNoCredential()),
                         .iot_edge = provision.iot_edge},
              .twin = to_twin(provision.initial_twin),
              .modules = {},
              .left_behind = {}};
    const bool present = *found && !counts_for_nothing(**found);
    if (!present && !provision.credential) {
        return fail(Code::precondition, "nothing of the device is left to be moved");
    }
    if (present) {
        const HubDevice& old = **found;
        const auto fence = mark_of(old);
        if (!fence || fence->token != transfer.token) {
            return fail(Code::precondition, "the device was changed at the hub it leaves");
        }
        mark.was_enabled = fence->was_enabled;
        mark.reason = fence->reason;
        copy.device.credential = provision.credential.value_or(old.credential);
        if (transfer.twin == TwinSource::carried) {
            copy.device.iot_edge = old.iot_edge;
            note_what_stays(old, copy.left_behind);
            if (auto carried = carry_twin(transfer, copy); !carried) {
                return std::unexpected(std::move(carried).error());
            }
        }
    }
    copy.device.status_reason = to_status_reason(mark);
    return copy;
}

Result<void> HubSteps::carry_twin(const Transfer& transfer, Copy& copy) {
    const Place& from = transfer.from;
    auto twin = hubs_.find_twin(from.hub, from.device_id);
    if (!twin) {
        return std::unexpected(std::move(twin).error());
    }
    if (!*twin) {
        return fail(Code::conflict, "the device vanished from the hub it leaves");
    }
    auto modules = hubs_.modules(from.hub, from.device_id);
    if (!modules && modules.error().code != Code::unsupported) {
        return overtaken_or(std::move(modules).error());
    }
    copy.twin = **std::move(twin);
    copy.twin.etag = {};
    if (modules) {
        copy.modules = *std::move(modules);
    }
    return {};
}

Result<void> HubSteps::clear(const Place& place) {
    const auto found = hubs_.find_device(place.hub, place.device_id);
    if (!found) {
        return std::unexpected(found.error());
    }
    if (!*found) {
        return {};
    }
    if (!mark_of(**found)) {
        return fail(Code::already_exists, "another device of this name is in use there");
    }
    return remove(place.hub, **found);
}

Result<void> HubSteps::put_modules(const Place& place, Copy& copy) {
    for (const HubModule& module : copy.modules) {
        const auto put = hubs_.put_module(place.hub, place.device_id, module);
        if (!put && is_final(put.error())) {
            copy.left_behind.push_back("module " + module.id + ": " + put.error().detail);
        } else if (!put) {
            return overtaken_or(put.error());
        }
    }
    return {};
}

// ---- block and unblock ----

Result<void> HubSteps::block(const Place& place) {
    return in_rounds([&] { return block_once(place); });
}

/// Nothing, if it is not there.
template <class Action>
Result<void> HubSteps::if_there(const Place& place, Action action) {
    const auto found = hubs_.find_device(place.hub, place.device_id);
    if (!found) {
        return std::unexpected(found.error());
    }
    return *found ? action(**found) : Result<void>();
}

Result<void> HubSteps::block_once(const Place& place) {
    return if_there(place, [&](HubDevice device) {
        if (counts_for_nothing(device)) {
            return remove(place.hub, device);
        }
        put_block(device);
        // As it is perhaps, but not under the etag that a late call of ours may still bear.
        return change(place.hub, device);
    });
}

Result<void> HubSteps::unblock(const Place& place) {
    return in_rounds([&] { return unblock_once(place); });
}

Result<void> HubSteps::unblock_once(const Place& place) {
    return if_there(place, [&](const HubDevice& found) {
        HubDevice device = found;
        lift_block(device);
        // Perhaps not blocked yet: our call may still be on its way.
        return hubs_.may_act_late(place.hub) || !same_identity(device, found)
                   ? change(place.hub, device)
                   : Result<void>();
    });
}

// ---- settle and erase ----

Result<void> HubSteps::settle(const Settlement& settlement) {
    return in_rounds([&] { return settle_once(settlement); });
}

Result<void> HubSteps::settle_once(const Settlement& settlement) {
    const Place& place = settlement.place;
    const auto found = hubs_.find_device(place.hub, place.device_id);
    if (!found) {
        return std::unexpected(found.error());
    }
    const auto mark = *found ? mark_of(**found) : std::nullopt;
    const bool another = mark && mark->token != settlement.token;
    if (another && mark->side == MoveSide::out) {
        return fail(Code::precondition, "the device is being moved away by somebody else");
    }
    if (!*found || another) { // another copy that counts for nothing is as good as none
        return fail(Code::not_found, "the copy is not there any more");
    }
    HubDevice device = **found;
    leave_mark(device, settlement);
    device.credential = settlement.credential.value_or(device.credential);
    return same_identity(device, **found) ? Result<void>() : change(place.hub, device);
}

Result<void> HubSteps::erase(const Place& place, const MoveToken& token) {
    return in_rounds([&] { return erase_once(place, token); });
}

Result<void> HubSteps::erase_once(const Place& place, const MoveToken& token) {
    return if_there(place, [&](const HubDevice& found) {
        const auto mark = mark_of(found);
        return mark && mark->token == token ? remove(place.hub, found) : Result<void>();
    });
}

Result<void> HubSteps::carry_out(const Chore& chore) {
    switch (chore.kind) {
    case ChoreKind::release: return release(chore.place, chore.token);
    case ChoreKind::erase: return erase(chore.place, chore.token);
    case ChoreKind::block: return block(chore.place);
    case ChoreKind::unblock: break;
    }
    return unblock(chore.place);
}

} // namespace muster::provisioning
