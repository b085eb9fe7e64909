#pragma once
// The parts of the configuration that say where things are: networks, hubs, and what lies inside
// the own network.

#include "app/config.h"
#include "app/config_reader.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::app {

/// Checks the text of a member, which is there.
std::optional<provisioning::GeoPoint> read_location(TableReader& reader, std::string_view key,
                                                    const std::string& text);

/// Hubs are named by their `name`, or by a host name if they are no hubs of this file.
NetworkPlace read_network(const toml::table& table, const std::vector<HubConfig>& hubs,
                          Mistakes& mistakes);

/// Null: the defaults.
OutgoingConfig read_outgoing(const toml::table* table, Mistakes& mistakes);

} // namespace muster::app
