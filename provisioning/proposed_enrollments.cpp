#include "provisioning/proposed_enrollments.h"

#include <algorithm>
#include <utility>

namespace muster::provisioning {

namespace {

bool holds(const IndividualEnrollment& enrollment, const std::string& thumbprint) {
    const auto* client = std::get_if<ClientCertificates>(&enrollment.terms.attestation);
    if (client == nullptr) {
        return false;
    }
    const auto matches = [&](const std::optional<crypto::Certificate>& slot) {
        return slot && slot->sha256_thumbprint() == thumbprint;
    };
    return matches(client->certificates.primary) || matches(client->certificates.secondary);
}

} // namespace

bool ProposedEnrollments::is_shadowed(const RegistrationId& id) const {
    const auto& named = proposal_.enrollments;
    const auto& removed = proposal_.without_enrollments;
    return std::ranges::find(named, id, &IndividualEnrollment::id) != named.end() ||
           std::ranges::find(removed, id) != removed.end();
}

bool ProposedEnrollments::is_shadowed(const EnrollmentGroup& group) const {
    const auto& named = proposal_.groups;
    const auto& removed = proposal_.without_groups;
    return std::ranges::find(named, group.id, &EnrollmentGroup::id) != named.end() ||
           std::ranges::find(removed, group.id) != removed.end();
}

Result<std::optional<IndividualEnrollment>>
ProposedEnrollments::individual(const IdScope& scope, const RegistrationId& id) {
    const auto& named = proposal_.enrollments;
    const auto found = std::ranges::find(named, id, &IndividualEnrollment::id);
    if (found != named.end()) {
        return *found;
    }
    return is_shadowed(id) ? std::nullopt : stored_.individual(scope, id);
}

Result<std::optional<RegistrationId>>
ProposedEnrollments::holder_of(const IdScope& scope, const std::string& thumbprint) {
    for (const IndividualEnrollment& one : proposal_.enrollments) {
        if (holds(one, thumbprint)) {
            return one.id;
        }
    }
    auto holder = stored_.holder_of(scope, thumbprint);
    if (holder && *holder && is_shadowed(**holder)) {
        return std::optional<RegistrationId>();
    }
    return holder;
}

Result<std::shared_ptr<const GroupIndex>>
ProposedEnrollments::groups(const std::shared_ptr<const Instance>& instance) {
    const auto stored = stored_.groups(instance);
    if (!stored) {
        return std::unexpected(stored.error());
    }
    std::vector<EnrollmentGroup> groups = proposal_.groups;
    std::ranges::copy_if((*stored)->groups(), std::back_inserter(groups),
                         [&](const EnrollmentGroup& group) { return !is_shadowed(group); });
    return std::make_shared<const GroupIndex>(std::move(groups), instance);
}

} // namespace muster::provisioning
