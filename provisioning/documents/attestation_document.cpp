#include "provisioning/documents/attestation_document.h"

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/keys.h"
#include "provisioning/documents/certificate_document.h"
#include "provisioning/documents/members.h"

#include <algorithm>
#include <array>

namespace muster::provisioning {

namespace {

// ---- writing ----

class Writer {
  public:
    explicit Writer(View view) : view_(view) {}

    JsonObject operator()(const SymmetricKeyAttestation& attestation) const {
        JsonObject document{{"type", "symmetricKey"}};
        if (shows_keys()) { // dps-service 7: GET and queries omit the member altogether
            document["symmetricKey"] = keys_document(attestation.keys);
        }
        return document;
    }

    JsonObject operator()(const ClientCertificates& attestation) const {
        return x509("clientCertificates", slots_document(attestation.certificates, view_));
    }

    JsonObject operator()(const SigningCertificates& attestation) const {
        return x509("signingCertificates", slots_document(attestation.certificates, view_));
    }

    JsonObject operator()(const CaReferences& attestation) const {
        JsonObject names;
        if (attestation.names.primary) {
            names["primary"] = *attestation.names.primary;
        }
        if (attestation.names.secondary) {
            names["secondary"] = *attestation.names.secondary;
        }
        return x509("caReferences", std::move(names));
    }

    JsonObject operator()(const TpmAttestation& attestation) const {
        JsonObject tpm{{"endorsementKey", attestation.endorsement_key}};
        if (attestation.storage_root_key) {
            tpm["storageRootKey"] = *attestation.storage_root_key;
        }
        return {{"type", "tpm"}, {"tpm", std::move(tpm)}};
    }

    JsonObject operator()(const NoAttestation& /*attestation*/) const { return {{"type", "none"}}; }

  private:
    [[nodiscard]] bool shows_keys() const { return view_ != View::read && view_ != View::exported; }

    static JsonObject x509(std::string_view container, JsonObject slots) {
        return {{"type", "x509"}, {"x509", JsonObject{{container, std::move(slots)}}}};
    }

    View view_;
};

// ---- reading ----

Result<Attestation> read_symmetric_key(const JsonObject& document) {
    MemberReader members(document, "attestation.");
    const JsonObject* object = members.object("symmetricKey");
    if (const auto verdict = members.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    if (object == nullptr) {
        return SymmetricKeyAttestation{};
    }
    Result<SymmetricKeys> keys = read_keys(*object, "attestation.symmetricKey.");
    if (!keys) {
        return std::unexpected(std::move(keys).error());
    }
    return SymmetricKeyAttestation{*std::move(keys)};
}

bool is_base64(const std::string& text) {
    return !text.empty() && base64_decode(text).has_value();
}

Result<Attestation> read_tpm(const JsonObject& document) {
    MemberReader members(document, "attestation.");
    MemberReader tpm(members.required_object("tpm"), "attestation.tpm.");
    if (const auto verdict = members.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    TpmAttestation attestation{.endorsement_key = tpm.required_text("endorsementKey"),
                               .storage_root_key = tpm.text("storageRootKey")};
    if (attestation.storage_root_key == "") { // dps-service 2.2: never printed as ""
        attestation.storage_root_key.reset();
    }
    if (!is_base64(attestation.endorsement_key)) {
        tpm.refuse("endorsementKey", "must be base64");
    }
    if (attestation.storage_root_key && !is_base64(*attestation.storage_root_key)) {
        tpm.refuse("storageRootKey", "must be base64");
    }
    if (const auto verdict = tpm.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    return attestation;
}

Result<Attestation> read_references(const JsonObject& object) {
    MemberReader members(object, "attestation.x509.caReferences.");
    CaReferences references{
        {.primary = members.text("primary"), .secondary = members.text("secondary")}};
    if (const auto verdict = members.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    if (!references.names.primary && !references.names.secondary) {
        return fail(Code::malformed, "attestation.x509.caReferences names no CA");
    }
    return references;
}

template <class Container>
Result<Attestation> read_certificates(const JsonObject& object, const std::string& path) {
    Result<CertificateSlots> slots = read_slots(object, path);
    if (!slots) {
        return std::unexpected(std::move(slots).error());
    }
    return Container{*std::move(slots)};
}

Result<Attestation> read_x509(const JsonObject& document) {
    MemberReader members(document, "attestation.");
    MemberReader x509(members.required_object("x509"), "attestation.x509.");
    const JsonObject* client = x509.object("clientCertificates");
    const JsonObject* signing = x509.object("signingCertificates");
    const JsonObject* references = x509.object("caReferences");
    for (const MemberReader* reader : {&members, &x509}) {
        if (const auto verdict = reader->verdict(); !verdict) {
            return std::unexpected(verdict.error());
        }
    }
    const int count = (client != nullptr) + (signing != nullptr) + (references != nullptr);
    if (count != 1) {
        return fail(Code::malformed, "attestation.x509 must hold exactly one of "
                                     "clientCertificates, signingCertificates and caReferences");
    }
    if (client != nullptr) {
        return read_certificates<ClientCertificates>(*client,
                                                     "attestation.x509.clientCertificates.");
    }
    if (signing != nullptr) {
        return read_certificates<SigningCertificates>(*signing,
                                                      "attestation.x509.signingCertificates.");
    }
    return read_references(*references);
}

struct Kind {
    std::string_view type;
    Result<Attestation> (*read)(const JsonObject& document);
};

constexpr std::array<Kind, 4> kinds{
    Kind{"symmetricKey", read_symmetric_key}, Kind{"x509", read_x509}, Kind{"tpm", read_tpm},
    Kind{"none", [](const JsonObject&) -> Result<Attestation> { return NoAttestation{}; }}};

} // namespace

JsonObject attestation_document(const Attestation& attestation, View view) {
    return std::visit(Writer(view), attestation);
}

JsonObject keys_document(const SymmetricKeys& keys) {
    JsonObject document;
    if (!keys.primary.empty()) {
        document["primaryKey"] = crypto::encode_key(keys.primary);
    }
    if (!keys.secondary.empty()) {
        document["secondaryKey"] = crypto::encode_key(keys.secondary);
    }
    return document;
}

Result<SymmetricKeys> read_keys(const JsonObject& document, const std::string& path) {
    MemberReader members(document, path);
    SymmetricKeys keys;
    for (const auto& [name, key] :
         {std::pair("primaryKey", &keys.primary), std::pair("secondaryKey", &keys.secondary)}) {
        const std::string text = members.text(name).value_or("");
        if (!text.empty()) {
            *key = members.take(name, crypto::decode_key(text)).value_or(Secret());
        }
    }
    if (const auto verdict = members.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    return keys;
}

Result<Attestation> read_attestation(const JsonObject& document) {
    MemberReader members(document, "attestation.");
    const std::string type = members.required_text("type");
    if (const auto verdict = members.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    const auto kind = std::ranges::find_if(
        kinds, [&](const Kind& one) { return equal_ignoring_case(one.type, type); });
    if (kind == kinds.end()) {
        return fail(Code::malformed, "attestation.type must be symmetricKey, x509, tpm or none");
    }
    for (const Kind& other : kinds) {
        if (other.type != kind->type && find_member(document, other.type) != nullptr) {
            return fail(Code::malformed, "attestation." + std::string(other.type) +
                                             " does not go with the type " +
                                             std::string(kind->type));
        }
    }
    return kind->read(document);
}

} // namespace muster::provisioning
