#pragma once
// Whether the key of a certificate is strong enough to prove anything.

#include "base/result.h"
#include "crypto/certificate.h"

namespace muster::crypto {

/// Error: malformed, for less than 112 bits of security (as in verify_chain: RSA from 2048 bits,
/// P-224 and above) and for a key that cannot be read. What signed the certificate is not looked
/// at: MD5 and SHA-1 do no harm to one that is known byte for byte.
Result<void> check_key_strength(const Certificate& certificate);

} // namespace muster::crypto
