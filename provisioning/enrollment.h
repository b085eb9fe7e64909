#pragma once
// Enrollments: what an operator says of the devices to come (reference: dps-service 2 and 3).
// Values only; how they are checked and changed is in enrollments.h.

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/secret.h"
#include "crypto/certificate.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace muster::provisioning {

/// Either key proves; rotation replaces one at a time.
struct SymmetricKeys {
    Secret primary; // decoded
    Secret secondary;

    friend bool operator==(const SymmetricKeys&, const SymmetricKeys&) = default;
};

template <class T>
struct Slots {
    std::optional<T> primary;
    std::optional<T> secondary;
};

struct SymmetricKeyAttestation {
    SymmetricKeys keys;
};

/// Certificates as a caller writes them. A slot that came as `info` only means "the one you have"
/// (dps-service 6.4): `kept` then holds the SHA-256 thumbprint it names, or nothing readable
/// (empty). Nothing stored has `kept` set; Enrollments::put resolves it.
struct CertificateSlots : Slots<crypto::Certificate> {
    Slots<std::string> kept;
};

/// The device's own certificates; individual enrollments only.
struct ClientCertificates {
    CertificateSlots certificates;
};

/// A certificate that must stand in the device's chain; groups only.
struct SigningCertificates {
    CertificateSlots certificates;
};

/// Names of CA certificates registered with the instance.
struct CaReferences {
    Slots<std::string> names;
};

/// Stored and returned; no transport here can prove it yet (README, feature table).
struct TpmAttestation {
    std::string endorsement_key; // base64 of TPM2B_PUBLIC, as given
    std::optional<std::string> storage_root_key;
};

struct NoAttestation {};

using Attestation = std::variant<SymmetricKeyAttestation, ClientCertificates, SigningCertificates,
                                 CaReferences, TpmAttestation, NoAttestation>;

enum class ProvisioningStatus : std::uint8_t { enabled, disabled };

enum class AllocationPolicy : std::uint8_t {
    hashed,
    geo_latency,
    fixed,
    custom
}; // fixed: "static"

struct ReprovisionPolicy {
    bool update_hub_assignment = true;
    bool migrate_device_data = true;
};

struct InitialTwin {
    JsonObject tags;
    JsonObject desired;

    friend bool operator==(const InitialTwin&, const InitialTwin&) = default;
};

/// What individual enrollments and groups have in common.
struct EnrollmentTerms {
    Attestation attestation;
    ProvisioningStatus status = ProvisioningStatus::enabled;
    std::optional<AllocationPolicy> allocation_policy; // absent: the instance's default decides
    std::optional<ReprovisionPolicy> reprovision_policy;
    std::vector<HubName> hubs;                      // empty: every linked hub is a candidate
    bool hubs_sent_empty = false;                   // [], which is echoed (dps-service 13.1, 24)
    std::optional<HubName> legacy_hub;              // iotHubHostName
    std::optional<bool> iot_edge;                   // capabilities.iotEdge
    std::optional<JsonObject> initial_twin;         // exactly as sent; see initial_twin_of()
    std::optional<JsonObject> custom_allocation;    // customAllocationDefinition, exactly as sent
    std::optional<std::string> trust_bundle_id;     // echoed
    std::optional<JsonObject> certificate_issuance; // clientCertificateIssuancePolicy, echoed
    std::optional<std::string> credential_policy;   // credentialPolicyName, echoed
};

/// The reprovisioning policy lets its devices stay where they are.
inline bool says_never(const EnrollmentTerms& terms) {
    return terms.reprovision_policy && !terms.reprovision_policy->update_hub_assignment;
}

/// Set by the service, never by a caller.
struct ResourceStamp {
    std::int64_t version = 0; // from the time of creation on, +1 at every change
    ETag etag;
    WallTime created;
    WallTime updated;
};

struct IndividualEnrollment {
    RegistrationId id;
    std::optional<DeviceId> device_id;
    std::optional<JsonObject> device_information; // optionalDeviceInformation, exactly as sent
    EnrollmentTerms terms;
    ResourceStamp stamp;

    /// The device's name at the hub: device_id, else the registration id as spelled here.
    [[nodiscard]] DeviceId hub_device_id() const;
};

struct EnrollmentGroup {
    EnrollmentGroupId id;
    EnrollmentTerms terms;
    ResourceStamp stamp;
};

/// tags and properties.desired of an initialTwin document, empty where it has none.
InitialTwin initial_twin_of(const EnrollmentTerms& terms);

} // namespace muster::provisioning
