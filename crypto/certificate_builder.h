#pragma once

// For tests only: certificates that issue() would never make, wrong in one chosen way.

#include "crypto/certificate.h"
#include "crypto/certificate_handle.h"
#include "crypto/openssl.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace muster::crypto::testing {

constexpr WallTime now = std::chrono::sys_days(std::chrono::January / 2 / 2030);

using Key = std::shared_ptr<EVP_PKEY>;

inline void expect(bool success) {
    if (!success) {
        throw std::runtime_error("cannot build the certificate: " + ErrorScope::text());
    }
}

inline Key share(EVP_PKEY* key) {
    expect(key != nullptr);
    return Key(key, EVP_PKEY_free);
}

inline Key p256_key() {
    return share(EVP_EC_gen("P-256"));
}

inline Key rsa_key(unsigned bits) {
    return share(EVP_RSA_gen(bits));
}

/// P-256 again, but its public key will spell out the curve.
inline Key explicit_curve_key() {
    Key key = p256_key();
    expect(EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_ENCODING, "explicit") == 1);
    return key;
}

/// A certificate and its key.
struct Party {
    Certificate certificate;
    Key key;
};

struct Extension {
    int kind;
    const char* value; // in OpenSSL's notation
};

struct Attribute {
    int kind;
    std::string value;
};

inline const std::vector<Extension> authority = {{NID_basic_constraints, "critical,CA:TRUE"},
                                                 {NID_key_usage, "critical,keyCertSign"}};
inline const std::vector<Extension> device = {{NID_ext_key_usage, "clientAuth"}};

struct Description {
    std::vector<Attribute> subject;
    std::vector<Extension> extensions = device;
    Key key = p256_key();
    WallTime not_before = now - std::chrono::days(1);
    WallTime not_after = now + std::chrono::days(1);
    const char* digest = "SHA256";
    long version = X509_VERSION_3;
};

inline Description describe(const std::string& common_name,
                            std::vector<Extension> extensions = device) {
    return {.subject = {{NID_commonName, common_name}}, .extensions = std::move(extensions)};
}

inline void add_subject(X509* x509, const Description& description) {
    for (const Attribute& attribute : description.subject) {
        const auto* text = reinterpret_cast<const unsigned char*>(attribute.value.data());
        expect(X509_NAME_add_entry_by_NID(X509_get_subject_name(x509), attribute.kind,
                                          MBSTRING_UTF8, text,
                                          static_cast<int>(attribute.value.size()), -1, 0) == 1);
    }
}

inline void add_extensions(X509* x509, X509* issuer, const Description& description) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
    for (const auto& [kind, value] : description.extensions) {
        const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
        expect(extension && X509_add_ext(x509, extension.get(), -1) == 1);
    }
}

/// Signed by the issuer, or by its own key if there is none.
inline Party make(const Description& description, const Party* issuer = nullptr) {
    static long serial_number = 0x1000;
    const X509Ptr x509(X509_new());
    expect(X509_set_version(x509.get(), description.version) == 1);
    expect(ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), ++serial_number) == 1);
    add_subject(x509.get(), description);
    X509* above = issuer != nullptr ? issuer->certificate.handle().get() : x509.get();
    expect(X509_set_issuer_name(x509.get(), X509_get_subject_name(above)) == 1);
    ASN1_TIME_set(X509_getm_notBefore(x509.get()), unix_seconds(description.not_before));
    ASN1_TIME_set(X509_getm_notAfter(x509.get()), unix_seconds(description.not_after));
    expect(X509_set_pubkey(x509.get(), description.key.get()) == 1);
    add_extensions(x509.get(), above, description);
    EVP_PKEY* signing_key = issuer != nullptr ? issuer->key.get() : description.key.get();
    expect(X509_sign(x509.get(), signing_key, EVP_get_digestbyname(description.digest)) > 0);
    return {Certificate::from_der(contents(x509.get())).value(), description.key};
}

inline Party make_root(const std::string& name) {
    return make(describe(name, authority));
}

inline Party make_authority(const std::string& name, const Party& issuer) {
    return make(describe(name, authority), &issuer);
}

inline Party make_device(const std::string& name, const Party& issuer) {
    return make(describe(name), &issuer);
}

} // namespace muster::crypto::testing
