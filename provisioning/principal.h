#pragma once
// Who did something, as the audit trail and the log name it.

#include <string>

namespace muster::provisioning {

struct Principal {
    /// "policy:provisioningserviceowner", "token:ci", "device:dev-1", "configuration", "server".
    std::string name;
};

} // namespace muster::provisioning
