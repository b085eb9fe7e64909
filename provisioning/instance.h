#pragma once
// One provisioning instance as configured: what the control plane would manage.

#include "base/ids.h"
#include "base/secret.h"
#include "crypto/certificate.h"
#include "provisioning/enrollment.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::provisioning {

struct LinkedHub {
    HubName name;
    int weight = 1;                      // 1 to 1000
    bool apply_allocation_policy = true; // false: never chosen
};

/// Rights nest: write contains read; enrollment write contains registration rights
/// (dps-service 1.6).
enum class Right : std::uint8_t {
    service_config,
    enrollment_read,
    enrollment_write,
    device_connect,
    registration_read,
    registration_write,
};

struct AccessPolicy {
    std::string name; // "provisioningserviceowner"
    SymmetricKeys keys;
    std::vector<Right> rights; // as granted; see allows()

    [[nodiscard]] bool allows(Right right) const;
};

struct CaCertificate {
    std::string name;
    crypto::Certificate certificate;
    bool verified = false; // only verified ones anchor a chain
};

/// Immutable while the server runs; a change makes a new one.
struct Instance {
    IdScope scope;
    std::vector<std::string> host_names; // lower case; the service API answers to these
    AllocationPolicy default_policy = AllocationPolicy::hashed;
    std::vector<LinkedHub> hubs;
    std::vector<AccessPolicy> policies;
    std::vector<CaCertificate> certificates;

    [[nodiscard]] const LinkedHub* find_hub(const HubName& name) const;
    [[nodiscard]] const CaCertificate* find_certificate(std::string_view name) const;
};

} // namespace muster::provisioning
