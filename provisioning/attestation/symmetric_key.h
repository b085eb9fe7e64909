#pragma once
// Symmetric key attestation (reference: dps-device 5.1, 5.2): a signed token that names this
// registration. Pure functions from facts to a verdict.

#include "base/clock.h"
#include "base/ids.h"
#include "crypto/sas.h"
#include "provisioning/attestation/verdict.h"
#include "provisioning/enrollment.h"

#include <optional>
#include <string_view>

namespace muster::provisioning {

struct TokenFacts {
    std::string_view text;
    const IdScope& scope;
    const RegistrationId& id; // as the device spells it
    WallTime now;
};

/// A well-formed, current token for `{scope}/registrations/{id}`, the scope exactly so, the id
/// without regard to case. Who signed it is still open. `skn` is not looked at.
Verdict<crypto::SasToken> read_token(const TokenFacts& facts);

/// Signed by either key. A key that is not there signs nothing.
Verdict<> verify_symmetric_key(const crypto::SasToken& token, const SymmetricKeys& keys,
                               const RegistrationId& id);

/// If it is signed by a key derived from either group key, for the id as received or in lower case:
/// the two device keys of the spelling that verified.
std::optional<SymmetricKeys> find_derived_keys(const crypto::SasToken& token,
                                               const SymmetricKeys& group_keys,
                                               const RegistrationId& id);

/// What is wrong with a token that no derived key signed, going by the usual mistakes.
Finding explain_mismatch(const crypto::SasToken& token, const SymmetricKeys& group_keys,
                         const RegistrationId& id);

} // namespace muster::provisioning
