// Quarantine of devices and groups, suspects, and hubs that are lost.

#include "gateway/administration/families.h"
#include "gateway/administration/fleet_documents.h"
#include "gateway/administration/page.h"

#include <algorithm>
#include <utility>

namespace muster::gateway {

namespace {

using provisioning::Fleets;
using provisioning::MemberReader;
using provisioning::Suspect;

struct QuarantineAsked {
    HubName hub;
    std::string reason;
    provisioning::OperationLimits limits; // of a group
};

Result<QuarantineAsked> read_asked(const AdminCall& call) {
    const auto body = body_of(call);
    if (!body) {
        return std::unexpected(body.error());
    }
    MemberReader members(*body);
    const QuarantineAsked asked{.hub = HubName(members.required_text("hub")),
                                .reason = members.text("reason").value_or(""),
                                .limits = read_limits_member(members)};
    if (auto verdict = members.verdict(); !verdict) {
        return std::unexpected(std::move(verdict).error());
    }
    return asked;
}

JsonObject to_document(const Suspect& suspect) {
    JsonArray suspicions;
    for (const auto suspicion : suspect.suspicions) {
        suspicions.emplace_back(provisioning::to_string(suspicion));
    }
    return {{"registrationId", suspect.id.text()},
            {"suspicions", std::move(suspicions)},
            {"detail", suspect.detail}};
}

AdminAnswer declare(const AdminCall& call, bool lost) {
    const auto instance = reach_instance(call);
    if (!instance) {
        return std::unexpected(instance.error());
    }
    const HubName hub(call.names.back());
    const auto changed =
        call.control.instances.declare_lost((*instance)->name, hub, lost, call.by());
    if (!changed) {
        return std::unexpected(changed.error());
    }
    return answer_with(200, {{"hub", hub.text()}, {"lost", lost}});
}

} // namespace

AdminAnswer quarantine_device(const AdminCall& call) {
    const auto target = reach_named(call, parse_registration_id);
    if (!target) {
        return std::unexpected(target.error());
    }
    const auto asked = read_asked(call);
    if (!asked) {
        return std::unexpected(asked.error());
    }
    const auto done =
        target->reached.site->fleets->quarantine(target->id, asked->hub, asked->reason, call.by());
    if (!done) {
        return std::unexpected(done.error());
    }
    return answer_no_content();
}

AdminAnswer release_device(const AdminCall& call) {
    const auto target = reach_named(call, parse_registration_id);
    if (!target) {
        return std::unexpected(target.error());
    }
    const auto done = target->reached.site->fleets->release(target->id, call.by());
    if (!done) {
        return std::unexpected(done.error());
    }
    return answer_no_content();
}

AdminAnswer quarantine_group(const AdminCall& call) {
    const auto target = reach_named(call, parse_enrollment_group_id);
    if (!target) {
        return std::unexpected(target.error());
    }
    const auto asked = read_asked(call);
    if (!asked) {
        return std::unexpected(asked.error());
    }
    Fleets& fleets = *target->reached.site->fleets;
    const auto begun =
        fleets.quarantine(target->id, asked->hub, asked->reason, asked->limits, call.by());
    if (!begun) {
        return std::unexpected(begun.error());
    }
    return answer_with_operation(202, fleets, begun->id);
}

AdminAnswer release_group(const AdminCall& call) {
    const auto target = reach_named(call, parse_enrollment_group_id);
    if (!target) {
        return std::unexpected(target.error());
    }
    Fleets& fleets = *target->reached.site->fleets;
    const auto begun = fleets.release(target->id, provisioning::OperationLimits(), call.by());
    if (!begun) {
        return std::unexpected(begun.error());
    }
    return answer_with_operation(202, fleets, begun->id);
}

constexpr std::size_t records_per_page_max = 200;

/// A page is so many records looked at, however few suspects are among them: hubs are asked about
/// each, and an answer must not take forever.
AdminAnswer list_suspects(const AdminCall& call) {
    const auto reached = reach_site(call);
    if (!reached) {
        return std::unexpected(reached.error());
    }
    const auto count = read_count(call);
    if (!count) {
        return std::unexpected(count.error());
    }
    const auto found = reached->site->fleets->suspects(to_lower(call.parameter("after")),
                                                       std::min(*count, records_per_page_max));
    if (!found) {
        return std::unexpected(found.error());
    }
    JsonArray suspects;
    for (const Suspect& suspect : found->suspects) {
        suspects.push_back(to_document(suspect));
    }
    JsonObject answer{{"suspects", std::move(suspects)}};
    if (!found->next.empty()) {
        answer["next"] = found->next;
    }
    return answer_with(200, answer);
}

AdminAnswer declare_hub_lost(const AdminCall& call) {
    return declare(call, true);
}

AdminAnswer declare_hub_found(const AdminCall& call) {
    return declare(call, false);
}

} // namespace muster::gateway
