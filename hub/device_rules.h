#pragma once
// What an identity may look like and how it changes (iothub B.3). Pure: new keys, tags and ids are
// parameters.

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "hub/device.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace muster::hub {

struct DeviceLimits {
    static constexpr std::size_t status_reason_bytes_max = 128;
    static constexpr std::size_t managed_by_bytes_max = 128;
    static constexpr std::size_t key_bytes_min = 16;
    static constexpr std::size_t key_bytes_max = 64;
    static constexpr std::size_t generated_key_bytes = 32;
    static constexpr std::size_t scope_bytes_max = 256;
    static constexpr std::size_t parent_scopes_max = 10;
};

/// What the rules cannot know: drawn anew for every attempt.
struct Fresh {
    std::string generation_id;
    ETag etag;
    Secret primary_key;
    Secret secondary_key;
};

Fresh draw(Random& random);

/// Error: malformed, naming the member that breaks a rule of B.3.
Result<void> check_device(const Device& wanted);

/// The identity at its creation. `wanted` was checked.
Device created_device(Device wanted, const Fresh& fresh, WallTime now);

/// A module that comes into being with an Edge device.
Device created_system_module(const Device& edge, std::string_view name, const Fresh& fresh,
                             WallTime now);

enum class KeySlots : std::uint8_t { primary, secondary, both };

/// The identity with new keys in these places. It authenticates with keys.
Device with_new_keys(Device device, KeySlots which, const Fresh& fresh);

/// The identity after a PUT. An authentication or a key that was left open stays what it is.
/// Read-only members of `wanted` are ignored. `wanted` was checked.
Device updated_device(const Device& current, Device wanted, const Fresh& fresh, WallTime now);

/// Does the change end the right of a live connection: disabled, or other credentials?
bool ends_connections(const Device& before, const Device& after);

bool same_credentials(const Authentication& left, const Authentication& right);

} // namespace muster::hub
