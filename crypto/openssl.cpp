#include "crypto/openssl.h"

#include <climits>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>

namespace muster::crypto {

ErrorScope::ErrorScope() {
    ERR_set_mark();
}

ErrorScope::~ErrorScope() {
    ERR_pop_to_mark();
}

std::string ErrorScope::text() {
    std::array<char, 256> buffer{};
    ERR_error_string_n(ERR_peek_last_error(), buffer.data(), buffer.size());
    return buffer.data();
}

std::string contents(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string contents(X509* x509) {
    const int size = i2d_X509(x509, nullptr);
    std::string der(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
    auto* out = reinterpret_cast<unsigned char*>(der.data());
    i2d_X509(x509, &out);
    return der;
}

std::optional<std::string> to_utf8(const ASN1_STRING* text) {
    unsigned char* bytes = nullptr;
    const int size = ASN1_STRING_to_UTF8(&bytes, text);
    if (size < 0) {
        return std::nullopt;
    }
    std::string result(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return result.find('\0') == std::string::npos ? std::optional(result) : std::nullopt;
}

Result<KeyPtr> read_key(std::string_view pem) {
    const ErrorScope errors;
    const auto no_passphrase = [](char*, int, int, void*) { return -1; };
    const auto wrong = [] {
        return fail(Code::malformed, "not an unencrypted private key", ErrorScope::text());
    };
    if (pem.size() > INT_MAX) {
        return wrong();
    }
    const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    if (!key) {
        return wrong();
    }
    return key;
}

} // namespace muster::crypto
