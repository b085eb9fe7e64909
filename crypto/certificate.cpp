#include "crypto/certificate.h"

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/certificate_handle.h"
#include "crypto/keys.h"

#include <openssl/asn1.h>

#include <string>
#include <utility>

namespace muster::crypto {

namespace {

constexpr std::string_view pem_begin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view pem_end = "-----END CERTIFICATE-----";
constexpr std::size_t text_bytes_max = 256 * 1024;
constexpr std::size_t pem_line_chars = 64;

std::unexpected<Error> not_a_certificate(std::string cause = {}) {
    return fail(Code::malformed, "not a certificate", std::move(cause));
}

std::string without_white_space(std::string_view text) {
    std::string result(text);
    std::erase_if(result, [](char c) { return trim(std::string_view(&c, 1)).empty(); });
    return result;
}

/// The base64 between the lines of the first PEM certificate; nothing if there is none.
std::optional<std::string_view> first_pem_body(std::string_view text) {
    const auto begin = text.find(pem_begin);
    if (begin == std::string_view::npos) {
        return std::nullopt;
    }
    text.remove_prefix(begin + pem_begin.size());
    const auto end = text.find(pem_end);
    return end == std::string_view::npos ? std::nullopt : std::optional(text.substr(0, end));
}

std::string name_text(const X509_NAME* name) {
    const ErrorScope errors;
    const BioPtr bio(BIO_new(BIO_s_mem()));
    constexpr unsigned long flags = XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_DN_REV | XN_FLAG_FN_SN |
                                    ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_ESC_QUOTE |
                                    ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT |
                                    ASN1_STRFLGS_DUMP_UNKNOWN | ASN1_STRFLGS_DUMP_DER;
    X509_NAME_print_ex(bio.get(), name, 0, flags);
    return contents(bio.get());
}

} // namespace

Result<Certificate> Certificate::from_der(std::string_view der) {
    return Handle::parse(der);
}

Result<Certificate> Certificate::from_text(std::string_view text) {
    if (text.size() > text_bytes_max) {
        return not_a_certificate("too large");
    }
    auto body = first_pem_body(text);
    auto bytes = base64_decode(without_white_space(body.value_or(text)));
    if (!bytes) {
        return not_a_certificate(bytes.error().detail);
    }
    constexpr char der_sequence = 0x30;
    if (body || bytes->starts_with(der_sequence)) {
        return from_der(*bytes);
    }
    // PEM in base64: once more, and no deeper (dps-service 6.3).
    body = first_pem_body(*bytes);
    const auto inner = base64_decode(without_white_space(body.value_or("")));
    return inner ? from_der(*inner) : not_a_certificate(inner.error().detail);
}

std::string Certificate::der() const {
    return handle_->der;
}

std::string Certificate::pem() const {
    const std::string body = base64_encode(handle_->der);
    std::string text(pem_begin);
    text += '\n';
    for (std::size_t i = 0; i < body.size(); i += pem_line_chars) {
        text += body.substr(i, pem_line_chars);
        text += '\n';
    }
    text += pem_end;
    return text + '\n';
}

std::optional<std::string> Certificate::common_name() const {
    const ErrorScope errors;
    const X509_NAME* name = X509_get_subject_name(handle_->facts());
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0) {
        return std::nullopt;
    }
    return to_utf8(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

std::optional<std::string> Certificate::first_dns_name() const {
    const ErrorScope errors;
    const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(handle_->facts(), NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_DNS) {
            return to_utf8(name->d.dNSName);
        }
    }
    return std::nullopt;
}

std::string Certificate::subject_name() const {
    return name_text(X509_get_subject_name(handle_->facts()));
}

std::string Certificate::issuer_name() const {
    return name_text(X509_get_issuer_name(handle_->facts()));
}

std::string Certificate::serial_number() const {
    const ErrorScope errors;
    const BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(handle_->facts()), nullptr));
    if (!number) {
        return {};
    }
    char* digits = BN_bn2hex(number.get());
    std::string text(digits);
    OPENSSL_free(digits);
    return text;
}

std::string Certificate::sha1_thumbprint() const {
    return hex_encode_upper(sha1(handle_->der));
}

std::string Certificate::sha256_thumbprint() const {
    return hex_encode_upper(sha256(handle_->der));
}

int Certificate::version() const {
    return static_cast<int>(X509_get_version(handle_->facts())) + 1;
}

WallTime Certificate::not_before() const {
    return handle_->not_before;
}

WallTime Certificate::not_after() const {
    return handle_->not_after;
}

bool Certificate::is_ca() const {
    return (X509_get_extension_flags(handle_->facts()) & EXFLAG_CA) != 0;
}

bool operator==(const Certificate& left, const Certificate& right) {
    return left.handle_ == right.handle_ || left.handle_->der == right.handle_->der;
}

Validity validity_at(const Certificate& certificate, WallTime now) {
    if (now < certificate.not_before()) {
        return Validity::not_yet_valid;
    }
    return now > certificate.not_after() ? Validity::expired : Validity::valid;
}

} // namespace muster::crypto
