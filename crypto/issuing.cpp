#include "crypto/issuing.h"

#include "base/check.h"
#include "crypto/certificate_handle.h"

#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

#include <string>
#include <utility>

namespace muster::crypto {

namespace {

constexpr std::size_t serial_bytes = 16;

std::unexpected<Error> cannot_issue(std::string detail) {
    return fail(Code::malformed, "cannot issue the certificate: " + std::move(detail),
                ErrorScope::text());
}

KeyPtr new_key_pair() {
    KeyPtr key(EVP_EC_gen("P-256"));
    CHECK(key != nullptr);
    return key;
}

Secret to_pem(EVP_PKEY* key) {
    // Memory BIOs wipe their buffer.
    const BioPtr bio(BIO_new(BIO_s_mem()));
    CHECK(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) ==
          1);
    return Secret(contents(bio.get()));
}

void set_serial_number(X509* x509, Random& random) {
    std::string bytes = random.bytes(serial_bytes);
    // Positive and of one length (RFC 5280 section 4.1.2.2).
    bytes[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0x3FU) | 0x40U);
    const BignumPtr number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()), nullptr));
    CHECK(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x509)) != nullptr);
}

bool set_subject(X509* x509, const std::string& common_name) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(common_name.data());
    return X509_NAME_add_entry_by_NID(X509_get_subject_name(x509), NID_commonName, MBSTRING_UTF8,
                                      bytes, static_cast<int>(common_name.size()), -1, 0) == 1;
}

bool set_validity(X509* x509, const CertificateRequest& request) {
    return request.not_before < request.not_after &&
           ASN1_TIME_set(X509_getm_notBefore(x509), unix_seconds(request.not_before)) != nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(x509), unix_seconds(request.not_after)) != nullptr;
}

/// An extension in OpenSSL's own notation; never with text from outside.
bool add_extension(X509* x509, X509V3_CTX& context, int kind, const std::string& value) {
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    return extension && X509_add_ext(x509, extension.get(), -1) == 1;
}

std::string basic_constraints(const CertificateRequest& request) {
    if (request.purpose != Purpose::certificate_authority) {
        return "critical,CA:FALSE";
    }
    return request.path_length ? fmt::format("critical,CA:TRUE,pathlen:{}", *request.path_length)
                               : "critical,CA:TRUE";
}

bool add_usage(X509* x509, X509V3_CTX& context, Purpose purpose) {
    switch (purpose) {
    case Purpose::certificate_authority:
        return add_extension(x509, context, NID_key_usage, "critical,keyCertSign,cRLSign");
    case Purpose::server:
        return add_extension(x509, context, NID_key_usage, "critical,digitalSignature") &&
               add_extension(x509, context, NID_ext_key_usage, "serverAuth");
    case Purpose::client:
        return add_extension(x509, context, NID_key_usage, "critical,digitalSignature") &&
               add_extension(x509, context, NID_ext_key_usage, "clientAuth");
    }
    return false;
}

/// Takes over `value`.
bool add_name(GENERAL_NAMES* names, int kind, ASN1_STRING* value) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    if (value == nullptr || name == nullptr) {
        GENERAL_NAME_free(name);
        ASN1_STRING_free(value);
        return false;
    }
    GENERAL_NAME_set0_value(name, kind, value);
    return sk_GENERAL_NAME_push(names, name) > 0;
}

ASN1_STRING* to_ia5_string(const std::string& text) {
    ASN1_IA5STRING* string = ASN1_IA5STRING_new();
    CHECK(string != nullptr &&
          ASN1_STRING_set(string, text.data(), static_cast<int>(text.size())) == 1);
    return string;
}

bool add_alternative_names(X509* x509, const CertificateRequest& request) {
    if (request.dns_names.empty() && request.ip_addresses.empty()) {
        return true;
    }
    const GeneralNamesPtr names(sk_GENERAL_NAME_new_null());
    for (const std::string& dns_name : request.dns_names) {
        if (!add_name(names.get(), GEN_DNS, to_ia5_string(dns_name))) {
            return false;
        }
    }
    for (const std::string& address : request.ip_addresses) {
        if (!add_name(names.get(), GEN_IPADD, a2i_IPADDRESS(address.c_str()))) {
            return false;
        }
    }
    return X509_add1_ext_i2d(x509, NID_subject_alt_name, names.get(), 0, 0) == 1;
}

bool add_extensions(X509* x509, X509* issuer, const CertificateRequest& request) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
    return add_extension(x509, context, NID_basic_constraints, basic_constraints(request)) &&
           add_usage(x509, context, request.purpose) &&
           add_extension(x509, context, NID_subject_key_identifier, "hash") &&
           add_extension(x509, context, NID_authority_key_identifier, "keyid:always") &&
           add_alternative_names(x509, request);
}

} // namespace

Result<Identity> issue(const CertificateRequest& request, const Identity* issuer, Random& random) {
    const ErrorScope errors;
    const KeyPtr key = new_key_pair();
    X509Ptr x509(X509_new());
    CHECK(x509 && X509_set_version(x509.get(), X509_VERSION_3) == 1);
    set_serial_number(x509.get(), random);
    if (!set_subject(x509.get(), request.common_name)) {
        return cannot_issue("its common name must have 1 to 64 characters");
    }
    if (!set_validity(x509.get(), request)) {
        return cannot_issue("its validity ends before it begins");
    }
    X509* issuer_x509 = issuer != nullptr ? issuer->certificate.handle().get() : x509.get();
    if (X509_set_issuer_name(x509.get(), X509_get_subject_name(issuer_x509)) != 1 ||
        X509_set_pubkey(x509.get(), key.get()) != 1) {
        return cannot_issue("out of memory");
    }
    if (!add_extensions(x509.get(), issuer_x509, request)) {
        return cannot_issue("an address or extension is malformed");
    }
    Result<KeyPtr> issuer_key = issuer != nullptr ? read_key(issuer->key_pem.reveal()) : KeyPtr();
    if (!issuer_key) {
        return std::unexpected(std::move(issuer_key.error()));
    }
    EVP_PKEY* signing_key = *issuer_key ? issuer_key->get() : key.get();
    if (X509_sign(x509.get(), signing_key, EVP_sha256()) <= 0) {
        return cannot_issue("the issuer's key cannot sign");
    }
    // Through its bytes, so that what we hold is what everybody else will read.
    auto certificate = Certificate::from_der(contents(x509.get()));
    if (!certificate) {
        return std::unexpected(std::move(certificate.error()));
    }
    return Identity{.certificate = std::move(*certificate), .key_pem = to_pem(key.get())};
}

Result<Identity> read_identity(std::string_view certificate_pem, const Secret& key_pem) {
    const ErrorScope errors;
    auto certificate = Certificate::from_text(certificate_pem);
    if (!certificate) {
        return std::unexpected(std::move(certificate.error()));
    }
    const auto key = read_key(key_pem.reveal());
    if (!key) {
        return std::unexpected(key.error());
    }
    if (X509_check_private_key(certificate->handle().get(), key->get()) != 1) {
        return fail(Code::malformed, "the private key does not belong to the certificate");
    }
    return Identity{.certificate = std::move(*certificate), .key_pem = key_pem};
}

} // namespace muster::crypto
