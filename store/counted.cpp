#include "store/counted.h"

#include <fmt/format.h>

namespace muster::store {

Result<void> check_quota(const provisioning::ScopeCounts& now, const Counted& what,
                         const provisioning::Write& write) {
    if (!write.count_max || now.*what.count < *write.count_max) {
        return {};
    }
    return fail(Code::quota_exceeded,
                fmt::format("the quota of {} ({}) is used up", what.name, *write.count_max));
}

} // namespace muster::store
