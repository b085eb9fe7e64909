#pragma once
// X.509 certificates as values, and chain verification. OpenSSL parses and verifies; nothing here
// interprets DER by itself.

#include "base/clock.h"
#include "base/result.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::crypto {

/// Immutable, cheap to copy, thread safe.
class Certificate {
  public:
    /// Exactly one certificate of up to 16 KiB. Error: malformed.
    static Result<Certificate> from_der(std::string_view der);

    /// PEM, base64 of DER, or base64 of PEM (dps-service 6.3); the first certificate of a bundle.
    static Result<Certificate> from_text(std::string_view text);

    [[nodiscard]] std::string der() const;
    [[nodiscard]] std::string pem() const;

    /// The one CN of the subject; nothing if there is none or more than one.
    [[nodiscard]] std::optional<std::string> common_name() const;
    /// The first dNSName of the subject alternative names.
    [[nodiscard]] std::optional<std::string> first_dns_name() const;

    /// .NET style, leaf-most first: `CN=a, OU=b` (dps-service 6.1).
    [[nodiscard]] std::string subject_name() const;
    [[nodiscard]] std::string issuer_name() const;
    [[nodiscard]] std::string serial_number() const;     // upper-case hex
    [[nodiscard]] std::string sha1_thumbprint() const;   // 40 upper-case hex
    [[nodiscard]] std::string sha256_thumbprint() const; // 64 upper-case hex
    [[nodiscard]] int version() const;                   // 3 for v3
    [[nodiscard]] WallTime not_before() const;
    [[nodiscard]] WallTime not_after() const;
    [[nodiscard]] bool is_ca() const; // basic constraints say so

    friend bool operator==(const Certificate& left, const Certificate& right);

    struct Handle; // the OpenSSL object; only crypto/ and net/ look inside

    [[nodiscard]] const Handle& handle() const { return *handle_; }

  private:
    explicit Certificate(std::shared_ptr<const Handle> handle) : handle_(std::move(handle)) {}

    std::shared_ptr<const Handle> handle_;
};

enum class Validity { valid, not_yet_valid, expired };
Validity validity_at(const Certificate& certificate, WallTime now);

enum class ChainFault {
    no_path, // nothing leads to the anchor, or the signature is another key's
    expired,
    not_yet_valid,
    not_a_ca,
    wrong_purpose,
    unacceptable, // weak, broken, against its path length
};

/// Why a chain was refused, and at which certificate of the path (0 is the leaf), for the operator.
struct ChainRefusal {
    std::size_t depth = 0;
    std::string reason;
    ChainFault fault = ChainFault::unacceptable;
    std::optional<Certificate> certificate; // the one at that depth, if there is one
};

/// Verifies with OpenSSL that `chain` (leaf first, then its issuers in any order) leads to
/// `anchor`: signatures, validity at `now`, CA flags, path lengths, and no purpose that excludes
/// client authentication. The anchor may be an intermediate; it need not be self-signed, and it
/// need not be part of the chain presented. Returns the path from the leaf to the anchor, both
/// included.
std::expected<std::vector<Certificate>, ChainRefusal>
verify_chain(std::span<const Certificate> chain, const Certificate& anchor, WallTime now);

} // namespace muster::crypto
