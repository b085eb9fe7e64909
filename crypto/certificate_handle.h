#pragma once

// The OpenSSL objects behind a Certificate. Only for crypto/ and net/: net/ may hand over the X509
// that TLS has parsed already. What was adopted, from_der() finds.
//
// OpenSSL 3.0 decodes a certificate's public key while it parses the certificate, and looks for the
// decoder among all there are: 0.1 ms, ten times what the rest takes. Most certificates are stored,
// shown and compared, and nobody ever uses their keys; so what is parsed here is parsed without
// them, and once more by the first who needs the key.

#include "crypto/certificate.h"
#include "crypto/openssl.h"

#include <mutex>

namespace muster::crypto {

struct Certificate::Handle {
    std::string der;
    WallTime not_before;
    WallTime not_after;

    /// Takes over a parsed certificate (net/: X509_up_ref first), or finds the one that was adopted
    /// before. Error: malformed, if its dates are none, or beyond 16 KiB.
    static Result<Certificate> adopt(X509Ptr x509);

    /// Error: malformed, if it is anything but one certificate of up to 16 KiB.
    static Result<Certificate> parse(std::string_view der);

    // OpenSSL's functions want to write their caches into what they only read. Everything cached is
    // filled in before one of these objects is shown, so that any thread can read it.

    /// Everything but its public key.
    [[nodiscard]] X509* facts() const { return facts_.get(); }

    /// With its public key, unless nobody can read that.
    [[nodiscard]] X509* get() const;

  private:
    /// `complete` if it was parsed with its key.
    static Result<Certificate> remember(X509Ptr facts, X509Ptr complete);

    X509Ptr facts_;
    mutable std::once_flag completed_;
    mutable X509Ptr complete_;
};

} // namespace muster::crypto
