#pragma once
// X.509 attestation (reference: dps-device 5.3, dps-service 6 and 9.6). The TLS handshake has shown
// that the device holds the key of the leaf; what is decided here is whose leaf it is. Pure
// functions from facts to a verdict.

#include "base/clock.h"
#include "base/ids.h"
#include "crypto/certificate.h"
#include "provisioning/attestation/verdict.h"
#include "provisioning/enrollment.h"
#include "provisioning/instance.h"

#include <span>
#include <string>
#include <vector>

namespace muster::provisioning {

inline constexpr std::size_t chain_certificates_max = 16;
inline constexpr std::size_t chain_bytes_max = 64 * 1024;

/// Certificates as presented, decoded; the leaf first.
using Chain = std::vector<crypto::Certificate>;

Verdict<Chain> read_chain(std::span<const std::string> der);

/// "certificate 1 of the chain (CN=middle, SHA-256 AB..)", or "the enrolled certificate (..)" if
/// the device did not present it.
std::string describe(const crypto::Certificate& certificate,
                     std::span<const crypto::Certificate> chain);

/// The leaf's CN, or its first dNSName (C# devices), is the registration id, in any case.
Verdict<> verify_name(const crypto::Certificate& leaf, const RegistrationId& id);

struct ChainFacts {
    std::span<const crypto::Certificate> chain; // not empty
    const RegistrationId& id;
    WallTime now;
};

Verdict<> verify_time(const crypto::Certificate& certificate, const ChainFacts& facts);

/// The CA certificate of this name, if it is registered and verified.
Verdict<const CaCertificate*> find_verified(const Instance& instance, const std::string& name);

/// The leaf is one of the certificates enrolled for this device, and in its time. An expired
/// certificate is refused even when pinned: its owner said until when it may be trusted.
Verdict<> verify_pinned(const ChainFacts& facts, const Slots<crypto::Certificate>& enrolled);

/// The leaf was issued by `anchor`, directly or through the certificates presented, each of them a
/// CA and in its time. Shows how far above the leaf the anchor stands: 1 is its issuer.
Verdict<std::size_t> verify_issued(const ChainFacts& facts, const crypto::Certificate& anchor);

} // namespace muster::provisioning
