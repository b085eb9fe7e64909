#pragma once

// Certificates parsed lately, by their bytes: one fleet presents the same few authorities at every
// handshake, and a device the same leaf at every connection, while OpenSSL 3.0 takes 0.1 to 0.2 ms
// to parse any of them. Internal to crypto/. Thread safe.

#include "crypto/certificate.h"
#include "crypto/recent.h"

#include <optional>
#include <string_view>

namespace muster::crypto {

/// The latest `certificates_max` at least and twice as many at most (recent.h).
class ParsedCertificates {
  public:
    /// Larger ones are not remembered: anybody may present them, and each is held several times.
    static constexpr std::size_t certificate_bytes_max = 4 * 1024;

    explicit ParsedCertificates(std::size_t certificates_max) : recent_(certificates_max) {}

    std::optional<Certificate> find(std::string_view der) { return recent_.find(der); }

    void remember(const Certificate& certificate);

  private:
    Recent<Certificate> recent_;
};

/// The one that Certificate uses. It remembers the outcome of a pure function and nothing else, so
/// that nobody can tell it is there but by the time it saves.
ParsedCertificates& parsed_certificates();

} // namespace muster::crypto
