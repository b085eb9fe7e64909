#include "provisioning/batch_audit.h"
#include "provisioning/documents.h"
#include "store/counted.h"
#include "store/memory/counts.h"
#include "store/memory/ports.h"
#include "store/outcomes.h"
#include "store/thumbprints.h"

#include <limits>

namespace muster::store::memory {

using provisioning::EnrollmentFilter;
using provisioning::EnrollmentGroup;
using provisioning::Expected;
using provisioning::IndividualEnrollment;
using provisioning::IndividualWrite;
using provisioning::Remains;
using provisioning::ScopeCounts;
using provisioning::Write;

namespace {

void drop_thumbprints(Tables& tables, const IdScope& scope, const RegistrationId& id) {
    std::erase_if(tables.thumbprints, [&](const auto& entry) {
        return entry.first.first == scope.text() && entry.second == id;
    });
}

bool is_taken(const Tables& tables, const IdScope& scope, const std::string& thumbprint,
              const RegistrationId& by_other_than) {
    const auto holder = tables.thumbprints.find({scope.text(), thumbprint});
    return holder != tables.thumbprints.end() && holder->second != by_other_than;
}

/// What was erased before stays as it is.
void erase_record(Tables& tables, const Key& key, const Remains& remains) {
    const auto found = tables.registrations.find(key);
    if (found == tables.registrations.end() || found->second.erased) {
        return;
    }
    if (auto left = remains(found->second)) {
        found->second = *std::move(left);
    } else {
        tables.registrations.erase(found);
    }
}

/// Without what accompanies it.
Result<void> store(Tables& tables, const IdScope& scope, const IndividualEnrollment& enrollment,
                   const Write& write) {
    const Key key{scope.text(), enrollment.id.folded()};
    if (!has_version(tables.individuals, key, write.expected)) {
        return version_conflict();
    }
    const std::vector<std::string> thumbprints = client_thumbprints(enrollment);
    for (const std::string& thumbprint : thumbprints) {
        if (is_taken(tables, scope, thumbprint, enrollment.id)) {
            return certificate_taken();
        }
    }
    if (Result<void> room = check_creation(tables, scope, counted_enrollments, write); !room) {
        return room;
    }
    drop_thumbprints(tables, scope, enrollment.id);
    for (const std::string& thumbprint : thumbprints) {
        tables.thumbprints.insert_or_assign({scope.text(), thumbprint}, enrollment.id);
    }
    tables.individuals.insert_or_assign(key, enrollment);
    return {};
}

} // namespace

Result<std::optional<IndividualEnrollment>> Enrollments::find_individual(const IdScope& scope,
                                                                         const RegistrationId& id) {
    const std::scoped_lock lock(tables_.mutex);
    return find_in(tables_.individuals, {scope.text(), id.folded()});
}

Result<void> Enrollments::save(const IdScope& scope, const IndividualEnrollment& enrollment,
                               const Write& write) {
    const std::scoped_lock lock(tables_.mutex);
    const Result<void> stored = store(tables_, scope, enrollment, write);
    if (stored) {
        write_accompaniment(tables_.trails, scope, write);
    }
    return stored;
}

Result<std::vector<Result<void>>> Enrollments::save_all(const IdScope& scope,
                                                        std::span<const IndividualWrite> rows,
                                                        const Write& batch) {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<Result<void>> outcomes;
    for (const IndividualWrite& row : rows) {
        outcomes.push_back(
            store(tables_, scope, row.enrollment, Write(row.expected).limited(batch.count_max)));
    }
    if (const auto change = provisioning::settled_change(batch.change, rows, outcomes)) {
        write_accompaniment(tables_.trails, scope, Write(Expected{}).audited(*change));
    }
    return outcomes;
}

Result<std::vector<IndividualEnrollment>>
Enrollments::find_individuals(const IdScope& scope, std::span<const RegistrationId> ids) {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<IndividualEnrollment> found;
    for (const RegistrationId& id : ids) {
        if (auto one = find_in(tables_.individuals, {scope.text(), id.folded()})) {
            found.push_back(std::move(*one));
        }
    }
    return found;
}

Result<void> Enrollments::erase_individual(const IdScope& scope, const RegistrationId& id,
                                           const Write& write, const Remains& remains) {
    const std::scoped_lock lock(tables_.mutex);
    const Key key{scope.text(), id.folded()};
    if (!is_there(tables_.individuals, key, write.expected)) {
        return version_conflict();
    }
    drop_thumbprints(tables_, scope, id);
    tables_.individuals.erase(key);
    erase_record(tables_, key, remains);
    write_accompaniment(tables_.trails, scope, write);
    return {};
}

Result<std::optional<EnrollmentGroup>> Enrollments::find_group(const IdScope& scope,
                                                               const EnrollmentGroupId& id) {
    const std::scoped_lock lock(tables_.mutex);
    return find_in(tables_.groups, {scope.text(), id.folded()});
}

Result<void> Enrollments::save(const IdScope& scope, const EnrollmentGroup& group,
                               const Write& write) {
    const std::scoped_lock lock(tables_.mutex);
    const Key key{scope.text(), group.id.folded()};
    if (!has_version(tables_.groups, key, write.expected)) {
        return version_conflict();
    }
    if (Result<void> room = check_creation(tables_, scope, counted_groups, write); !room) {
        return room;
    }
    tables_.groups.insert_or_assign(key, group);
    ++tables_.groups_revisions[scope.text()];
    write_accompaniment(tables_.trails, scope, write);
    return {};
}

Result<void> Enrollments::erase_group(const IdScope& scope, const EnrollmentGroupId& id,
                                      const Write& write) {
    const std::scoped_lock lock(tables_.mutex);
    const Key key{scope.text(), id.folded()};
    if (!is_there(tables_.groups, key, write.expected)) {
        return version_conflict();
    }
    tables_.groups.erase(key);
    ++tables_.groups_revisions[scope.text()];
    write_accompaniment(tables_.trails, scope, write);
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

Result<std::vector<IndividualEnrollment>>
Enrollments::individuals_where(const IdScope& scope, const EnrollmentFilter& filter,
                               const std::string& after, std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    return page_of(tables_.individuals, {scope.text(), after}, count_max,
                   [&](const IndividualEnrollment& enrollment) {
                       return filter.matches(to_document(enrollment, provisioning::View::stored));
                   });
}

Result<ScopeCounts> Enrollments::counts(const IdScope& scope) {
    const std::scoped_lock lock(tables_.mutex);
    return counts_of(tables_, scope);
}

Result<std::optional<RegistrationId>>
Enrollments::individual_with_thumbprint(const IdScope& scope,
                                        const std::string& sha256_thumbprint) {
    const std::scoped_lock lock(tables_.mutex);
    return find_in(tables_.thumbprints, {scope.text(), sha256_thumbprint});
}

} // namespace muster::store::memory
