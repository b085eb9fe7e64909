// What became of messages to devices (reference: iothub B.14):
//
//   GET    /messages/servicebound/feedback                  up to 64 records, locked; 204 if none
//   DELETE /messages/servicebound/feedback/{lock}
//   POST   /messages/servicebound/feedback/{lock}/abandon

#include "gateway/hub_http/routes.h"
#include "gateway/problem.h"
#include "hub/messages/names.h"

#include <utility>

namespace muster::gateway {

namespace {

JsonObject to_document(const hub::FeedbackRecord& record) {
    const std::string_view end = hub::to_text(record.end);
    return {{"originalMessageId", record.message_id},
            {"deviceGenerationId", record.generation_id},
            {"deviceId", record.identity.device.text()},
            {"enqueuedTimeUtc", format_time(record.at)},
            {"statusCode", end},
            {"description", end}};
}

session::HttpResponse no_content() {
    session::HttpResponse response;
    response.status = 204;
    return response;
}

session::HttpResponse response_of(const hub::FeedbackBatch& batch, const HubName& hub) {
    JsonArray records;
    for (const hub::FeedbackRecord& record : batch.records) {
        records.push_back(to_document(record));
    }
    auto response = json_response(200, to_text(Json(records)));
    response.headers.push_back({"ETag", '"' + batch.lock_token + '"'});
    response.headers.push_back({"iothub-userid", hub.text()});
    return response;
}

bool is_allowed(HubCall& call, std::string_view method) {
    if (!call.method_is(method)) {
        call.refuse_method(method);
        return false;
    }
    if (auto allowed = call.allow(hub::Right::service_connect); !allowed) {
        call.refuse(allowed.error());
        return false;
    }
    return true;
}

void receive(HubCall& call) {
    if (!is_allowed(call, "GET")) {
        return;
    }
    const auto batch = call.hub().feedback().receive();
    if (!batch) {
        return call.refuse(batch.error());
    }
    call.answer(*batch ? response_of(**batch, call.hub().settings().name) : no_content());
}

void answer_settled(HubCall& call, const Result<void>& settled) {
    settled ? call.answer(no_content())
            : call.refuse(settle_problem_of(settled.error().code), settled.error());
}

} // namespace

bool serve_feedback(const HubCallPtr& call) {
    const std::size_t segments = call->segments();
    if (segments < 3 || segments > 5 || !call->segment_is(0, "messages") ||
        !call->segment_is(1, "servicebound") || !call->segment_is(2, "feedback")) {
        return false;
    }
    if (segments == 3) {
        receive(*call);
        return true;
    }
    const std::string token = call->target().segments[3];
    if (segments == 4) {
        if (is_allowed(*call, "DELETE")) {
            answer_settled(*call, call->hub().feedback().complete(token));
        }
        return true;
    }
    if (!call->segment_is(4, "abandon")) {
        return false;
    }
    if (is_allowed(*call, "POST")) {
        answer_settled(*call, call->hub().feedback().abandon(token));
    }
    return true;
}

} // namespace muster::gateway
