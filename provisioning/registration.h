#pragma once
// The registration record of a device and its life (design: docs/architecture.md, "Registration").
//
//   (none) --register--> assigning(plan) --hub confirms--> assigned(hub) --register--> ...
//                             |  refused / out of retries
//                             +--> failed(reason)     (an earlier assignment survives)
//
// The plan is stored, with its operation id, before anything is done at a hub; whoever finds an
// unfinished plan finishes it; every step is idempotent (docs/decisions/0009-moves.md).

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/secret.h"
#include "provisioning/enrollment.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace muster::provisioning {

enum class RegistrationStatus : std::uint8_t { unassigned, assigning, assigned, failed, disabled };

enum class Substatus : std::uint8_t {
    initial_assignment,
    device_data_migrated,
    device_data_reset,
    reprovisioned_to_initial_assignment,
};

/// A device identity at a hub.
struct Place {
    HubName hub;
    DeviceId device_id;

    friend bool operator==(const Place&, const Place&) = default;
};

struct Assignment {
    HubName hub;
    DeviceId device_id;
    Substatus substatus = Substatus::initial_assignment;
    std::optional<WallTime> since = {}; // when the device came to this hub

    [[nodiscard]] Place place() const { return {.hub = hub, .device_id = device_id}; }
};

/// How the device will prove itself at the hub (iothub C.2).
struct HubKeys {
    SymmetricKeys keys;

    friend bool operator==(const HubKeys&, const HubKeys&) = default;
};

struct HubThumbprints {
    std::string primary; // SHA-256, upper-case hex
    std::string secondary;

    friend bool operator==(const HubThumbprints&, const HubThumbprints&) = default;
};

/// The hub knows the CA. Only ever copied from another hub, as is the next.
struct HubCertificateAuthority {
    friend bool operator==(const HubCertificateAuthority&,
                           const HubCertificateAuthority&) = default;
};

struct HubNoCredential {
    friend bool operator==(const HubNoCredential&, const HubNoCredential&) = default;
};

using HubCredential =
    std::variant<HubKeys, HubThumbprints, HubCertificateAuthority, HubNoCredential>;

/// Everything a hub must be told of a device.
struct DeviceProvision {
    DeviceId device_id;
    /// Absent: the one it has at the hub it leaves (moves that an operator began).
    std::optional<HubCredential> credential;
    bool iot_edge = false;
    InitialTwin initial_twin; // used if the identity has to be created, and for a reset

    friend bool operator==(const DeviceProvision&, const DeviceProvision&) = default;
};

/// What has been decided and must now happen at hubs.
///   ask     call the allocation function first, then decide (custom allocation)
///   keep    confirm the identity and its credential where it is
///   assign  the same, and the device was nowhere before
///   reset   the identity at its hub is deleted and created anew with the initial twin
///   move    it leaves one place and comes to another
enum class PlanKind : std::uint8_t { ask, keep, assign, reset, move };

/// How far a move or a reset has come; the others are always `begun`.
///   begun    stored; the device may be fenced at the place it leaves, or not yet
///   fenced   it is fenced there: disabled, disconnected, its twin frozen
///   decided  the point of no return: the new identity is there with its twin, disabled (move), or
///            the old one may be deleted (reset). The plan now ends in an assignment, however long
///            it takes
enum class PlanStage : std::uint8_t { begun, fenced, decided };

/// What the new place gets: what the old one has, or the initial twin.
enum class TwinSource : std::uint8_t { carried, initial };

/// Who wants it. A device's plan ends with an enabled identity; an operator's keeps what the status
/// was.
enum class PlanOrigin : std::uint8_t { device, operation };

/// Distinguishes one attempt to move a device from every other; 16 hex digits, never reused.
using MoveToken = Id<struct MoveTokenTag>;

/// What the allocation function is to be asked (dps-service 9.3): the part of the device's request
/// that outlives it.
struct Question {
    std::optional<Json> payload;
    JsonObject attestation; // "x509":{..} or "symmetricKey":{}
    std::string api_version;
    std::string peer_address;

    friend bool operator==(const Question&, const Question&) = default;
};

