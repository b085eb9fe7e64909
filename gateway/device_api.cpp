#include "gateway/device_api.h"

#include "base/json.h"
#include "base/text.h"
#include "gateway/api_version.h"
#include "gateway/network_rules.h"
#include "gateway/problem.h"
#include "provisioning/documents.h"
#include "provisioning/registration_events.h"

#include <algorithm>
#include <utility>

namespace muster::gateway {

namespace {

using provisioning::DeviceRequest;
using provisioning::OperationStatus;
using provisioning::RegistrationStatus;

/// The one value in the middle of what every client family honours (checklist 21).
constexpr std::chrono::seconds poll_after{3};
/// One client gives up after 60 s of silence, so a hint must stay below (dps-device 3.5, 4).
constexpr std::chrono::seconds retry_after_max{55};

/// What went wrong, and with what.
struct Fault {
    Error error;
    Subject about;
};

struct CheckedCall {
    SitePtr site; // keeps the instance while the call lasts
    DeviceRequest request;
};

DeviceAnswer refuse(const Context& context, const DeviceCall& call, std::string_view action,
                    const Fault& fault) {
    const auto problem = problem_of(fault.error.code, fault.about);
    auto refusal = make_refusal(problem, fault.error, call.tracking);
    if (refusal.retry_after) {
        refusal.retry_after =
            std::clamp(*refusal.retry_after, std::chrono::seconds(1), retry_after_max);
    }
    const auto what = std::string(action) + " " + call.scope + "/" + call.registration_id;
    log_refusal(refusal, fault.error,
                {.edge = "device api", .action = what, .peer = call.peer_address});
    return {.status = problem.status,
            .body = problem_document(refusal, context.clock.wall()),
            .retry_after = refusal.retry_after,
            .error_code = problem.error_code};
}

/// Having no enrollment is 404201, whatever was asked for; an operation or a record that is not
/// there comes after that and is 404202 (dps-device 2.8).
Fault fault_of(const Error& error) {
    const bool is_enrollment = error.code == Code::not_found &&
                               error.detail != provisioning::operation_not_found &&
                               error.detail != provisioning::registration_not_found;
    return {.error = error, .about = is_enrollment ? Subject::enrollment : Subject::registration};
}

DeviceAnswer in_progress(std::string body) {
    return {.status = 202,
            .body = std::move(body),
            .retry_after = poll_after,
            .error_code = std::nullopt};
}

DeviceAnswer finished(std::string body) {
    return {.status = 200,
            .body = std::move(body),
            .retry_after = std::nullopt,
            .error_code = std::nullopt};
}

/// The operator reads why in the journal; the device is not told that its address was the reason
/// (dps-service 8.4).
Result<void> check_address(const Context& context, const CheckedCall& checked,
                           std::string_view action) {
    const auto& site = *checked.site;
    auto let_in = check_network(*site.instance->get(), provisioning::IpRule::Target::device_api,
                                checked.request.peer_address);
    if (let_in || context.journal == nullptr) {
        return let_in;
    }
    provisioning::Explanation explanation;
    explanation.findings.push_back(
        {.code = provisioning::FindingCode::network_rule, .detail = let_in.error().cause});
    const provisioning::Refused refused{.request = checked.request,
                                        .call = action,
                                        .error = let_in.error(),
                                        .explanation = explanation};
    context.journal->add(site.instance->scope(),
                         provisioning::refused_event(refused, context.clock.wall()));
    return let_in;
}

std::expected<CheckedCall, Fault> check(const Context& context, const DeviceCall& call,
                                        std::string_view action) {
    if (auto version = check_api_version(call.api_version); !version) {
        return std::unexpected(Fault{version.error(), Subject::request});
    }
    auto site = context.sites.provisioning_of(IdScope(call.scope));
    if (site == nullptr) {
        return std::unexpected(
            Fault{fail(Code::not_found, "ID scope not found").error(), Subject::request});
    }
    auto id = parse_registration_id(call.registration_id);
    if (!id) {
        return std::unexpected(Fault{id.error(), Subject::registration});
    }
    CheckedCall checked{.site = std::move(site),
                        .request = {.id = std::move(*id),
                                    .proof = call.proof,
                                    .api_version = call.api_version,
                                    .payload = std::nullopt,
                                    .client_version = call.client_version,
                                    .peer_address = call.peer_address,
                                    .tracking = call.tracking}};
    if (auto let_in = check_address(context, checked, action); !let_in) {
        return std::unexpected(Fault{std::move(let_in.error()), Subject::request});
    }
    return checked;
}

/// DeviceRegistration (dps-device 2.6): may be empty, may lack the id, may hold any JSON as
/// payload; null means absent and unknown members mean nothing. `csr` and the like are of later
/// versions.
Result<void> read_body(std::string_view body, DeviceRequest& request) {
    if (trim(body).empty()) {
        return {};
    }
    const auto document = parse_json_object(body);
    if (!document) {
        return std::unexpected(document.error());
    }
    const auto id = string_member(*document, "registrationId", request.id.text());
    if (!id) {
        return std::unexpected(id.error());
    }
    if (!equal_ignoring_case(*id, request.id.text())) {
        return fail(Code::malformed, "registrationId is not the one the request is for");
    }
    if (const auto* payload = find_member(*document, "payload")) {
        request.payload = *payload;
    }
    return {};
}

} // namespace

DeviceAnswer answer_register(const Context& context, const DeviceCall& call,
                             std::string_view body) {
    constexpr std::string_view action = "register";
    auto checked = check(context, call, action);
    if (!checked) {
        return refuse(context, call, action, checked.error());
    }
    if (auto read = read_body(body, checked->request); !read) {
        return refuse(context, call, action, {read.error(), Subject::registration});
    }
    const auto accepted = checked->site->registration->register_device(checked->request);
    if (!accepted) {
        return refuse(context, call, action, fault_of(accepted.error()));
    }
    return in_progress(
        to_text(JsonObject{{"operationId", accepted->operation.text()}, {"status", "assigning"}}));
}

DeviceAnswer answer_operation_status(const Context& context, const DeviceCall& call,
                                     const OperationId& operation) {
    constexpr std::string_view action = "operation status";
    const auto checked = check(context, call, action);
    if (!checked) {
        return refuse(context, call, action, checked.error());
    }
    const auto found = checked->site->registration->operation_status(checked->request, operation);
    if (!found) {
        return refuse(context, call, action, fault_of(found.error()));
    }
    JsonObject document{{"operationId", found->operation.text()},
                        {"status", provisioning::to_string(found->status)}};
    if (found->record) {
        document["registrationState"] = provisioning::to_device_document(*found->record);
    }
    return found->status == RegistrationStatus::assigning ? in_progress(to_text(document))
                                                          : finished(to_text(document));
}

DeviceAnswer answer_lookup(const Context& context, const DeviceCall& call, std::string_view body) {
    constexpr std::string_view action = "lookup";
    auto checked = check(context, call, action);
    if (!checked) {
        return refuse(context, call, action, checked.error());
    }
    if (auto read = read_body(body, checked->request); !read) {
        return refuse(context, call, action, {read.error(), Subject::registration});
    }
    const auto record = checked->site->registration->lookup(checked->request);
    if (!record) {
        return refuse(context, call, action, fault_of(record.error()));
    }
    return finished(to_text(provisioning::to_device_document(*record)));
}

DeviceAnswer answer_refused(const Context& context, const DeviceCall& call, std::string_view action,
                            const Error& error) {
    return refuse(context, call, action, {error, Subject::request});
}

} // namespace muster::gateway
