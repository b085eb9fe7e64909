#pragma once
// Ownership of the OpenSSL objects this folder holds, and its error queue in words.

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace muster::net {

template <auto release>
struct Releaser {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};

using SslContext = std::unique_ptr<SSL_CTX, Releaser<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, Releaser<SSL_free>>;
using X509Pointer = std::unique_ptr<X509, Releaser<X509_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using BioPointer = std::unique_ptr<BIO, Releaser<BIO_free>>;

/// The reason of the oldest error of this thread; the queue is emptied.
std::string take_openssl_error();

/// The encoding as it was received; not made anew.
std::string to_der(const X509* certificate);

} // namespace muster::net
