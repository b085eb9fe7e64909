#pragma once
// Who signed a token, for services and for devices alike. Pure.

#include "base/secret.h"
#include "crypto/sas.h"
#include "hub/policies.h"

#include <vector>

namespace muster::hub {

/// An empty key signs nothing.
bool signed_by_either(const crypto::SasToken& token, const Secret& primary,
                      const Secret& secondary);

/// The policy that the token names, if one of its keys signed the token.
const AccessPolicy* policy_behind(const crypto::SasToken& token,
                                  const std::vector<AccessPolicy>& policies);

} // namespace muster::hub
