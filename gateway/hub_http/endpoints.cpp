// How it goes with what a hub's events are sent to:
//
//   GET /messages/endpoints
//   -> 200 {"lastSequence":n,"endpoints":[{"name","type","target","routes":[..],"state","position",
//           "lag","sent","lost","attemptsFailed","lastSentTime"?,"lastFailedTime"?,"lastError"?,
//           "failingSince"?,"nextAttemptTime"?}]}
//
// Counts are since the server started. `state` is "healthy", "failing", or "unknown" as long as
// nothing was to be sent.

#include "gateway/hub_http/routes.h"

#include <algorithm>

namespace muster::gateway {

namespace {

std::string_view state_of(const hub::EndpointStatus& status) {
    if (status.failing_since) {
        return "failing";
    }
    return status.last_sent ? "healthy" : "unknown";
}

void put_time(JsonObject& document, std::string_view name, const std::optional<WallTime>& time) {
    if (time) {
        document[name] = format_time(*time);
    }
}

JsonObject to_document(const hub::EndpointStatus& status, std::int64_t last) {
    JsonObject document{{"name", status.name},
                        {"type", status.kind},
                        {"target", status.target},
                        {"routes", JsonArray(status.routes.begin(), status.routes.end())},
                        {"state", state_of(status)},
                        {"position", status.position},
                        {"lag", std::max<std::int64_t>(last - status.position, 0)},
                        {"sent", status.sent},
                        {"lost", status.lost},
                        {"attemptsFailed", status.attempts_failed}};
    put_time(document, "lastSentTime", status.last_sent);
    put_time(document, "lastFailedTime", status.last_failed);
    if (!status.last_error.empty()) {
        document["lastError"] = status.last_error;
    }
    put_time(document, "failingSince", status.failing_since);
    put_time(document, "nextAttemptTime", status.next_attempt);
    return document;
}

void show_endpoints(HubCall& call) {
    if (!call.method_is("GET")) {
        return call.refuse_method("GET");
    }
    if (auto allowed = call.allow(hub::Right::service_connect); !allowed) {
        return call.refuse(allowed.error());
    }
    const auto extent = call.hub().events().extent();
    if (!extent) {
        return call.refuse(extent.error());
    }
    JsonArray endpoints;
    for (const hub::EndpointStatus& status : call.hub().endpoints().all()) {
        endpoints.push_back(to_document(status, extent->last));
    }
    call.answer(JsonObject{{"lastSequence", extent->last}, {"endpoints", std::move(endpoints)}});
}

} // namespace

bool serve_endpoints(const HubCallPtr& call) {
    if (!call->is(2, "messages") || !call->segment_is(1, "endpoints")) {
        return false;
    }
    show_endpoints(*call);
    return true;
}

} // namespace muster::gateway
