#pragma once
// Devices that an operator should look at. Pure rules over a record, how often it registered, and
// what its hub knows.

#include "base/clock.h"
#include "provisioning/hubs.h"
#include "provisioning/registration.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::provisioning {

enum class Suspicion : std::uint8_t {
    registers_too_often, // more than suspect_registrations attempts within suspect_window
    alternates,          // suspect_moves moves or more within suspect_window
    never_connected,     // assigned for longer than suspect_silence, and never seen at its hub
};

inline constexpr std::chrono::hours suspect_window{1};
inline constexpr int suspect_registrations = 20;
inline constexpr int suspect_moves = 3;
inline constexpr std::chrono::hours suspect_silence{1};

struct Suspect {
    RegistrationId id;
    std::vector<Suspicion> suspicions;
    std::string detail; // "5 moves within 40 min, between hub-1 and hub-2"
};

std::string_view to_string(Suspicion suspicion);

struct SuspectFacts {
    const RegistrationRecord& record;
    const std::optional<HubDevice>& at_hub; // nothing if it could not be read
    bool hub_was_read = false;
    WallTime now;
};

std::optional<Suspect> examine(const SuspectFacts& facts);

} // namespace muster::provisioning
