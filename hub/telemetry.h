#pragma once
// Device-to-cloud messages: the durable, per-device ordered log of a hub (reference: iothub A.8).

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace muster::hub {

struct Message {
    std::int64_t sequence = 0; // 1, 2, 3, ... per hub; given by the store
    DeviceId device;
    ModuleId module; // empty: the device itself sent it
    WallTime enqueued;
    std::vector<std::pair<std::string, std::string>> properties; // application, and `$.` system
    std::string auth_method;   // JSON text of iothub-connection-auth-method
    std::string generation_id; // of the identity that sent it
    std::string model_id;      // dt-dataschema, empty if none
    std::string body;
};

/// Oldest messages go first when either bound is passed; checked at every append.
struct Retention {
    std::int64_t messages_max = 1'000'000;
    std::chrono::hours age_max{24 * 7};
};

} // namespace muster::hub
