#pragma once

// The OpenSSL object behind a Certificate. Only for crypto/ and net/: net/ may hand over the X509
// that TLS has parsed already, because parsing a second time costs 0.1 ms in OpenSSL 3.0 (its
// public key is looked up through every decoder there is). What was adopted, from_der() finds.

#include "crypto/certificate.h"
#include "crypto/openssl.h"

namespace muster::crypto {

struct Certificate::Handle {
    X509Ptr x509;
    std::string der;
    WallTime not_before;
    WallTime not_after;

    /// Takes over a parsed certificate (net/: X509_up_ref first), or finds the one that was adopted
    /// before. Error: malformed, if its dates are none, or beyond 16 KiB.
    static Result<Certificate> adopt(X509Ptr x509);

    /// OpenSSL's functions want to write their caches into what they only read. Everything cached
    /// was filled in by adopt(), so that this object can be read from any thread.
    [[nodiscard]] X509* get() const { return x509.get(); }
};

} // namespace muster::crypto
