#pragma once
// One provisioning instance: what the control plane manages (reference: dps-service 10). A value; a
// change makes a new one (current_instance.h), checked and stored by instances.h.

#include "base/ids.h"
#include "base/json.h"
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
    std::string location;     // echoed; a place for geoLatency if parse_location reads it
    Secret connection_string; // empty for a hub linked by the configuration
    std::int64_t devices_max = 1'000'000; // of this instance; a hub that has so many takes no more
};

/// A hub that was unlinked while it may still have devices: they can be moved away from it, and
/// what they leave there is deleted.
struct FormerHub {
    HubName name;
    Secret connection_string;
    /// The operator says that it will never be back: devices are assigned elsewhere as if they had
    /// been nowhere, with their initial twins.
    bool lost = false;
};

inline constexpr std::size_t former_hubs_max = 100; // lost ones are forgotten first

/// Every device of the group is to be at this hub.
struct GroupQuarantine {
    EnrollmentGroupId group;
    HubName hub;
    std::string reason;
    WallTime since;
};

inline constexpr std::size_t group_quarantines_max = 100;

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
    std::string name; // compared without case
    crypto::Certificate certificate;
    bool verified = false;         // only verified ones anchor a chain
    std::string verification_code; // of the proof under way, empty if none (dps-service 10.4)
    ResourceStamp stamp;
};

/// dps-service 10.1: the first rule that matches decides; none does: accepted.
struct IpRule {
    enum class Action : std::uint8_t { accept, reject };
    enum class Target : std::uint8_t { all, service_api, device_api };

    std::string name;
    Action action = Action::accept;
    Target target = Target::all;
    std::string mask; // CIDR, IPv4 or IPv6
};

/// Absent: no limit.
struct Quotas {
    std::optional<std::int64_t> enrollments; // individual
    std::optional<std::int64_t> enrollment_groups;
    std::optional<std::int64_t> registrations;
};

enum class InstanceState : std::uint8_t { active, deleting };

struct Instance {
    IdScope scope;
    std::string name;                    // compared without case; unique in the whole server
    std::string tenant;                  // the resource group; compared without case
    std::string location = "local";      // echoed
    JsonObject tags;                     // echoed
    std::vector<std::string> host_names; // lower case; the service API answers to these
    AllocationPolicy default_policy = AllocationPolicy::hashed;
    bool even_load = false; // hashed looks at how many devices each hub has (allocation.h)
    std::vector<LinkedHub> hubs;
    std::vector<FormerHub> former_hubs; // newest last; set by the service as hubs are unlinked
    std::vector<GroupQuarantine> quarantines;
    std::vector<AccessPolicy> policies;
    std::vector<CaCertificate> certificates;
    std::vector<IpRule> ip_rules;
    bool public_network_access = true; // false: only loopback and private addresses get in
    bool shared_key_access = true;     // false: SAS tokens of policies are refused
    Quotas quotas;
    InstanceState state = InstanceState::active;
    std::string deleted_by; // while deleting: who is to be named when it is gone
    ResourceStamp stamp;

    [[nodiscard]] const LinkedHub* find_hub(const HubName& name) const;
    [[nodiscard]] const FormerHub* find_former_hub(const HubName& name) const;
    [[nodiscard]] const GroupQuarantine* find_quarantine(const EnrollmentGroupId& group) const;
    [[nodiscard]] const CaCertificate* find_certificate(std::string_view name) const;
    [[nodiscard]] const AccessPolicy* find_policy(std::string_view name) const;
};

/// "ServiceConfig, DeviceConnect, EnrollmentWrite": canonical, as Azure prints it (dps-service
/// 1.6).
std::string rights_text(const std::vector<Right>& rights);
/// Error: malformed, for a name that is none.
Result<std::vector<Right>> parse_rights(std::string_view text);

/// May a caller from this address (without port) use this side of the instance?
bool admits(const Instance& instance, IpRule::Target side, std::string_view address);

} // namespace muster::provisioning
