#include "store/memory/ports.h"
#include "store/outcomes.h"
#include "store/thumbprints.h"

#include <algorithm>
#include <limits>

namespace muster::store::memory {

using provisioning::EnrollmentGroup;
using provisioning::Expected;
using provisioning::IndividualEnrollment;

namespace {

template <class T>
bool has_version(const std::map<Key, T>& table, const Key& key, Expected expected) {
    const auto found = table.find(key);
    return (found == table.end() ? 0 : found->second.stamp.version) == expected.version;
}

} // namespace

Result<std::optional<IndividualEnrollment>> Enrollments::find_individual(const IdScope& scope,
                                                                         const RegistrationId& id) {
    const std::scoped_lock lock(tables_.mutex);
    return find_in(tables_.individuals, {scope.text(), id.folded()});
}

Result<void> Enrollments::save(const IdScope& scope, const IndividualEnrollment& enrollment,
                               Expected expected) {
    const std::scoped_lock lock(tables_.mutex);
    const Key key{scope.text(), enrollment.id.folded()};
    if (!has_version(tables_.individuals, key, expected)) {
        return version_conflict();
    }
    const std::vector<std::string> thumbprints = client_thumbprints(enrollment);
    const auto is_taken = [&](const std::string& thumbprint) {
        const auto holder = tables_.thumbprints.find({scope.text(), thumbprint});
        return holder != tables_.thumbprints.end() && holder->second != enrollment.id;
    };
    if (std::ranges::any_of(thumbprints, is_taken)) {
        return certificate_taken();
    }
    std::erase_if(tables_.thumbprints, [&](const auto& entry) {
        return entry.first.first == scope.text() && entry.second == enrollment.id;
    });
    for (const std::string& thumbprint : thumbprints) {
        tables_.thumbprints.insert_or_assign({scope.text(), thumbprint}, enrollment.id);
    }
    tables_.individuals.insert_or_assign(key, enrollment);
    return {};
}

Result<void> Enrollments::erase_individual(const IdScope& scope, const RegistrationId& id,
                                           Expected expected) {
    const std::scoped_lock lock(tables_.mutex);
    const Key key{scope.text(), id.folded()};
    if (expected.version == 0 || !has_version(tables_.individuals, key, expected)) {
        return version_conflict();
    }
    std::erase_if(tables_.thumbprints, [&](const auto& entry) {
        return entry.first.first == scope.text() && entry.second == id;
    });
    tables_.individuals.erase(key);
    tables_.registrations.erase(key);
    return {};
}

Result<std::optional<EnrollmentGroup>> Enrollments::find_group(const IdScope& scope,
                                                               const EnrollmentGroupId& id) {
    const std::scoped_lock lock(tables_.mutex);
    return find_in(tables_.groups, {scope.text(), id.folded()});
}

Result<void> Enrollments::save(const IdScope& scope, const EnrollmentGroup& group,
                               Expected expected) {
    const std::scoped_lock lock(tables_.mutex);
    const Key key{scope.text(), group.id.folded()};
    if (!has_version(tables_.groups, key, expected)) {
        return version_conflict();
    }
    tables_.groups.insert_or_assign(key, group);
    ++tables_.groups_revisions[scope.text()];
    return {};
}

Result<void> Enrollments::erase_group(const IdScope& scope, const EnrollmentGroupId& id,
                                      Expected expected) {
    const std::scoped_lock lock(tables_.mutex);
    const Key key{scope.text(), id.folded()};
    if (expected.version == 0 || !has_version(tables_.groups, key, expected)) {
        return version_conflict();
    }
    tables_.groups.erase(key);
    ++tables_.groups_revisions[scope.text()];
    return {};
}

Result<std::vector<EnrollmentGroup>> Enrollments::groups(const IdScope& scope) {
    const std::scoped_lock lock(tables_.mutex);
    return page_of(tables_.groups, {scope.text(), ""}, std::numeric_limits<std::size_t>::max());
}

Result<std::int64_t> Enrollments::groups_revision(const IdScope& scope) {
    const std::scoped_lock lock(tables_.mutex);
    return tables_.groups_revisions[scope.text()];
}

Result<std::vector<IndividualEnrollment>>
Enrollments::individuals(const IdScope& scope, const std::string& after, std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    return page_of(tables_.individuals, {scope.text(), after}, count_max);
}

Result<std::optional<RegistrationId>>
Enrollments::individual_with_thumbprint(const IdScope& scope,
                                        const std::string& sha256_thumbprint) {
    const std::scoped_lock lock(tables_.mutex);
    return find_in(tables_.thumbprints, {scope.text(), sha256_thumbprint});
}

} // namespace muster::store::memory
