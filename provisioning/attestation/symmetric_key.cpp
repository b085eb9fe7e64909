#include "provisioning/attestation/symmetric_key.h"

#include "base/text.h"
#include "crypto/keys.h"

namespace muster::provisioning {

namespace {

bool names_registration(std::string_view resource, const IdScope& scope, const RegistrationId& id) {
    const std::vector<std::string_view> parts = split(resource, '/');
    return parts.size() == 3 && parts[0] == scope.text() && parts[1] == "registrations" &&
           equal_ignoring_case(parts[2], id.text());
}

bool signs(const Secret& key, const crypto::SasToken& token) {
    // HMAC takes an empty key without complaint, and anybody can sign with that.
    return !key.empty() && crypto::signed_by(token, key);
}

Secret derive(const Secret& group_key, std::string_view id) {
    return group_key.empty() ? Secret() : crypto::derive_device_key(group_key, id);
}

} // namespace

Verdict<crypto::SasToken> read_token(const TokenFacts& facts) {
    Result<crypto::SasToken> token = crypto::parse_sas(facts.text);
    if (!token) {
        const Error& error = token.error();
        return std::unexpected("token unreadable: " +
                               (error.cause.empty() ? error.detail : error.cause));
    }
    if (!names_registration(token->resource(), facts.scope, facts.id)) {
        return std::unexpected(std::string("token is for another resource"));
    }
    if (!crypto::is_current(*token, facts.now)) {
        return std::unexpected(std::string("token has expired"));
    }
    return *std::move(token);
}

Verdict<> verify_symmetric_key(const crypto::SasToken& token, const SymmetricKeys& keys) {
    if (signs(keys.primary, token) || signs(keys.secondary, token)) {
        return {};
    }
    return std::unexpected(std::string("token is signed by neither key"));
}

Verdict<SymmetricKeys> verify_derived_key(const crypto::SasToken& token,
                                          const SymmetricKeys& group_keys,
                                          const RegistrationId& id) {
    for (const std::string& spelling : {id.text(), id.folded()}) {
        SymmetricKeys derived{.primary = derive(group_keys.primary, spelling),
                              .secondary = derive(group_keys.secondary, spelling)};
        if (verify_symmetric_key(token, derived)) {
            return derived;
        }
        if (id.text() == id.folded()) {
            break;
        }
    }
    return std::unexpected(std::string("token is signed by neither derived key"));
}

} // namespace muster::provisioning
