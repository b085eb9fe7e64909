#pragma once
// From the configuration of a hub and its keys to what the hub is given.

#include "app/config.h"
#include "app/data_folder.h"
#include "hub/service.h"

namespace muster::app {

const KeyPair& keys_of(const PolicyKeys& keys, const std::string& section,
                       const std::string& policy);

hub::HubSettings hub_settings(const HubConfig& config, const PolicyKeys& keys);

} // namespace muster::app
