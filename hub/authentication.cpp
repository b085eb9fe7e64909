#include "hub/authentication.h"

#include "base/text.h"
#include "crypto/certificate.h"
#include "crypto/sas.h"
#include "hub/policy_token.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace muster::hub {

namespace {

/// The text of iothub-connection-auth-method.
std::string method_text(std::string_view scope, std::string_view type) {
    return fmt::format(
        R"({{"scope":"{}","type":"{}","issuer":"iothub","acceptingIpFilterRule":null}})", scope,
        type);
}

std::string_view scope_of(const Device& device) {
    return device.identity().is_module() ? "module" : "device";
}

std::string resource_of(const HubName& hub, const IdentityId& id) {
    std::string resource = hub.text() + "/devices/" + id.device.text();
    return id.is_module() ? resource + "/modules/" + id.module.text() : resource;
}

/// A token is honoured so much longer than it says (A.4.1, rule 5).
constexpr std::chrono::minutes tolerance{5};

/// More are in no honest handshake; each costs work.
constexpr std::size_t chain_certificates_max = 10;

/// The end of year 9999, beyond which nobody distinguishes times.
constexpr long long unix_seconds_max = 253'402'300'799;

WallTime end_of(const crypto::SasToken& token) {
    return from_unix_seconds(std::min(token.expiry_unix_seconds, unix_seconds_max)) + tolerance;
}

/// The one who signed decides: the device itself, or a policy on behalf of devices (A.4.1). The
/// scope of the proof.
Result<std::string_view> signer_of(const crypto::SasToken& token, const Device& device,
                                   const std::vector<AccessPolicy>& policies) {
    if (!token.policy_raw.empty()) {
        const AccessPolicy* policy = policy_behind(token, policies);
        if (policy == nullptr) {
            return not_authenticated("no policy of that name signed the token");
        }
        if (!policy->allows(Right::device_connect)) {
            return not_authenticated("the policy must not connect devices");
        }
        return "hub";
    }
    const Authentication& authentication = device.authentication;
    if (authentication.type != AuthenticationType::sas) {
        return not_authenticated("the device does not authenticate with keys");
    }
    if (!signed_by_either(token, authentication.primary_key, authentication.secondary_key)) {
        return not_authenticated("neither key of the device signed the token");
    }
    return scope_of(device);
}

Result<Proof> prove_by_token(const std::string& resource, const std::vector<AccessPolicy>& policies,
                             const Device& device, const std::string& sas, WallTime now) {
    const auto token = crypto::parse_sas(sas);
    if (!token) {
        return not_authenticated("the token is not usable: " + token.error().detail);
    }
    if (!crypto::covers(*token, resource)) {
        return not_authenticated("the token is for another resource");
    }
    const auto scope = signer_of(*token, device, policies);
    if (!scope) {
        return std::unexpected(scope.error());
    }
    if (!crypto::is_current(*token, now)) {
        return not_authenticated("the token has expired");
    }
    return Proof{.auth_method = method_text(*scope, "sas"), .sas_expiry = end_of(*token)};
}

bool is_thumbprint_of(const crypto::Certificate& leaf, const std::string& thumbprint) {
    return !thumbprint.empty() && (equal_ignoring_case(thumbprint, leaf.sha256_thumbprint()) ||
                                   equal_ignoring_case(thumbprint, leaf.sha1_thumbprint()));
}

Result<Proof> prove_by_thumbprint(const Device& device, const std::string& leaf_der, WallTime now) {
    const Authentication& authentication = device.authentication;
    const auto leaf = crypto::Certificate::from_der(leaf_der);
    if (!leaf) {
        return not_authenticated("the certificate cannot be read");
    }
    if (!is_thumbprint_of(*leaf, authentication.primary_thumbprint) &&
        !is_thumbprint_of(*leaf, authentication.secondary_thumbprint)) {
        return not_authenticated("the certificate has neither thumbprint of the device");
    }
    switch (crypto::validity_at(*leaf, now)) {
    case crypto::Validity::valid: break;
    case crypto::Validity::not_yet_valid:
        return not_authenticated("the certificate is not valid yet");
    case crypto::Validity::expired: return not_authenticated("the certificate has expired");
    }
    return Proof{.auth_method = method_text(scope_of(device), "x509Certificate"),
                 .sas_expiry = std::nullopt};
}

/// The chain as values; nothing, if one of them cannot be read or there are too many.
std::optional<std::vector<crypto::Certificate>> read_chain(const std::vector<std::string>& der) {
    if (der.size() > chain_certificates_max) {
        return std::nullopt;
    }
    std::vector<crypto::Certificate> chain;
    for (const std::string& one : der) {
        auto certificate = crypto::Certificate::from_der(one);
        if (!certificate) {
            return std::nullopt;
        }
        chain.push_back(std::move(*certificate));
    }
    return chain;
}

/// iothub A.4.2: the name in the leaf is the device's, letter by letter ("device/module" for a
/// module), and the chain leads to an authority of the hub.
Result<Proof> prove_by_authority(const std::vector<crypto::Certificate>& authorities,
                                 const Device& device, const std::vector<std::string>& der,
                                 WallTime now) {
    const auto chain = read_chain(der);
    if (!chain) {
        return not_authenticated("the certificates cannot be read");
    }
    if (chain->front().common_name() != device.identity().text()) {
        return not_authenticated("the certificate bears another name");
    }
    std::string why = "no authority of the hub issued the certificate";
    for (const crypto::Certificate& authority : authorities) {
        if (chain->front() == authority) {
            continue; // an authority is no device
        }
        const auto path = crypto::verify_chain(*chain, authority, now);
        if (path) {
            return Proof{.auth_method = method_text(scope_of(device), "x509Certificate"),
                         .sas_expiry = std::nullopt};
        }
        if (path.error().fault != crypto::ChainFault::no_path) {
            why = "the chain is refused: " + path.error().reason;
        }
    }
    return not_authenticated(std::move(why));
}

} // namespace

std::unexpected<Error> not_authenticated(std::string cause) {
    return fail(Code::unauthenticated, "the device is not authenticated", std::move(cause));
}

Result<Proof> prove(const Trust& trust, const Device& device, const Credentials& credentials,
                    WallTime now) {
    if (device.status == DeviceStatus::disabled) {
        return not_authenticated("the device is disabled");
    }
    // With both a certificate and a token, the type of the identity decides (A.4.2).
    const AuthenticationType type = device.authentication.type;
    const bool has_certificate = !credentials.certificates.empty();
    if (type == AuthenticationType::self_signed && has_certificate) {
        return prove_by_thumbprint(device, credentials.certificates.front(), now);
    }
    if (type == AuthenticationType::certificate_authority && has_certificate) {
        return prove_by_authority(trust.authorities, device, credentials.certificates, now);
    }
    if (!credentials.sas.empty()) {
        const std::string resource = resource_of(trust.hub, device.identity());
        return prove_by_token(resource, trust.policies, device, credentials.sas, now);
    }
    const bool wants_certificate = type == AuthenticationType::self_signed ||
                                   type == AuthenticationType::certificate_authority;
    return not_authenticated(wants_certificate ? "no certificate" : "no token");
}

} // namespace muster::hub
