#pragma once
// What an answer of the provisioning service means for the device, whichever protocol carried it
// (reference: dps-device 2.4, 2.7, 2.8). Pure.

#include "base/result.h"
#include "device/identity.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace muster::device {

struct ServiceAnswer {
    unsigned status = 0;
    std::optional<std::chrono::seconds> retry_after;
    std::string body;
};

/// Ask again after the wait.
struct AskLater {
    std::chrono::seconds wait{};
    std::string operation_id; // ask for its status; if empty, repeat what was asked
    std::string reason;       // the service's words, if it was too busy
};

using Verdict = std::variant<Assigned, AskLater, Error>;

Verdict judge(const ServiceAnswer& answer);

/// The Error for a refusal of any of the two services: the code that the status stands for, the
/// service's own message and tracking id as detail.
Error refusal_of(unsigned status, std::string_view body);

} // namespace muster::device
