// The register of CA certificates of an instance, and the proof of possession, through the control
// plane (reference: dps-service 10.4).

#include "base/encoding.h"
#include "gateway/control/control_call.h"
#include "gateway/control/instance_request.h"
#include "gateway/problem.h"
#include "session/http_text.h"

#include <utility>

namespace muster::gateway {

namespace {

using provisioning::CaCertificate;
using provisioning::Instance;
using provisioning::InstancePtr;
using session::HttpResponse;

/// The certificate itself is left out of the answers to PUT and verify, as recorded.
enum class Shown : std::uint8_t { facts, with_certificate, with_verification_code };

JsonObject properties_of(const CaCertificate& entry, Shown shown) {
    const auto& certificate = entry.certificate;
    JsonObject properties{
        {"subject", certificate.common_name().value_or(certificate.subject_name())},
        {"expiry", session::format_http_date(certificate.not_after())},
        {"thumbprint", certificate.sha1_thumbprint()},
        {"isVerified", entry.verified},
        {"created", session::format_http_date(entry.stamp.created)},
        {"updated", session::format_http_date(entry.stamp.updated)},
        {"certificate", nullptr}};
    if (shown != Shown::facts) {
        properties["certificate"] = base64_encode(certificate.der());
    }
    if (shown == Shown::with_verification_code) {
        properties["verificationCode"] = entry.verification_code;
    }
    return properties;
}

JsonObject certificate_resource(const ControlCall& call, const Instance& instance,
                                const CaCertificate& entry, Shown shown) {
    return {{"properties", properties_of(entry, shown)},
            {"id", resource_id(instance, call.route.subscription) + "/certificates/" + entry.name},
            {"name", entry.name},
            {"type", "Microsoft.Devices/provisioningServices/Certificates"},
            {"etag", entry.stamp.etag.text()}};
}

/// The certificate of the path, as it stands in this version of the instance.
Result<HttpResponse> show(const ControlCall& call, const Result<InstancePtr>& instance,
                          Shown shown) {
    if (!instance) {
        return std::unexpected(instance.error());
    }
    const auto* entry = (*instance)->find_certificate(call.route.item);
    if (entry == nullptr) {
        return fail(Code::not_found, "there is no such certificate");
    }
    return json_response(200, to_text(certificate_resource(call, **instance, *entry, shown)));
}

HttpResponse list(const ControlCall& call, const Instance& instance) {
    JsonArray entries;
    for (const auto& entry : instance.certificates) {
        entries.emplace_back(certificate_resource(call, instance, entry, Shown::with_certificate));
    }
    return json_response(200, to_text(JsonObject{{"value", std::move(entries)}}));
}

// ---- changes ----

Result<provisioning::Instances::CertificateSettings> read_body(const ControlCall& call) {
    const auto document = parse_json_object(call.exchange.request.body);
    if (!document) {
        return std::unexpected(document.error());
    }
    return read_certificate(*document);
}

Result<HttpResponse> put(const ControlCall& call, const Instance& instance) {
    auto settings = read_body(call);
    if (!settings) {
        return std::unexpected(std::move(settings).error());
    }
    settings->name = call.route.item;
    return show(call,
                call.instances.put_certificate(instance.name, *settings, call.if_match(),
                                               call.administrator.principal),
                Shown::facts);
}

Result<HttpResponse> verify(const ControlCall& call, const Instance& instance) {
    const auto proof = read_body(call);
    if (!proof) {
        return std::unexpected(proof.error());
    }
    return show(call,
                call.instances.verify_certificate(instance.name, call.route.item,
                                                  proof->certificate, call.if_match(),
                                                  call.administrator.principal),
                Shown::facts);
}

Result<HttpResponse> erase(const ControlCall& call, const Instance& instance) {
    const auto erased = call.instances.erase_certificate(
        instance.name, call.route.item, call.if_match(), call.administrator.principal);
    if (!erased) {
        return std::unexpected(erased.error());
    }
    return HttpResponse{.status = 200, .headers = {}, .body = {}};
}

/// Every change of a certificate that is there names the version it means.
Result<void> require_if_match(const ControlCall& call, const Instance& instance) {
    const bool changes = call.route.action != ControlAction::list_certificates &&
                         call.route.action != ControlAction::get_certificate;
    if (changes && call.header("If-Match").empty() &&
        instance.find_certificate(call.route.item) != nullptr) {
        return fail(Code::precondition, "the certificate exists; If-Match must name its etag");
    }
    return {};
}

} // namespace

Result<HttpResponse> answer_certificate(const ControlCall& call) {
    const auto instance = call.require();
    if (!instance) {
        return std::unexpected(instance.error());
    }
    if (auto named = require_if_match(call, **instance); !named) {
        return std::unexpected(std::move(named).error());
    }
    switch (call.route.action) {
    case ControlAction::list_certificates: return list(call, **instance);
    case ControlAction::put_certificate: return put(call, **instance);
    case ControlAction::verify_certificate: return verify(call, **instance);
    case ControlAction::erase_certificate: return erase(call, **instance);
    case ControlAction::new_verification_code:
        return show(call,
                    call.instances.new_verification_code((*instance)->name, call.route.item,
                                                         call.if_match(),
                                                         call.administrator.principal),
                    Shown::with_verification_code);
    default: return show(call, instance, Shown::with_certificate);
    }
}

} // namespace muster::gateway
