// The service API over HTTPS (reference: dps-service 1 to 5). Syntax is checked here, once; what
// the documents mean is decided by provisioning::Enrollments.

#include "base/json.h"
#include "gateway/api_version.h"
#include "gateway/http_handler.h"
#include "gateway/network_rules.h"
#include "gateway/provisioning_queries.h"
#include "gateway/request_checks.h"
#include "gateway/service_access.h"
#include "gateway/service_bulk.h"
#include "gateway/service_routes.h"
#include "provisioning/documents.h"

#include <utility>

namespace muster::gateway {

namespace {

using provisioning::EnrollmentGroup;
using provisioning::IfMatch;
using provisioning::View;
using session::HttpResponse;

constexpr std::string_view edge = "service api";

struct Call {
    const Context& context;
    provisioning::Enrollments& enrollments;
    const HttpExchange& exchange;
    const ServiceRoute& route;
    provisioning::Principal by;

    [[nodiscard]] IfMatch if_match() const {
        return IfMatch::from_header(exchange.request.header("If-Match"));
    }
};

HttpResponse no_content() {
    return {.status = 204, .headers = {}, .body = {}};
}

template <class Document>
HttpResponse ok(const Document& document) {
    return json_response(200, to_text(document));
}

Result<HttpResponse> deleted(const Result<void>& outcome) {
    if (!outcome) {
        return std::unexpected(outcome.error());
    }
    return no_content();
}

// ---- enrollments and groups ----

JsonObject shown(const provisioning::EnrollmentView& view) {
    auto document = to_document(view.enrollment, View::read);
    document["registrationState"] =
        view.registration
            ? to_state_document(*view.registration)
            : JsonObject{{"registrationId", view.enrollment.id.text()}, {"status", "unassigned"}};
    return document;
}

JsonObject shown(const EnrollmentGroup& group) {
    return to_document(group, View::read);
}

const provisioning::Attestation& attestation_of(const provisioning::EnrollmentView& view) {
    return view.enrollment.terms.attestation;
}

const provisioning::Attestation& attestation_of(const EnrollmentGroup& group) {
    return group.terms.attestation;
}

template <class Id, class ReadDocument>
Result<HttpResponse> put_enrollment(const Call& call, const Id& id, ReadDocument read_document) {
    const auto document = parse_json_object(call.exchange.request.body);
    if (!document) {
        return std::unexpected(document.error());
    }
    auto wanted = read_document(*document);
    if (!wanted) {
        return std::unexpected(wanted.error());
    }
    if (wanted->id != id) {
        return fail(Code::malformed, "the id in the path is not the one in the body");
    }
    const auto saved = call.enrollments.put(std::move(*wanted), call.if_match(), call.by);
    if (!saved) {
        return std::unexpected(saved.error());
    }
    return ok(to_document(*saved, View::written));
}

/// Individual enrollments and groups alike: the id says which.
template <class Id, class ReadDocument>
Result<HttpResponse> answer_enrollment(const Call& call, const Result<Id>& id,
                                       ReadDocument read_document) {
    if (!id) {
        return std::unexpected(id.error());
    }
    if (call.route.action == Action::put) {
        return put_enrollment(call, *id, read_document);
    }
    if (call.route.action == Action::erase) {
        return deleted(call.enrollments.erase(*id, call.if_match(), call.by));
    }
    const auto found = call.enrollments.get(*id);
    if (!found) {
        return std::unexpected(found.error());
    }
    return call.route.action == Action::attestation_mechanism
               ? ok(provisioning::to_mechanism(attestation_of(*found)))
               : ok(shown(*found));
}

// ---- registrations ----

Result<HttpResponse> answer_registration(const Call& call) {
    const auto id = parse_registration_id(call.route.id);
    if (!id) {
        return std::unexpected(id.error());
    }
    if (call.route.action == Action::erase) {
        return deleted(call.enrollments.erase_registration(*id, call.if_match(), call.by));
    }
    const auto record = call.enrollments.registration(*id);
    if (!record) {
        return std::unexpected(record.error());
    }
    return ok(provisioning::to_state_document(*record));
}

// ---- dispatch ----

Result<HttpResponse> answer(const Call& call) {
    if (call.route.action == Action::bulk) {
        return answer_bulk({.context = call.context,
                            .enrollments = call.enrollments,
                            .exchange = call.exchange,
                            .collection = call.route.collection,
                            .by = call.by});
    }
    if (call.route.action == Action::query) {
        return answer_query(call.enrollments, call.route, call.exchange.request);
    }
    switch (call.route.collection) {
    case Collection::enrollments:
        return answer_enrollment(call, parse_registration_id(call.route.id),
                                 provisioning::individual_from_document);
    case Collection::enrollment_groups:
        return answer_enrollment(call, parse_enrollment_group_id(call.route.id),
                                 provisioning::group_from_document);
    case Collection::registrations: return answer_registration(call);
    }
    std::unreachable();
}

/// The number of a malformed query is the general one, that of a malformed document its kind's
/// (dps-service 8.3).
Subject subject_of(const ServiceRoute& route) {
    return route.action == Action::query ? Subject::request : subject_of(route.collection);
}

bool takes_body(Action action) {
    return action == Action::put || action == Action::query || action == Action::bulk;
}

/// What may be answered to whom is settled by one reading of the instance.
HttpResponse handle(const Context& context, const ProvisioningSite& site,
                    const HttpExchange& exchange) {
    const auto instance = site.instance->get();
    const auto refuse_request = [&](const Error& error) {
        return refuse(context, exchange, edge, error, Subject::request);
    };
    if (const auto let_in = check_network(*instance, provisioning::IpRule::Target::service_api,
                                          exchange.peer_address);
        !let_in) {
        return refuse_request(let_in.error());
    }
    const auto route = find_service_route(exchange.request.method, exchange.target.segments);
    if (!route) {
        return refuse(context, exchange, edge, route.error());
    }
    const auto version = check_api_version(exchange.target.parameter("api-version"));
    if (!version) {
        return refuse_request(version.error());
    }
    auto caller = identify_caller(context, *instance, exchange, right_for(*route));
    if (!caller) {
        return refuse_request(caller.error());
    }
    const auto refusal = refuse_media_type(exchange.request);
    if (refusal && takes_body(route->action)) {
        return refuse(context, exchange, edge, *refusal);
    }
    auto response = answer({.context = context,
                            .enrollments = *site.enrollments,
                            .exchange = exchange,
                            .route = *route,
                            .by = std::move(*caller)});
    if (!response) {
        return refuse(context, exchange, edge, response.error(), subject_of(*route));
    }
    return std::move(*response);
}

} // namespace

void handle_provisioning_service(const Context& context, const ProvisioningSite& site,
                                 HttpExchange exchange, Respond respond) {
    respond(handle(context, site, exchange));
}

} // namespace muster::gateway
