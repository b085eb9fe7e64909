#include "provisioning/group_index.h"

#include "base/text.h"

#include <algorithm>

namespace muster::provisioning {

GroupIndex::GroupIndex(std::vector<EnrollmentGroup> groups,
                       std::shared_ptr<const Instance> instance)
    : groups_(std::move(groups)), instance_(std::move(instance)) {
    std::ranges::sort(groups_, {}, &EnrollmentGroup::id);
    add_symmetric(ProvisioningStatus::enabled);
    add_symmetric(ProvisioningStatus::disabled);
    for (const EnrollmentGroup& group : groups_) {
        add_anchors(group);
    }
}

void GroupIndex::add_symmetric(ProvisioningStatus status) {
    for (const EnrollmentGroup& group : groups_) {
        if (group.terms.status == status &&
            std::holds_alternative<SymmetricKeyAttestation>(group.terms.attestation)) {
            symmetric_.push_back(&group);
        }
    }
}

void GroupIndex::add_anchors(const EnrollmentGroup& group) {
    if (const auto* signing = std::get_if<SigningCertificates>(&group.terms.attestation)) {
        has_x509_ = true;
        for (const auto& slot : {signing->certificates.primary, signing->certificates.secondary}) {
            if (slot) {
                add_anchor({.certificate = *slot, .group = &group, .trusted = true});
            }
        }
    }
    if (const auto* references = std::get_if<CaReferences>(&group.terms.attestation)) {
        has_x509_ = true;
        for (const auto& slot : {references->names.primary, references->names.secondary}) {
            const CaCertificate* ca = slot ? instance_->find_certificate(*slot) : nullptr;
            if (ca != nullptr) {
                add_anchor(
                    {.certificate = ca->certificate, .group = &group, .trusted = ca->verified});
            }
        }
    }
}

void GroupIndex::add_anchor(GroupAnchor anchor) {
    std::string subject = to_lower(anchor.certificate.subject_name());
    anchors_.emplace(std::move(subject), std::move(anchor));
}

const EnrollmentGroup* GroupIndex::find(const EnrollmentGroupId& id) const {
    const auto found = std::ranges::lower_bound(groups_, id, {}, &EnrollmentGroup::id);
    return found != groups_.end() && found->id == id ? &*found : nullptr;
}

std::vector<const GroupAnchor*>
GroupIndex::possible_issuers(const crypto::Certificate& certificate) const {
    std::vector<const GroupAnchor*> found;
    const auto [begin, end] = anchors_.equal_range(to_lower(certificate.issuer_name()));
    for (auto it = begin; it != end; ++it) {
        found.push_back(&it->second);
    }
    return found;
}

Result<std::shared_ptr<const GroupIndex>>
GroupCache::current(const std::shared_ptr<const Instance>& instance) {
    // The revision is read before the groups: a change in between is then seen the next time.
    const Result<std::int64_t> revision = store_.groups_revision(instance->scope);
    if (!revision) {
        return std::unexpected(revision.error());
    }
    {
        const std::scoped_lock lock(mutex_);
        if (index_ && revision_ == *revision && instance_ == instance) {
            return index_;
        }
    }
    Result<std::vector<EnrollmentGroup>> groups = store_.groups(instance->scope);
    if (!groups) {
        return std::unexpected(std::move(groups).error());
    }
    auto index = std::make_shared<const GroupIndex>(*std::move(groups), instance);
    const std::scoped_lock lock(mutex_);
    if (!index_ || *revision >= revision_) {
        instance_ = instance;
        revision_ = *revision;
        index_ = index;
    }
    return index;
}

} // namespace muster::provisioning
