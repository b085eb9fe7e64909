#pragma once
// Shared access signatures (reference: dps-device 5.1, dps-service 1.5, iothub A.4.1): the text
// `SharedAccessSignature sr=..&sig=..&se=..[&skn=..]`, verified over `sr` exactly as received.

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

#include <optional>
#include <string>
#include <string_view>

namespace muster::crypto {

struct SasToken {
    std::string resource_raw; // sr as received: this is what is signed
    std::string expiry_raw;   // se as received: this too
    std::string signature;    // sig, percent- and base64-decoded
    std::string policy_raw;   // skn as received, empty if absent
    long long expiry_unix_seconds = 0;

    /// sr percent-decoded once; host and path as they came, any `https://` still there.
    [[nodiscard]] std::string resource() const;
    [[nodiscard]] std::string policy() const;
};

/// Fields in any order, each at most once; sr, sig and se required; a '+' in sig is a plus.
/// Bounded at 4 KiB. Error: unauthenticated (the caller's proof is unusable, not the request).
Result<SasToken> parse_sas(std::string_view text);

/// Does the decoded key sign this token? Says nothing about time or resource.
bool signed_by(const SasToken& token, const Secret& key);

/// se is not further in the past than the tolerance of five minutes (iothub A.4.1, rule 5).
bool is_current(const SasToken& token, WallTime now);

/// The resource equals `resource`, or is a prefix of it that ends at a '/'. Scheme, port and the
/// case of the host are disregarded; device ids that were encoded twice are tried once more.
bool covers(const SasToken& token, std::string_view resource);

/// A token as a client would make it, sr percent-encoded with upper-case hex.
std::string make_sas(std::string_view resource, const Secret& key, WallTime expiry,
                     std::string_view policy = {});

} // namespace muster::crypto
