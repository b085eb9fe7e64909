// The audit trail, entry by entry and exactly as hashed, so that whoever reads it can verify it.

#include "gateway/administration/families.h"
#include "gateway/administration/page.h"

#include <utility>

namespace muster::gateway {

namespace {

AdminAnswer list_audit(const AdminCall& call, const IdScope& scope) {
    const auto count = read_count(call);
    if (!count) {
        return std::unexpected(count.error());
    }
    const auto start = read_sequence(call, "after");
    if (!start) {
        return std::unexpected(start.error());
    }
    ListPage page("entries", *count);
    auto after = *start;
    bool goes_on = true;
    while (goes_on) {
        const auto wanted = page.rows_wanted();
        const auto entries = call.control.audit.read(scope, after, wanted);
        if (!entries) {
            return std::unexpected(entries.error());
        }
        goes_on = entries->size() == wanted;
        for (const auto& entry : *entries) {
            after = entry.sequence;
            goes_on =
                page.add({{"sequence", entry.sequence}, {"hash", entry.hash}, {"text", entry.text}},
                         std::to_string(entry.sequence)) &&
                goes_on;
        }
    }
    return std::move(page).finish();
}

} // namespace

AdminAnswer list_instance_audit(const AdminCall& call) {
    const auto instance = reach_instance(call);
    if (!instance) {
        return std::unexpected(instance.error());
    }
    return list_audit(call, (*instance)->scope);
}

AdminAnswer list_server_audit(const AdminCall& call) {
    const auto& reach = call.administrator.reach;
    if (!reach.tenant.empty() || !reach.instance.empty()) {
        return fail(Code::not_found, "no such resource");
    }
    return list_audit(call, IdScope());
}

} // namespace muster::gateway
