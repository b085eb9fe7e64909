#pragma once
// Versions and quotas over Tables. Whoever calls holds their mutex.

#include "store/counted.h"
#include "store/memory/tables.h"

namespace muster::store::memory {

template <class T>
bool has_version(const std::map<Key, T>& table, const Key& key, provisioning::Expected expected) {
    const auto found = table.find(key);
    return (found == table.end() ? 0 : found->second.stamp.version) == expected.version;
}

/// In that version; 0 is no version that anything can have.
template <class T>
bool is_there(const std::map<Key, T>& table, const Key& key, provisioning::Expected expected) {
    return expected.version != 0 && has_version(table, key, expected);
}

/// Not erased.
inline bool is_listed(const provisioning::RegistrationRecord& record) {
    return !record.erased;
}

inline provisioning::ScopeCounts counts_of(const Tables& tables, const IdScope& scope) {
    return {.enrollments = count_of(tables.individuals, scope.text()),
            .enrollment_groups = count_of(tables.groups, scope.text()),
            .registrations = count_of(tables.registrations, scope.text(), is_listed)};
}

/// Does the quota allow what the write would create? Error: quota_exceeded.
inline Result<void> check_creation(const Tables& tables, const IdScope& scope, const Counted& what,
                                   const provisioning::Write& write) {
    return write.expected.version == 0 ? check_quota(counts_of(tables, scope), what, write)
                                       : Result<void>();
}

} // namespace muster::store::memory
