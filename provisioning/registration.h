#pragma once
// The registration record of a device and its life (design: docs/architecture.md, "Registration").
//
//   (none) --register--> assigning(plan) --hub confirms--> assigned(hub) --register--> ...
//                             |  refused / out of retries
//                             +--> failed(reason)     (an earlier assignment survives)
//
// The plan is stored, with its operation id, before anything is done at a hub; whoever finds an
// unfinished plan finishes it; every step is idempotent.

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

struct Assignment {
    HubName hub;
    DeviceId device_id;
    Substatus substatus = Substatus::initial_assignment;
};

/// Where an attempt that did not end in an assignment may have left the device. The next attempt
/// goes there again while that hub is linked, so that no device ends up enabled on two hubs.
struct UnconfirmedPlace {
    HubName hub;
    DeviceId device_id;
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

using HubCredential = std::variant<HubKeys, HubThumbprints>;

/// Everything a hub must be told of a device.
struct DeviceProvision {
    DeviceId device_id;
    HubCredential credential;
    bool iot_edge = false;
    InitialTwin initial_twin; // used only if the identity has to be created

    friend bool operator==(const DeviceProvision&, const DeviceProvision&) = default;
};

/// What has been decided and must now happen at a hub. Keep still confirms the identity and its
/// credential there (a device may come with a new certificate).
enum class PlanKind : std::uint8_t { keep, assign };

struct Plan {
    PlanKind kind = PlanKind::assign;
    HubName hub;
    DeviceProvision provision;

    friend bool operator==(const Plan&, const Plan&) = default;
};

struct Failure {
    int error_code = 0; // six digits
    std::string message;
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
    std::optional<Assignment> assignment;        // survives a later failure
    std::optional<Plan> plan;                    // present exactly while status is assigning
    std::optional<UnconfirmedPlace> unconfirmed; // until an assignment is confirmed
    std::optional<Failure> failure;              // with failed and disabled
    std::optional<DecidedBy> decided_by;
    OperationId operation;                       // of the latest attempt
    std::vector<OperationId> earlier_operations; // newest first, at most 4; still answered
    std::optional<JsonObject> payload;           // from a custom allocation webhook
    std::optional<JsonObject> attestation_note;  // "x509":{} or "symmetricKey":{...} of the answer
    ResourceStamp stamp;

    [[nodiscard]] bool answers_to(const OperationId& asked) const;
};

std::string_view to_string(RegistrationStatus status);
std::string_view to_string(Substatus substatus);

} // namespace muster::provisioning
