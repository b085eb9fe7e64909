#include "provisioning/documents/certificate_document.h"

#include "base/encoding.h"
#include "provisioning/documents/members.h"

namespace muster::provisioning {

namespace {

JsonObject slot_document(const crypto::Certificate& certificate, View view) {
    switch (view) {
    case View::stored: return {{"certificate", base64_encode(certificate.der())}};
    case View::exported:
    case View::exported_with_keys: return {{"certificate", certificate.pem()}};
    case View::written:
    case View::read: break;
    }
    return {{"info", certificate_info(certificate)}};
}

/// The thumbprint that an `info` names, upper case as everywhere; empty if it names none.
std::string thumbprint_in(const JsonObject& info) {
    const Json* member = find_member(info, "sha256Thumbprint");
    return member != nullptr && member->is_string() ? std::string(member->as_string()) : "";
}

void read_slot(MemberReader& slots, std::string_view key,
               std::optional<crypto::Certificate>& certificate, std::optional<std::string>& kept) {
    const JsonObject* slot = slots.object(key);
    if (slot == nullptr) {
        return;
    }
    MemberReader members(*slot, slots.path_of(key) + '.');
    const std::string text = members.text("certificate").value_or("");
    const JsonObject* info = members.object("info");
    if (members.failed()) {
        slots.adopt(members.verdict());
    } else if (!text.empty()) {
        certificate = slots.take(key, crypto::Certificate::from_text(text));
    } else if (info != nullptr) {
        kept = thumbprint_in(*info);
    } else {
        slots.refuse(key, "holds no certificate");
    }
}

} // namespace

JsonObject certificate_info(const crypto::Certificate& certificate) {
    return {
        {"subjectName", certificate.subject_name()},
        {"sha1Thumbprint", certificate.sha1_thumbprint()},
        {"sha256Thumbprint", certificate.sha256_thumbprint()},
        {"issuerName", certificate.issuer_name()},
        {"notBeforeUtc", format_time_seconds(certificate.not_before())},
        {"notAfterUtc", format_time_seconds(certificate.not_after())},
        {"serialNumber", certificate.serial_number()},
        {"version", certificate.version()},
    };
}

JsonObject slots_document(const CertificateSlots& slots, View view) {
    JsonObject document;
    if (slots.primary) {
        document["primary"] = slot_document(*slots.primary, view);
    }
    if (slots.secondary) {
        document["secondary"] = slot_document(*slots.secondary, view);
    }
    return document;
}

Result<CertificateSlots> read_slots(const JsonObject& document, const std::string& path) {
    MemberReader members(document, path);
    CertificateSlots slots;
    read_slot(members, "primary", slots.primary, slots.kept.primary);
    read_slot(members, "secondary", slots.secondary, slots.kept.secondary);
    const bool empty =
        !slots.primary && !slots.secondary && !slots.kept.primary && !slots.kept.secondary;
    if (empty) {
        members.refuse("primary", "or secondary is required");
    }
    if (const auto verdict = members.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    return slots;
}

} // namespace muster::provisioning
