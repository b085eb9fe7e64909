#pragma once
// What provisioning does at hubs, each step safe to repeat, safe to come late, and safe against
// another process that does the same (docs/decisions/0009-moves.md). All of it stands on three
// properties of a hub: creation fails if the identity is there, updates and deletions can be tied
// to an etag, and every change gives a new one.
//
// A copy that bears `moving in` counts for nothing and may be replaced by anybody. A copy that
// bears `moving out` is the truth until a plan has been *decided*. An identity without a mark is in
// use.

#include "base/result.h"
#include "provisioning/hubs.h"
#include "provisioning/moving/mark.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::provisioning {

/// What could not be carried to the new hub, for the operator: "module $edgeHub: ...".
using NotCarried = std::vector<std::string>;

/// What a fence found.
enum class Fenced : std::uint8_t { present, absent };

/// How a device that ends in use is left, and what becomes of a block that is found on it.
enum class Access : std::uint8_t {
    unless_blocked, // enabled; one that is blocked is refused: whoever blocked it lets it in again
    open,           // enabled, whatever it was
    blocked,        // disabled, bearing `blocked`
};

/// Asked between reading an identity and changing it, at hubs that act late: whether the record
/// still wants what it wanted when the step began. Whatever makes the step obsolete
/// afterwards changes the identity first, and the etag that was read is worth nothing. Error:
/// conflict.
using StillWanted = std::function<Result<void>()>;

/// Thread safe; holds no state. Errors besides those of Hubs: conflict, if somebody else changed
/// the identity again and again meanwhile (try again).
class HubSteps {
  public:
    explicit HubSteps(Hubs& hubs, StillWanted still_wanted = {})
        : hubs_(hubs), still_wanted_(std::move(still_wanted)) {}

    /// keep, assign: the identity is there, enabled, with this credential; created with the initial
    /// twin if it was not there, or if what was there is a copy that counts for nothing. A fence is
    /// lifted, and the twin stays. When this has failed, fence() ends whatever may still be on its
    /// way. Error: precondition, if it is blocked there, by another scope perhaps.
    Result<void> ensure(const HubName& hub, const DeviceProvision& provision,
                        Access access = Access::unless_blocked);

    /// From here on the identity is disabled and bears `moving out` with this token, unless it is
    /// absent; and no earlier call of ours enables it any more. An identity that bears the same
    /// mark is left as it is; one with another `moving out` gets this token, keeping what it was. A
    /// copy that counts for nothing is deleted, and so absent. Error: precondition, if it is
    /// blocked and that is not to be taken along.
    Result<Fenced> fence(const Place& place, const MoveToken& token, Access access = Access::open);

    /// Undoes fence(): as it was before. An identity without a mark gets a new etag at a hub that
    /// acts late, which ends a fence that is still on its way; others are left alone.
    Result<void> release(const Place& place, const MoveToken& token);

    struct Transfer {
        Place from;
        Place to;
        MoveToken token;
        TwinSource twin = TwinSource::carried;
        DeviceProvision provision; // credential absent: the old one
    };

    /// The copy at `to`, disabled, bearing `moving in` with this token: identity, twin and modules
    /// as they are at `from`, which is fenced by the token, or, for TwinSource::initial or with
    /// nothing at `from`, with the initial twin. What bears any mark at `to` already is replaced.
    /// Error: already_exists, if an identity in use is there (and stays as it is); precondition, if
    /// `from` does not bear the token any more, or nothing is there to carry and no credential
    /// given.
    Result<NotCarried> place(const Transfer& transfer);

    /// The copy loses its mark and is enabled, or, for an operation or if the mark remembers a
    /// block, is what the device was before. Blocked on top of that, if so wanted. One without a
    /// mark has been settled before. Errors: not_found (place() again), precondition (somebody else
    /// moves it away).
    struct Settlement {
        Place place;
        MoveToken token;
        std::optional<HubCredential> credential; // if the device came with a newer one meanwhile
        PlanOrigin origin = PlanOrigin::device;
        Access access = Access::open; // or blocked
    };

    Result<void> settle(const Settlement& settlement);

    /// Deletes what bears this token, on either side; nothing else, and nothing is fine.
    Result<void> erase(const Place& place, const MoveToken& token);

    /// Of a device that no plan is about: from here on it is disabled and bears `blocked`, unless
    /// it is absent; and no earlier call of ours enables it any more. A fence that is still to be
    /// lifted leads to a blocked device then. A copy that counts for nothing is deleted. Written
    /// even if it is blocked already: a hub of ours drops what is queued for it each time.
    Result<void> block(const Place& place);
    /// Undoes block(): as it was before. Others are left alone, as by release().
    Result<void> unblock(const Place& place);

    /// Whichever of these the chore is.
    Result<void> carry_out(const Chore& chore);

  private:
    struct Copy {
        HubDevice device;
        HubTwin twin;
        std::vector<HubModule> modules;
        NotCarried left_behind;
    };

    Result<void> ensure_once(const HubName& hub, const DeviceProvision& provision, Access access);
    Result<void> create_anew(const HubName& hub, const DeviceProvision& provision, Access access);
    Result<Fenced> fence_once(const Place& place, const MoveToken& token, Access access);
    Result<void> release_once(const Place& place, const MoveToken& token);
    Result<NotCarried> place_once(const Transfer& transfer);
    Result<Copy> copy_of(const Transfer& transfer);
    Result<void> carry_twin(const Transfer& transfer, Copy& copy);
    Result<void> clear(const Place& place);
    Result<void> put_modules(const Place& place, Copy& copy);
    Result<void> settle_once(const Settlement& settlement);
    Result<void> block_once(const Place& place);
    Result<void> unblock_once(const Place& place);
    Result<void> erase_once(const Place& place, const MoveToken& token);
    template <class Action>
    Result<void> if_there(const Place& place, Action action);
    // Under the etag that was read, after still_wanted_ where calls may come late.
    Result<void> change(const HubName& hub, const HubDevice& device);
    Result<void> remove(const HubName& hub, const HubDevice& device);
    Result<void> ask_record(const HubName& hub);

    Hubs& hubs_;
    StillWanted still_wanted_;
};

} // namespace muster::provisioning