struct Plan {
    PlanKind kind = PlanKind::assign;
    HubName hub; // where the device ends; empty while the function has to be asked
    DeviceProvision provision;
    PlanStage stage = PlanStage::begun;
    PlanOrigin origin = PlanOrigin::device;
    TwinSource twin = TwinSource::carried; // of a move
    std::optional<Place> from;             // of a move
    MoveToken token;                       // of a move or a reset
    std::optional<Question> question;      // of an ask
    std::optional<JsonObject> payload;     // from the allocation function; for the device
    std::string operation; // of the fleet whose part it is, or empty: fleet/operation.h

    [[nodiscard]] Place place() const { return {.hub = hub, .device_id = provision.device_id}; }

    friend bool operator==(const Plan&, const Plan&) = default;
};

/// What is left to do at a hub when the plan itself has ended. Done in the background until it is
/// done; harmless if done twice, late, or never.
enum class ChoreKind : std::uint8_t {
    release, // a fence that is not needed any more: enabled again, as it was
    erase,   // a disabled copy that is not needed any more
    block,   // the device is to be disabled where it is, until further notice
    unblock, // as it was before it was blocked
};

struct Chore {
    ChoreKind kind = ChoreKind::erase;
    Place place;
    MoveToken token; // does nothing to an identity that bears another mark, or none
    int tries = 0;
    std::string problem; // the last one
    WallTime since;

    friend bool operator==(const Chore&, const Chore&) = default;
};

/// However often it was tried.
inline bool is_same(const Chore& left, const Chore& right) {
    return left.kind == right.kind && left.place == right.place && left.token == right.token;
}

/// More is not begun: a hub that does not answer would let them grow without end.
inline constexpr std::size_t chores_max = 16;

/// An operator keeps the device out: of registration, and of the hub where it is.
struct Block {
    WallTime since;
    std::string reason; // of the operator; perhaps empty

    friend bool operator==(const Block&, const Block&) = default;
};

struct Failure {
    int error_code = 0; // six digits
    std::string message;

    friend bool operator==(const Failure&, const Failure&) = default;
};

/// Which enrollment decided.
struct DecidedByIndividual {
    RegistrationId id;

    friend bool operator==(const DecidedByIndividual&, const DecidedByIndividual&) = default;
};

struct DecidedByGroup {
    EnrollmentGroupId id;

    friend bool operator==(const DecidedByGroup&, const DecidedByGroup&) = default;
};

using DecidedBy = std::variant<DecidedByIndividual, DecidedByGroup>;

struct RegistrationRecord {
    RegistrationId id; // as first spelled
    RegistrationStatus status = RegistrationStatus::unassigned;
    std::optional<Assignment> assignment; // survives a later failure
    std::optional<Plan> plan;             // present exactly while status is assigning
    /// Where an attempt that did not end in an assignment may have left the device. Whoever assigns
    /// it elsewhere moves it away from there first.
    std::optional<Place> unconfirmed;
    std::vector<Chore> chores;        // at most chores_max, and those of a block
    std::optional<HubName> held_at;   // quarantine: this hub, whatever the policy says
    std::optional<Block> block;       // survives the record's deletion
    std::vector<WallTime> moved;      // newest first, at most 8: see fleet/suspects.h
    std::vector<WallTime> registered; // attempts, newest first, at most 24
    /// The enrollment or the record was deleted. Hidden from everybody but the next registration of
    /// this id, which must know where the device may still be.
    bool erased = false;
    std::optional<Failure> failure; // with failed and disabled
    std::optional<DecidedBy> decided_by;
    OperationId operation;                       // of the latest attempt
    std::vector<OperationId> earlier_operations; // newest first, at most 4; still answered
    std::optional<JsonObject> payload;           // from a custom allocation webhook
    std::optional<JsonObject> attestation_note;  // "x509":{} or "symmetricKey":{...} of the answer
    ResourceStamp stamp;

    [[nodiscard]] bool answers_to(const OperationId& asked) const;

    /// A plan or a chore is left to do.
    [[nodiscard]] bool unfinished() const { return plan.has_value() || !chores.empty(); }
};

std::string_view to_string(RegistrationStatus status);
std::string_view to_string(Substatus substatus);
std::string_view to_string(PlanKind kind);
std::string_view to_string(PlanStage stage);
std::string_view to_string(ChoreKind kind);

} // namespace muster::provisioning
