// Configurations (reference: iothub B.11).

#include "hub/configurations/configurations.h"

#include "gateway/hub_http/routes.h"
#include "gateway/hub_http/throttling.h"
#include "gateway/problem.h"

#include <algorithm>
#include <utility>

namespace muster::gateway {

namespace {

constexpr std::size_t configuration_body_bytes_max = 256 * 1024;

HubProblem configuration_problem_of(Code code) {
    if (code == Code::not_found) {
        return {404, 404301, "ConfigurationNotFound"};
    }
    if (code == Code::already_exists) {
        return {409, 409401, "ConfigurationAlreadyExists"};
    }
    if (code == Code::quota_exceeded) {
        return {413, 413101, "ConfigurationCountLimitExceeded"};
    }
    return hub_problem_of(code);
}

HubProblem problem_of(const hub::ConfigurationFault& fault) {
    using What = hub::ConfigurationFault::What;
    switch (fault.what) {
    case What::other: return configuration_problem_of(fault.error.code);
    case What::condition: return {400, 400401, "InvalidConfigurationTargetCondition"};
    case What::content: return {400, 400402, "InvalidConfigurationContent"};
    case What::immutable_content: return {400, 400403, "CannotModifyImmutableConfigurationContent"};
    case What::metrics: return {400, 400404, "InvalidConfigurationCustomMetricsQuery"};
    }
    return configuration_problem_of(fault.error.code);
}

void refuse(HubCall& call, const Error& error) {
    call.refuse(configuration_problem_of(error.code), error);
}

void answer(HubCall& call, const hub::Configuration& configuration) {
    call.answer(hub::to_document(configuration), hub::etag_of(configuration));
}

void get(HubCall& call, const hub::ConfigurationId& id) {
    const auto found = call.hub().configurations().get(id);
    found ? answer(call, *found) : refuse(call, found.error());
}

/// 200 also for a new one (IOTHUB-30).
void put(HubCall& call, const hub::ConfigurationId& id) {
    const auto document = call.body(configuration_body_bytes_max);
    if (!document) {
        return call.refuse(document.error());
    }
    const auto stored = call.hub().configurations().put(id, *document, call.if_match());
    stored ? answer(call, *stored) : call.refuse(problem_of(stored.error()), stored.error().error);
}

void erase(HubCall& call, const hub::ConfigurationId& id) {
    const auto erased = call.hub().configurations().erase(id, call.if_match());
    erased ? call.answer(session::HttpResponse{.status = 204}) : refuse(call, erased.error());
}

/// Back ends manage configurations with the rights of the registry, or as services.
Result<void> allow(const HubCall& call) {
    auto allowed =
        call.allow(call.method_is("GET") ? hub::Right::registry_read : hub::Right::registry_write);
    return allowed || allowed.error().code != Code::forbidden
               ? allowed
               : call.allow(hub::Right::service_connect);
}

void one_configuration(HubCall& call) {
    const bool reading = call.method_is("GET");
    const bool writing = call.method_is("PUT");
    if (!reading && !writing && !call.method_is("DELETE")) {
        return call.refuse_method("GET, PUT, DELETE");
    }
    const auto id = hub::parse_configuration_id(call.target().segments[1]);
    if (!id) {
        return call.refuse(id.error());
    }
    if (reading) {
        return get(call, *id);
    }
    writing ? put(call, *id) : erase(call, *id);
}

void list(HubCall& call) {
    if (!call.method_is("GET")) {
        return call.refuse_method("GET");
    }
    constexpr unsigned long long top_max = hub::configurations_max;
    const auto top = call.number({.name = "top", .max = top_max});
    if (!top) {
        return call.refuse(top.error());
    }
    const auto found = call.hub().configurations().list(top->value_or(top_max));
    if (!found) {
        return refuse(call, found.error());
    }
    JsonArray items;
    for (const hub::Configuration& one : *found) {
        items.push_back(hub::to_document(one));
    }
    call.answer(json_response(200, to_text(Json(std::move(items)))));
}

void test_queries(HubCall& call) {
    if (!call.method_is("POST")) {
        return call.refuse_method("POST");
    }
    const auto document = call.body(configuration_body_bytes_max);
    if (!document) {
        return call.refuse(document.error());
    }
    const auto findings = hub::test_queries(*document);
    findings ? call.answer(hub::to_document(*findings)) : call.refuse(findings.error());
}

/// `POST /devices/{d}/applyConfigurationContent`: once, at once, and no configuration stays.
void apply_content(HubCall& call) {
    if (!call.method_is("POST")) {
        return call.refuse_method("POST");
    }
    const auto device = call.device_id();
    if (!device) {
        return call.refuse(device.error());
    }
    const auto document = call.body(configuration_body_bytes_max);
    if (!document) {
        return call.refuse(document.error());
    }
    const auto applied = call.hub().configurations().apply_content(*device, *document);
    if (applied) {
        return call.answer(session::HttpResponse{.status = 204});
    }
    const bool is_content = applied.error().what == hub::ConfigurationFault::What::content;
    call.refuse(is_content ? problem_of(applied.error())
                           : hub_problem_of(applied.error().error.code),
                applied.error().error);
}

bool is_application(const HubCall& call) {
    return call.is(3, "devices") && call.segment_is(2, "applyConfigurationContent");
}

} // namespace

bool serve_configurations(const HubCallPtr& call) {
    const bool is_list = call->is(1, "configurations");
    const bool is_one = call->is(2, "configurations");
    if (!is_list && !is_one && !is_application(*call)) {
        return false;
    }
    if (auto allowed = allow(*call); !allowed) {
        call->refuse(allowed.error());
    } else if (!in_turn(*call, {.operation = hub::Operation::configuration})) {
        return true;
    } else if (is_list) {
        list(*call);
    } else if (!is_one) {
        apply_content(*call);
    } else if (call->segment_is(1, "testQueries")) {
        test_queries(*call);
    } else {
        one_configuration(*call);
    }
    return true;
}

} // namespace muster::gateway
