#pragma once
// The parts of a hub's configuration that say where its events go: `[[hub.endpoint]]` and
// `[[hub.route]]`.

#include "app/config.h"
#include "app/config_reader.h"

#include <string>

namespace muster::app {

/// Reads both from the hub's table; whatever cannot be meant is a mistake with its line.
void read_routing(TableReader& hub_reader, HubConfig& hub, Mistakes& mistakes);

/// As read_routing() reads it back; empty if there is neither.
std::string format_routing(const HubConfig& hub);

} // namespace muster::app
