// New keys for many identities (reference: iothub B.13).

#include "gateway/hub_http/routes.h"
#include "gateway/hub_http/throttling.h"
#include "gateway/problem.h"
#include "hub/key_regeneration.h"

namespace muster::gateway {

namespace {

constexpr std::size_t body_bytes_max = 64 * 1024;

using Entry = hub::KeyRegeneration::Entry;

JsonObject named(const Entry& entry) {
    return {{"id", entry.device},
            {"moduleId", entry.module.empty() ? Json(nullptr) : Json(entry.module)}};
}

HubProblem problem_of(const Error& error) {
    return error.code == Code::unsupported ? HubProblem{400, 400003, "InvalidOperation"}
                                           : hub_problem_of(error);
}

JsonObject error_document(const HubCall& call, const Entry& entry, const Error& error) {
    const HubProblem problem = problem_of(error);
    JsonObject document = named(entry);
    document["errorCode"] = problem.name;
    document["errorStatus"] = call.note_refusal(
        {.name = "new keys of " + entry.device, .problem = problem, .error = error});
    return document;
}

void answer(HubCall& call, hub::KeySlots which, JsonArray rotated, JsonArray errors) {
    const bool none = rotated.empty();
    const unsigned status = errors.empty() ? 200 : none ? 400 : 207;
    auto response = json_response(status, to_text(JsonObject{{"policyKey", to_string(which)},
                                                             {"rotatedKeys", std::move(rotated)},
                                                             {"errors", std::move(errors)}}));
    if (none) {
        response.headers.push_back({"iothub-errorcode", "BulkRegenerateDeviceKeyOperationFailure"});
    }
    call.answer(std::move(response));
}

void regenerate_keys(HubCall& call) {
    if (auto allowed = call.allow(hub::Right::registry_write); !allowed) {
        return call.refuse(allowed.error());
    }
    const auto document = call.body(body_bytes_max);
    if (!document) {
        return call.refuse(document.error());
    }
    const auto wanted = hub::key_regeneration_from(*document);
    if (!wanted) {
        return wanted.error().detail == hub::unknown_policy_key
                   ? call.refuse({400, 400035, "InvalidPolicyKey"}, wanted.error())
                   : call.refuse(wanted.error());
    }
    if (!in_turn(call, {.operation = hub::Operation::registry,
                        .cost = static_cast<double>(wanted->entries.size())})) {
        return;
    }
    JsonArray rotated;
    JsonArray errors;
    for (const Entry& entry : wanted->entries) {
        const Result<hub::DeviceView> done =
            entry.id ? call.hub().regenerate_keys(*entry.id, wanted->which)
                     : std::unexpected(entry.id.error());
        done ? rotated.push_back(named(entry))
             : errors.push_back(error_document(call, entry, done.error()));
    }
    answer(call, wanted->which, std::move(rotated), std::move(errors));
}

} // namespace

bool serve_keys(const HubCallPtr& call) {
    if (!call->is(3, "devices") || !call->segment_is(1, "keys") ||
        !call->segment_is(2, "regenerate")) {
        return false;
    }
    call->method_is("POST") ? regenerate_keys(*call) : call->refuse_method("POST");
    return true;
}

} // namespace muster::gateway
