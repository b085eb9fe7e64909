#pragma once
// The control plane's use cases: instances come, change and go while the server runs (reference:
// dps-service 10). Load, decide, save with an expected version, publish.

#include "base/clock.h"
#include "base/random.h"
#include "base/task.h"
#include "provisioning/current_instance.h"
#include "provisioning/enrollments.h"
#include "provisioning/ports.h"
#include "provisioning/principal.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace muster::provisioning {

/// What a caller may set of a policy; keys left open are kept, or generated for a new one.
struct PolicySettings {
    std::string name;
    std::vector<Right> rights;
    std::optional<Secret> primary; // decoded
    std::optional<Secret> secondary;
};

/// What a caller may set of an instance. A member that is absent keeps its value, or gets the
/// default at creation.
struct InstanceSettings {
    std::string name;
    std::string tenant;
    std::optional<std::string> location;
    std::optional<JsonObject> tags;
    std::optional<std::vector<std::string>> extra_hosts; // beside `{name}.{domain}`
    std::optional<AllocationPolicy> default_policy;
    std::optional<bool> even_load;
    std::optional<std::vector<LinkedHub>> hubs; // an empty connection string is kept
    std::optional<std::vector<PolicySettings>> policies;
    std::optional<std::vector<IpRule>> ip_rules;
    std::optional<bool> public_network_access;
    std::optional<bool> shared_key_access;
    std::optional<Quotas> quotas;
    std::optional<IdScope> scope; // at creation only, by the configuration; else generated
};

enum class KeySlot : std::uint8_t { primary, secondary };

using InstancePtr = std::shared_ptr<const Instance>;

/// Told of every instance that starts or stops being served; called in order, under a lock of the
/// caller: must not call back.
class InstanceObserver {
  public:
    virtual ~InstanceObserver() = default;
    virtual void serve(std::shared_ptr<CurrentInstance> instance) = 0;
    virtual void changed(const Instance& before, const Instance& after) = 0;
    virtual void withdraw(const IdScope& scope) = 0;
};

/// Thread safe. Errors of all: not_found, already_exists, precondition, malformed, quota_exceeded,
/// plus the store's. Names compare without case.
class Instances {
  public:
    struct Ports {
        InstanceStore& store;
        HubLinks& hubs;
        Executor& workers;
        Scheduler& timers;
        const Clock& clock;
        Random& random;
        std::string domain;                   // of `{name}.{domain}`
        std::vector<std::string> other_hosts; // lower case; the hubs', no instance may take them
    };

    explicit Instances(const Ports& ports);
    ~Instances();

    /// Everything stored, published to the observer; deletions under way are taken up again. Once.
    Result<void> load(InstanceObserver& observer);

    [[nodiscard]] std::vector<InstancePtr> all() const;
    /// Also one that is being deleted; null if there is none.
    [[nodiscard]] InstancePtr find(std::string_view name) const;

    /// Creates (If-Match absent or `*` on nothing... see permit_put) or changes.
    struct Saved {
        InstancePtr instance;
        bool created = false;
    };

    /// Without If-Match an existing instance is changed (ARM's PUT), with one only that version.
    /// What would change nothing is not written, and keeps its etag.
    Result<Saved> put(const InstanceSettings& wanted, const IfMatch& if_match, const Principal& by);
    /// Withdrawn at once; its rows are purged in the background, surviving restarts.
    Result<void> erase(std::string_view name, const IfMatch& if_match, const Principal& by);

    /// A former hub will never be back (FormerHub::lost), or is back after all. Error: not_found;
    /// precondition if it is linked.
    Result<InstancePtr> declare_lost(std::string_view name, const HubName& hub, bool lost,
                                     const Principal& by);
    /// Sets or, with no hub, ends the quarantine of a group. Errors: not_found, malformed (the hub
    /// is not linked).
    Result<InstancePtr> quarantine_group(std::string_view name, const EnrollmentGroupId& group,
                                         const std::optional<HubName>& hub,
                                         const std::string& reason, const Principal& by);
    /// Whether the allocation policy may choose a linked hub: what a drain switches off.
    Result<InstancePtr> set_apply_policy(std::string_view name, const HubName& hub, bool apply,
                                         const Principal& by);

    Result<InstancePtr> rotate_key(std::string_view name, std::string_view policy, KeySlot slot,
                                   const Principal& by);

    // ---- certificates (dps-service 10.4): every change resets or advances the proof ----

    struct CertificateSettings {
        std::string name;
        crypto::Certificate certificate;
        bool verified = false;
    };

    Result<InstancePtr> put_certificate(std::string_view name, const CertificateSettings& wanted,
                                        const IfMatch& if_match, const Principal& by);
    Result<InstancePtr> erase_certificate(std::string_view name, std::string_view certificate,
                                          const IfMatch& if_match, const Principal& by);
    /// 48 upper-case hex digits in CaCertificate::verification_code.
    Result<InstancePtr> new_verification_code(std::string_view name, std::string_view certificate,
                                              const IfMatch& if_match, const Principal& by);
    /// `proof` was issued by the CA and its CN is the code. Error: malformed, saying what is wrong.
    Result<InstancePtr> verify_certificate(std::string_view name, std::string_view certificate,
                                           const crypto::Certificate& proof,
                                           const IfMatch& if_match, const Principal& by);

  private:
    class Registry;
    std::shared_ptr<Registry> registry_; // a timer may still hold it when its owner is gone
};

} // namespace muster::provisioning
