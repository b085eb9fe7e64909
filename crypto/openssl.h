#pragma once

// Ownership of the OpenSSL objects this folder uses, and its error queue. Only for crypto/ and
// net/.

#include "base/result.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <optional>
#include <string>

namespace muster::crypto {

template <auto free_function>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        free_function(object);
    }
};

using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using MacContextPtr = std::unique_ptr<EVP_MAC_CTX, Freed<EVP_MAC_CTX_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;

/// OpenSSL leaves what went wrong in a queue of the thread, where TLS on the same thread would
/// mistake it for its own trouble. Every function here that can fail holds one of these.
class ErrorScope {
  public:
    ErrorScope();
    ErrorScope(const ErrorScope&) = delete;
    ErrorScope& operator=(const ErrorScope&) = delete;
    ~ErrorScope();

    /// The latest error in words, for the log.
    [[nodiscard]] static std::string text();
};

/// The memory of a BIO, as bytes.
std::string contents(BIO* bio);

/// The DER of a certificate.
std::string contents(X509* x509);

/// Nothing for what is no text, and for text that holds a zero byte: what one reader takes for the
/// end, another reads past.
std::optional<std::string> to_utf8(const ASN1_STRING* text);

/// Reads PEM without ever asking anybody for a passphrase.
Result<KeyPtr> read_key(std::string_view pem);

} // namespace muster::crypto
