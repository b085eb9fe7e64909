#pragma once
// Ownership of OpenSSL's TLS objects, and its error queue in words.

#include "crypto/openssl.h"

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace muster::net {

using crypto::BioPtr;
using crypto::KeyPtr;
using crypto::X509Ptr;

using SslContext = std::unique_ptr<SSL_CTX, crypto::Freed<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, crypto::Freed<SSL_free>>;

/// The reason of the oldest error of this thread; the queue is emptied.
std::string take_openssl_error();

/// The encoding as it was received; not made anew.
std::string to_der(const X509* certificate);

/// Those that can be read at the start of the text, in order.
std::vector<X509Ptr> read_certificates(std::string_view pem);

} // namespace muster::net
