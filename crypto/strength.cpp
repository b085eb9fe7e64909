#include "crypto/strength.h"

#include "base/check.h"
#include "crypto/certificate_handle.h"

#include <fmt/format.h>
#include <openssl/decoder.h>

#include <memory>
#include <utility>

namespace muster::crypto {

namespace {

constexpr int security_bits_min = 112;

/// Reads public keys. Setting a decoder up costs several times what reading a key does, so each
/// thread keeps one.
class KeyReader {
  public:
    KeyReader()
        : decoder_(OSSL_DECODER_CTX_new_for_pkey(&key_, "DER", "SubjectPublicKeyInfo", nullptr,
                                                 EVP_PKEY_PUBLIC_KEY, nullptr, nullptr)) {
        CHECK(decoder_ != nullptr);
    }

    KeyReader(const KeyReader&) = delete;
    KeyReader& operator=(const KeyReader&) = delete;

    /// Null if it cannot be read.
    KeyPtr read(const X509_PUBKEY* encoded) {
        unsigned char* bytes = nullptr;
        const int size = i2d_X509_PUBKEY(encoded, &bytes);
        if (size < 0) {
            return nullptr;
        }
        const unsigned char* at = bytes;
        auto left = static_cast<std::size_t>(size);
        OSSL_DECODER_from_data(decoder_.get(), &at, &left);
        OPENSSL_free(bytes);
        return KeyPtr(std::exchange(key_, nullptr));
    }

  private:
    EVP_PKEY* key_ = nullptr; // where the decoder leaves what it read
    std::unique_ptr<OSSL_DECODER_CTX, Freed<OSSL_DECODER_CTX_free>> decoder_;
};

} // namespace

Result<void> check_key_strength(const Certificate& certificate) {
    const ErrorScope errors;
    thread_local KeyReader reader;
    const KeyPtr key = reader.read(X509_get_X509_PUBKEY(certificate.handle().facts()));
    if (!key) {
        return fail(Code::malformed, "the certificate's public key cannot be read");
    }
    const int bits = EVP_PKEY_get_security_bits(key.get());
    if (bits < security_bits_min) {
        return fail(Code::malformed,
                    fmt::format("the certificate's key is too weak: {} bits of security where {} "
                                "are needed (RSA from 2048 bits, P-256)",
                                bits, security_bits_min));
    }
    return {};
}

} // namespace muster::crypto
