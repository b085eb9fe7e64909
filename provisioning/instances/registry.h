#pragma once
// Every instance of this process: what is stored, what is published, and the one way from one to
// the next. A change is decided and stored while no other is, so what must be unique stays unique;
// readers never wait for it.

#include "provisioning/instances.h"
#include "provisioning/instances/purge.h"
#include "provisioning/stamps.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace muster::provisioning {

class Instances::Registry : public std::enable_shared_from_this<Registry> {
  public:
    explicit Registry(const Ports& ports) : ports_(ports) {}

    Result<void> load(InstanceObserver& observer);

    [[nodiscard]] std::vector<InstancePtr> all() const;
    [[nodiscard]] InstancePtr find(std::string_view name) const;

    /// What is to be stored, and what the audit trail says of it; nothing to leave it as it is.
    struct Proposal {
        std::optional<Instance> next;
        Change change;
    };

    /// Given the instance, null if there is none of the name. Called again after a conflict.
    using Decide = std::function<Result<Proposal>(const Instance* current)>;

    /// Error: also conflict, while the instance is being deleted.
    Result<InstancePtr> change(std::string_view name, const Decide& decide);

    /// For the decision about a put().
    Result<Proposal> decide_put(const Instance* current, const InstanceSettings& wanted,
                                const IfMatch& if_match, const Principal& by) const;

    struct CertificateDeed {
        std::string_view instance;
        std::string_view certificate;
        std::string_view verb; // for the audit trail
        const Principal& by;
    };

    using DecideCertificate = std::function<Result<Instance>(Instance, const Mark&)>;

    Result<InstancePtr> change_certificate(const CertificateDeed& deed,
                                           const DecideCertificate& decide);

    struct StateDeed {
        std::string_view instance;
        std::string_view action; // for the audit trail, as the next
        std::string resource;
        const Principal& by;
    };

    using DecideState = std::function<Result<Instance>(Instance, WallTime now)>;

    Result<InstancePtr> change_state(const StateDeed& deed, const DecideState& decide);

    [[nodiscard]] const Ports& ports() const { return ports_; }

    [[nodiscard]] Mark new_mark() const { // another etag each time
        return provisioning::new_mark(ports_.clock, ports_.random);
    }

  private:
    [[nodiscard]] Result<Instance> base_of(const InstanceSettings& wanted,
                                           const Instance* current) const;
    /// May the instance answer to its hosts? Error: already_exists.
    [[nodiscard]] Result<void> check_hosts(const Instance& instance) const;
    /// One that this process has never seen.
    [[nodiscard]] IdScope new_scope() const;
    [[nodiscard]] bool knows_scope(const IdScope& scope) const;

    /// All under changing_.
    Result<void> refresh();
    Result<InstancePtr> commit(const Instance* current, const Proposal& proposal);
    void publish(const Instance& instance);
    void introduce(const Instance& instance);
    void replace(CurrentInstance& entry, const Instance& next);
    void forget(const IdScope& scope);
    void purge(const Instance& instance);

    [[nodiscard]] std::shared_ptr<CurrentInstance> entry(std::string_view name) const;

    Ports ports_;
    InstanceObserver* observer_ = nullptr;
    std::mutex changing_;
    mutable std::mutex mutex_;                                        // of what follows
    std::map<std::string, std::shared_ptr<CurrentInstance>> entries_; // by name in lower case
    std::set<std::string> scopes_seen_;
    std::map<std::string, std::shared_ptr<Purge>> purges_; // by scope
};

} // namespace muster::provisioning
