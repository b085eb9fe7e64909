#pragma once
// Making keys and certificates (P-256, SHA-256): the private CA of a first run, server
// certificates, and the device certificates of simulations and tests.

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/certificate.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace muster::crypto {

/// A certificate with its private key (PKCS#8 PEM).
struct Identity {
    Certificate certificate;
    Secret key_pem;
};

enum class Purpose { certificate_authority, server, client };

struct CertificateRequest {
    std::string common_name;
    Purpose purpose = Purpose::client;
    std::vector<std::string> dns_names;
    std::vector<std::string> ip_addresses; // text form
    WallTime not_before;
    WallTime not_after;
    std::optional<int> path_length; // for a certificate authority
};

/// Signed by `issuer`, or by its own key if there is none. Serial numbers come from `random`.
Result<Identity> issue(const CertificateRequest& request, const Identity* issuer, Random& random);

/// Reads a PEM certificate and its PEM key; checks that they belong together.
Result<Identity> read_identity(std::string_view certificate_pem, const Secret& key_pem);

} // namespace muster::crypto
