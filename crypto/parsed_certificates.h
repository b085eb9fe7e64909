#pragma once

// Certificates parsed lately, by their bytes: one fleet presents the same few authorities at every
// handshake, and a device the same leaf at every connection, while OpenSSL 3.0 takes 0.1 to 0.2 ms
// to parse any of them. Internal to crypto/. Thread safe.

#include "crypto/certificate.h"

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace muster::crypto {

/// Holds the latest `certificates_max` at least and twice as many at most: two generations, and the
/// older one is dropped when the younger is full. What is in use moves to the younger.
class ParsedCertificates {
  public:
    /// Larger ones are not remembered: anybody may present them, and each is held several times.
    static constexpr std::size_t certificate_bytes_max = 4 * 1024;

    explicit ParsedCertificates(std::size_t certificates_max)
        : certificates_max_(certificates_max) {}

    std::optional<Certificate> find(std::string_view der);
    void remember(const Certificate& certificate);

  private:
    using Generation = std::unordered_map<std::string, Certificate>;

    void insert(std::string der, const Certificate& certificate);

    const std::size_t certificates_max_;
    std::mutex mutex_;
    Generation younger_;
    Generation older_;
};

/// The one that Certificate uses. It remembers the outcome of a pure function and nothing else, so
/// that nobody can tell it is there but by the time it saves.
ParsedCertificates& parsed_certificates();

} // namespace muster::crypto
