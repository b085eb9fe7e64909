// The journal of an instance: what happened to its devices, newest first.

#include "gateway/administration/families.h"
#include "gateway/administration/page.h"
#include "provisioning/journal.h"
#include "provisioning/journal_writer.h"

#include <limits>
#include <utility>

namespace muster::gateway {

namespace {

using provisioning::DeviceEvent;
using provisioning::JournalQuery;

JsonObject to_document(const DeviceEvent& event) {
    JsonObject document{{"sequence", event.sequence},
                        {"at", format_time(event.at)},
                        {"kind", provisioning::to_string(event.kind)},
                        {"registrationId", event.registration_id}};
    if (!event.tracking_id.empty()) {
        document["trackingId"] = event.tracking_id;
    }
    if (!event.group.empty()) {
        document["group"] = event.group;
    }
    document["detail"] = event.detail;
    return document;
}

std::optional<std::string> given(const AdminCall& call, std::string_view parameter) {
    const auto value = call.parameter(parameter);
    return value.empty() ? std::nullopt : std::optional<std::string>(value);
}

Result<std::optional<WallTime>> given_time(const AdminCall& call, std::string_view parameter) {
    const auto value = call.parameter(parameter);
    if (value.empty()) {
        return std::nullopt;
    }
    const auto time = parse_time(value);
    if (!time) {
        return fail(Code::malformed, std::string(parameter) + " is not a time (RFC 3339, UTC)");
    }
    return *time;
}

Result<JournalQuery> read_query(const AdminCall& call) {
    const auto from = given_time(call, "from");
    const auto until = given_time(call, "until");
    const auto refusals_only = flag_parameter(call, "refusals");
    if (!from || !until) {
        return std::unexpected(from ? until.error() : from.error());
    }
    if (!refusals_only) {
        return std::unexpected(refusals_only.error());
    }
    return JournalQuery{.registration_id = given(call, "registrationId"),
                        .tracking_id = given(call, "trackingId"),
                        .group = given(call, "group"),
                        .from = *from,
                        .until = *until,
                        .refusals_only = *refusals_only};
}

struct EventsAsked {
    JournalQuery query;
    std::size_t count = 0;
    std::int64_t before = 0;
};

Result<EventsAsked> read_asked(const AdminCall& call) {
    auto query = read_query(call);
    if (!query) {
        return std::unexpected(query.error());
    }
    const auto count = read_count(call);
    if (!count) {
        return std::unexpected(count.error());
    }
    const auto before = read_sequence(call, "before");
    if (!before) {
        return std::unexpected(before.error());
    }
    return EventsAsked{.query = *std::move(query), .count = *count, .before = *before};
}

AdminAnswer page_of(const AdminCall& call, const IdScope& scope, const EventsAsked& asked) {
    ListPage page("events", asked.count);
    auto before = asked.before;
    bool goes_on = true;
    while (goes_on) {
        const auto wanted = page.rows_wanted();
        const auto events = call.control.journal.find(scope, asked.query, before, wanted);
        if (!events) {
            return std::unexpected(events.error());
        }
        goes_on = events->size() == wanted;
        for (const auto& event : *events) {
            before = event.sequence;
            goes_on = page.add(to_document(event), std::to_string(event.sequence)) && goes_on;
        }
    }
    return std::move(page).finish();
}

} // namespace

AdminAnswer list_events(const AdminCall& call) {
    const auto instance = reach_instance(call);
    if (!instance) {
        return std::unexpected(instance.error());
    }
    const auto asked = read_asked(call);
    if (!asked) {
        return std::unexpected(asked.error());
    }
    if (call.context.journal != nullptr) {
        call.context.journal->flush(); // who looks for the refusal of a moment ago finds it
    }
    return page_of(call, (*instance)->scope, *asked);
}

} // namespace muster::gateway
