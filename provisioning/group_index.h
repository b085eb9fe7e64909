#pragma once
// The enrollment groups of one instance, prepared for finding the one that a device belongs to.

#include "provisioning/current_instance.h"
#include "provisioning/ports.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace muster::provisioning {

/// A certificate that a group accepts above its devices' leaves.
struct GroupAnchor {
    crypto::Certificate certificate;
    const EnrollmentGroup* group = nullptr;
    bool trusted = false; // false: a CA reference whose possession nobody has proved
};

/// Immutable; owns the groups that its parts point to.
class GroupIndex {
  public:
    GroupIndex(std::vector<EnrollmentGroup> groups, std::shared_ptr<const Instance> instance);
    GroupIndex(const GroupIndex&) = delete;
    GroupIndex& operator=(const GroupIndex&) = delete;

    /// Ordered by folded id.
    [[nodiscard]] const std::vector<EnrollmentGroup>& groups() const { return groups_; }

    /// Null if there is none.
    [[nodiscard]] const EnrollmentGroup* find(const EnrollmentGroupId& id) const;

    /// Whose CA certificates the groups refer to.
    [[nodiscard]] const Instance& instance() const { return *instance_; }

    /// Symmetric key groups, the enabled ones first: a disabled one is only tried so that its
    /// devices can be told (dps-service 14, 14).
    [[nodiscard]] const std::vector<const EnrollmentGroup*>& symmetric() const {
        return symmetric_;
    }

    [[nodiscard]] bool has_x509() const { return has_x509_; }

    /// Anchors that could have issued the certificate, going by the names only.
    [[nodiscard]] std::vector<const GroupAnchor*>
    possible_issuers(const crypto::Certificate& certificate) const;

  private:
    void add_symmetric(ProvisioningStatus status);
    void add_anchors(const EnrollmentGroup& group);
    void add_anchor(GroupAnchor anchor);

    std::vector<EnrollmentGroup> groups_;
    std::shared_ptr<const Instance> instance_;
    std::vector<const EnrollmentGroup*> symmetric_;
    bool has_x509_ = false;
    std::multimap<std::string, GroupAnchor> anchors_; // by subject, in lower case
};

/// Keeps the latest index, so that a registration reads a revision instead of every group.
/// Thread safe.
class GroupCache {
  public:
    explicit GroupCache(EnrollmentStore& store) : store_(store) {}

    /// For this very instance value: a changed CA certificate changes who may belong to a group.
    Result<std::shared_ptr<const GroupIndex>>
    current(const std::shared_ptr<const Instance>& instance);

  private:
    EnrollmentStore& store_;
    std::mutex mutex_;
    std::shared_ptr<const Instance> instance_;
    std::int64_t revision_ = 0;
    std::shared_ptr<const GroupIndex> index_;
};

} // namespace muster::provisioning
