#pragma once
// Identities, modules and twins as a hub sends them (reference: iothub B.3, B.4, B.6, B.7), which
// may be any hub, and may send anything. Pure.
//
// Error of all: unavailable, if the text is no such thing or is about something else than was asked
// for.

#include "base/ids.h"
#include "base/result.h"
#include "provisioning/hubs.h"

#include <string>
#include <string_view>
#include <vector>

namespace muster::app {

inline constexpr std::size_t hub_answer_bytes_max = 4 * 1024 * 1024;

Result<provisioning::HubDevice> read_hub_device(std::string_view text, const DeviceId& asked);

/// A module's, if its id is not empty.
struct TwinOf {
    const DeviceId& device;
    std::string_view module = {};
};

/// Without $metadata and $version.
Result<provisioning::HubTwin> read_hub_twin(std::string_view text, const TwinOf& asked);

/// Without their twins. System modules without credential: the hub makes it.
Result<std::vector<provisioning::HubModule>> read_hub_modules(std::string_view text,
                                                              const DeviceId& asked);

/// $edgeAgent, $edgeHub.
bool is_system_module(std::string_view id);

} // namespace muster::app
