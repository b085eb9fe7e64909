// What is under way at hubs: moves, and what they left to do.

#include "base/text.h"
#include "gateway/administration/families.h"
#include "gateway/administration/page.h"

#include <utility>

namespace muster::gateway {

namespace {

using provisioning::Moves;

AdminAnswer answered(const Result<void>& done) {
    if (!done) {
        return std::unexpected(done.error());
    }
    return answer_no_content();
}

} // namespace

AdminAnswer list_moves(const AdminCall& call) {
    const auto reached = reach_site(call);
    if (!reached) {
        return std::unexpected(reached.error());
    }
    const auto count = read_count(call);
    if (!count) {
        return std::unexpected(count.error());
    }
    ListPage page("moves", *count);
    std::string after = to_lower(call.parameter("after"));
    bool goes_on = true;
    while (goes_on) {
        const auto wanted = page.rows_wanted();
        const auto records = reached->site->moves->list(after, wanted);
        if (!records) {
            return std::unexpected(records.error());
        }
        goes_on = records->size() == wanted;
        for (const auto& record : *records) {
            after = record.id.folded();
            goes_on = page.add(provisioning::move_document(record), after) && goes_on;
        }
    }
    return std::move(page).finish();
}

AdminAnswer cancel_move(const AdminCall& call) {
    const auto device = reach_named(call, parse_registration_id);
    if (!device) {
        return std::unexpected(device.error());
    }
    return answered(device->reached.site->moves->cancel(device->id, call.by()));
}

AdminAnswer retry_move(const AdminCall& call) {
    const auto device = reach_named(call, parse_registration_id);
    if (!device) {
        return std::unexpected(device.error());
    }
    return answered(device->reached.site->moves->retry(device->id));
}

AdminAnswer forget_move(const AdminCall& call) {
    const auto device = reach_named(call, parse_registration_id);
    if (!device) {
        return std::unexpected(device.error());
    }
    const auto even_fenced = flag_parameter(call, "evenFenced");
    if (!even_fenced) {
        return std::unexpected(even_fenced.error());
    }
    const auto how = *even_fenced ? Moves::Forget::even_fenced : Moves::Forget::unless_fenced;
    return answered(device->reached.site->moves->forget_chores(device->id, how, call.by()));
}

} // namespace muster::gateway
