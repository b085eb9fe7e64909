#pragma once
// Symmetric key attestation (reference: dps-device 5.1, 5.2): a signed token that names this
// registration. Pure functions from facts to a verdict.

#include "base/clock.h"
#include "base/ids.h"
#include "crypto/sas.h"
#include "provisioning/attestation/verdict.h"
#include "provisioning/enrollment.h"

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
Verdict<> verify_symmetric_key(const crypto::SasToken& token, const SymmetricKeys& keys);

/// Signed by a key derived from either group key, for the id as received or in lower case. Shows
/// the two device keys of the spelling that verified.
Verdict<SymmetricKeys> verify_derived_key(const crypto::SasToken& token,
                                          const SymmetricKeys& group_keys,
                                          const RegistrationId& id);

} // namespace muster::provisioning
