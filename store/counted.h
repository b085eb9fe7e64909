#pragma once
// What a quota of a scope limits, in the same words for every engine.

#include "provisioning/ports.h"

#include <cstdint>
#include <string_view>

namespace muster::store {

struct Counted {
    std::int64_t provisioning::ScopeCounts::* count;
    std::string_view name; // in the plural, for the refusal
};

inline constexpr Counted counted_enrollments{&provisioning::ScopeCounts::enrollments,
                                             "individual enrollments"};
inline constexpr Counted counted_groups{&provisioning::ScopeCounts::enrollment_groups,
                                        "enrollment groups"};
inline constexpr Counted counted_registrations{&provisioning::ScopeCounts::registrations,
                                               "registrations"};

/// May one more be created when there are so many? Error: quota_exceeded.
Result<void> check_quota(const provisioning::ScopeCounts& now, const Counted& what,
                         const provisioning::Write& write);

} // namespace muster::store
