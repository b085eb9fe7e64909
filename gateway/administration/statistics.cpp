// How much an instance holds, and how much it may.

#include "gateway/administration/families.h"
#include "provisioning/documents/instance_document.h"

#include <utility>

namespace muster::gateway {

AdminAnswer show_statistics(const AdminCall& call) {
    const auto reached = reach_site(call);
    if (!reached) {
        return std::unexpected(reached.error());
    }
    const auto counts = reached->site->enrollments->counts();
    if (!counts) {
        return std::unexpected(counts.error());
    }
    JsonObject document{{"enrollments", counts->enrollments},
                        {"enrollmentGroups", counts->enrollment_groups},
                        {"registrations", counts->registrations},
                        {"quotas", JsonObject()}};
    const auto instance = to_document(*reached->instance, provisioning::View::read);
    if (const auto* quotas = find_member(instance, "quotas")) {
        document["quotas"] = *quotas;
    }
    return answer_with(200, document);
}

} // namespace muster::gateway
