#include "crypto/strength.h"

#include "crypto/certificate_handle.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

namespace muster::crypto {

namespace {

constexpr int security_bits_min = 112;

} // namespace

Result<void> check_key_strength(const Certificate& certificate) {
    const EVP_PKEY* key = X509_get0_pubkey(certificate.handle().get());
    if (key == nullptr) {
        return fail(Code::malformed, "the certificate's public key cannot be read");
    }
    const int bits = EVP_PKEY_get_security_bits(key);
    if (bits < security_bits_min) {
        return fail(Code::malformed,
                    fmt::format("the certificate's key is too weak: {} bits of security where {} "
                                "are needed (RSA from 2048 bits, P-256)",
                                bits, security_bits_min));
    }
    return {};
}

} // namespace muster::crypto
