// The CA certificates of an instance. Whoever may write here vouches for a certificate himself
// (`isVerified`); the proof of possession is the control plane's (gateway/control).

#include "base/text.h"
#include "gateway/administration/families.h"
#include "gateway/administration/page.h"
#include "provisioning/documents/instance_document.h"
#include "provisioning/documents/members.h"

#include <algorithm>
#include <utility>

namespace muster::gateway {

namespace {

using provisioning::CaCertificate;
using provisioning::Instances;

std::string folded_name(const CaCertificate& certificate) {
    return to_lower(certificate.name);
}

Result<Instances::CertificateSettings> read_settings(const AdminCall& call) {
    const auto body = body_of(call);
    if (!body) {
        return std::unexpected(body.error());
    }
    provisioning::MemberReader members(*body);
    const auto text = members.required_text("certificate");
    auto certificate = members.take("certificate", crypto::Certificate::from_text(text));
    const auto is_verified = members.flag("isVerified").value_or(false);
    if (auto verdict = members.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    return Instances::CertificateSettings{
        .name = call.names.back(), .certificate = *std::move(certificate), .verified = is_verified};
}

} // namespace

AdminAnswer list_certificates(const AdminCall& call) {
    const auto instance = reach_instance(call);
    if (!instance) {
        return std::unexpected(instance.error());
    }
    const auto count = read_count(call);
    if (!count) {
        return std::unexpected(count.error());
    }
    auto certificates = (*instance)->certificates;
    std::ranges::sort(certificates, {}, folded_name);
    ListPage page("certificates", *count);
    auto next =
        std::ranges::upper_bound(certificates, to_lower(call.parameter("after")), {}, folded_name);
    while (next != certificates.end() && page.add(to_document(*next), folded_name(*next))) {
        ++next;
    }
    return std::move(page).finish();
}

AdminAnswer put_certificate(const AdminCall& call) {
    const auto instance = reach_instance(call);
    if (!instance) {
        return std::unexpected(instance.error());
    }
    const auto wanted = read_settings(call);
    if (!wanted) {
        return std::unexpected(wanted.error());
    }
    if (call.exchange.request.header("If-None-Match") == "*" &&
        (*instance)->find_certificate(wanted->name) != nullptr) {
        return fail(Code::precondition, "the certificate exists already");
    }
    const auto changed = call.control.instances.put_certificate((*instance)->name, *wanted,
                                                                call.if_match(), call.by());
    if (!changed) {
        return std::unexpected(changed.error());
    }
    const auto* stored = (*changed)->find_certificate(wanted->name);
    if (stored == nullptr) { // a later change has removed it
        return fail(Code::conflict, "the certificate was changed by somebody else");
    }
    return answer_with(200, to_document(*stored));
}

AdminAnswer erase_certificate(const AdminCall& call) {
    const auto instance = reach_instance(call);
    if (!instance) {
        return std::unexpected(instance.error());
    }
    const auto erased = call.control.instances.erase_certificate(
        (*instance)->name, call.names.back(), call.if_match(), call.by());
    if (!erased) {
        return std::unexpected(erased.error());
    }
    return answer_no_content();
}

} // namespace muster::gateway
