#pragma once
// From the configuration of a hub and its keys to what the hub is given.

#include "app/config.h"
#include "app/data_folder.h"
#include "hub/service.h"

namespace muster::app {

const KeyPair& keys_of(const PolicyKeys& keys, const std::string& section,
                       const std::string& policy);

/// With the authorities of its ca_file. Error: not_found or malformed, naming the file.
Result<hub::HubSettings> hub_settings(const HubConfig& config, const PolicyKeys& keys);

/// Every certificate of a PEM bundle. Error: malformed, if there is none, too many, or one that is
/// no certificate authority.
Result<std::vector<crypto::Certificate>> read_authorities(std::string_view bundle);

} // namespace muster::app
