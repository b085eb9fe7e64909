#pragma once
// From what another provisioning service shows of an enrollment to what ours takes. Pure.

#include "base/json.h"
#include "base/result.h"
#include "crypto/certificate.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace muster::app {

/// Certificates by SHA-256 thumbprint: a service shows of those that it keeps no more than that
/// (dps-service 6.4).
class CertificateShelf {
  public:
    void add(const crypto::Certificate& certificate);

    /// Every .pem, .crt, .cer and .der file of the folder; those that are no certificates are
    /// skipped. Error: not_found.
    Result<std::size_t> add_folder(const std::filesystem::path& folder);

    /// PEM, if it is here.
    [[nodiscard]] std::optional<std::string> find(std::string_view sha256_thumbprint) const;

  private:
    std::map<std::string, std::string, std::less<>> by_thumbprint_; // upper-case hex
};

struct CarryRules {
    const CertificateShelf& certificates;
    std::map<std::string, std::string> hubs; // old host name, lower case, to new
};

/// `item` as a query or GET shows it, `mechanism` as POST attestationmechanism does (null: not
/// asked for). Error: malformed, if the source's answer is no enrollment; not_found, naming the
/// certificate that is missing from the shelf.
Result<JsonObject> carry(const JsonObject& item, const JsonObject* mechanism,
                         const CarryRules& rules);

/// Whether the mechanism must be asked for: symmetric keys are not shown otherwise.
bool needs_mechanism(const JsonObject& item);

} // namespace muster::app
