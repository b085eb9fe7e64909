#pragma once
// Who a device is when it leaves the factory.

#include "base/ids.h"
#include "base/secret.h"

#include <optional>
#include <string>

namespace muster::device {

/// Either a symmetric key (the device's own, already derived), or a certificate in the TLS layer.
struct Identity {
    IdScope scope;
    RegistrationId registration_id;
    std::optional<Secret> symmetric_key; // decoded
};

/// Where provisioning sent it.
struct Assigned {
    std::string hub;
    std::string device_id;
    std::string substatus;
};

} // namespace muster::device
