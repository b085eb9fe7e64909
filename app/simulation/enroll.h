#pragma once
// The enrollment groups that simulated devices belong to, made through the service API.

#include "app/api_client.h"
#include "app/simulation/fleet.h"

#include <string>

namespace muster::app {

/// The decoded primary key of the symmetric-key group, which is made if it is not there.
Result<Secret> enroll_key_group(ApiClient& client, const std::string& group);

/// A new signer, and the X.509 group that trusts it; an earlier signer of the group is replaced.
Result<crypto::Identity> enroll_x509_group(ApiClient& client, const std::string& group,
                                           const Clock& clock, Random& random);

} // namespace muster::app
