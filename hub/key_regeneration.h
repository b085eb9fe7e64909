#pragma once
// Which keys of whom are to be made anew (iothub B.13).

#include "base/json.h"
#include "base/result.h"
#include "hub/device_rules.h"
#include "hub/identity_id.h"

#include <string>
#include <string_view>
#include <vector>

namespace muster::hub {

inline constexpr std::size_t regenerations_max = 100;

/// Error::detail of malformed, for a policyKey that names no keys.
inline constexpr std::string_view unknown_policy_key =
    "policyKey must be primaryKey, secondaryKey or both";

struct KeyRegeneration {
    struct Entry {
        std::string device; // as sent, and the next
        std::string module;
        Result<IdentityId> id;
    };

    KeySlots which = KeySlots::both;
    std::vector<Entry> entries;
};

/// The name of the wire: "primaryKey".
std::string_view to_string(KeySlots which);

/// `{"policyKey":"primaryKey","devices":[{"id":"d","moduleId":"m"}]}`. Error: malformed, if it is
/// not of that shape, or holds none or too many.
Result<KeyRegeneration> key_regeneration_from(const JsonObject& document);

} // namespace muster::hub
