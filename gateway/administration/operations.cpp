// Operations on fleets: begin, look, pause, resume, stop.

#include "gateway/administration/families.h"
#include "gateway/administration/fleet_documents.h"
#include "gateway/administration/page.h"
#include "provisioning/fleet/operation_document.h"

#include <algorithm>
#include <utility>

namespace muster::gateway {

using provisioning::Fleets;
using provisioning::MemberReader;
using provisioning::OperationLimits;
using provisioning::Principal;

JsonObject to_document(const Fleets::View& view) {
    JsonObject document = to_document(view.operation);
    document.erase("after"); // for a restart only
    document["underWay"] = view.under_way;
    if (view.estimated_end) {
        document["estimatedEnd"] = format_time(*view.estimated_end);
    }
    return document;
}

AdminAnswer answer_with_operation(unsigned status, Fleets& fleets, const std::string& id) {
    const auto view = fleets.get(id);
    if (!view) {
        return std::unexpected(view.error());
    }
    return answer_with(status, to_document(*view));
}

OperationLimits read_limits_member(MemberReader& members) {
    const auto* limits = members.object("limits");
    if (limits == nullptr) {
        return {};
    }
    return members.take("limits", provisioning::read_limits(*limits, {}))
        .value_or(OperationLimits());
}

namespace {

Result<Fleets::Wanted> read_wanted(const AdminCall& call) {
    const auto body = body_of(call);
    if (!body) {
        return std::unexpected(body.error());
    }
    MemberReader members(*body);
    const auto kind = provisioning::parse_operation_kind(members.required_text("kind"));
    if (!kind) {
        members.refuse("kind", "must be drain or rebalance");
    }
    Fleets::Wanted wanted{.kind = kind.value_or(provisioning::OperationKind::drain), .hub = {}};
    if (const auto hub = members.text("hub")) {
        wanted.hub = HubName(*hub);
    }
    wanted.limits = read_limits_member(members);
    if (auto verdict = members.verdict(); !verdict) {
        return std::unexpected(std::move(verdict).error());
    }
    return wanted;
}

using Step = Result<void> (Fleets::*)(const std::string& id, const Principal& by);

AdminAnswer take(const AdminCall& call, Step step) {
    const auto reached = reach_site(call);
    if (!reached) {
        return std::unexpected(reached.error());
    }
    Fleets& fleets = *reached->site->fleets;
    const auto& id = call.names.back();
    if (const auto taken = (fleets.*step)(id, call.by()); !taken) {
        return std::unexpected(taken.error());
    }
    return answer_with_operation(200, fleets, id);
}

} // namespace

AdminAnswer list_operations(const AdminCall& call) {
    const auto reached = reach_site(call);
    if (!reached) {
        return std::unexpected(reached.error());
    }
    const auto count = read_count(call);
    if (!count) {
        return std::unexpected(count.error());
    }
    const auto views = reached->site->fleets->list();
    if (!views) {
        return std::unexpected(views.error());
    }
    auto next = views->begin();
    if (const auto after = call.parameter("after"); !after.empty()) {
        next = std::ranges::find(*views, after,
                                 [](const Fleets::View& view) { return view.operation.id; });
        if (next == views->end()) {
            return fail(Code::malformed, "after is not a cursor of this list");
        }
        ++next;
    }
    ListPage page("operations", *count);
    while (next != views->end() && page.add(to_document(*next), next->operation.id)) {
        ++next;
    }
    return std::move(page).finish();
}

AdminAnswer begin_operation(const AdminCall& call) {
    const auto reached = reach_site(call);
    if (!reached) {
        return std::unexpected(reached.error());
    }
    const auto wanted = read_wanted(call);
    if (!wanted) {
        return std::unexpected(wanted.error());
    }
    const auto begun = reached->site->fleets->begin(*wanted, call.by());
    if (!begun) {
        return std::unexpected(begun.error());
    }
    return answer_with_operation(201, *reached->site->fleets, begun->id);
}

AdminAnswer show_operation(const AdminCall& call) {
    const auto reached = reach_site(call);
    if (!reached) {
        return std::unexpected(reached.error());
    }
    return answer_with_operation(200, *reached->site->fleets, call.names.back());
}

AdminAnswer pause_operation(const AdminCall& call) {
    return take(call, &Fleets::pause);
}

AdminAnswer resume_operation(const AdminCall& call) {
    return take(call, &Fleets::resume);
}

AdminAnswer stop_operation(const AdminCall& call) {
    return take(call, &Fleets::stop);
}

AdminAnswer change_operation_limits(const AdminCall& call) {
    const auto reached = reach_site(call);
    if (!reached) {
        return std::unexpected(reached.error());
    }
    const auto body = body_of(call);
    if (!body) {
        return std::unexpected(body.error());
    }
    Fleets& fleets = *reached->site->fleets;
    const auto& id = call.names.back();
    const auto view = fleets.get(id);
    if (!view) {
        return std::unexpected(view.error());
    }
    const auto limits = provisioning::read_limits(*body, view->operation.limits);
    if (!limits) {
        return std::unexpected(limits.error());
    }
    if (const auto changed = fleets.change_limits(id, *limits, call.by()); !changed) {
        return std::unexpected(changed.error());
    }
    return answer_with_operation(200, fleets, id);
}

} // namespace muster::gateway
