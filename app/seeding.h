#pragma once
// The instances of the configuration file are made when the server first sees them; afterwards the
// control plane owns them (docs/decisions/0008-who-owns-an-instance.md).

#include "app/config.h"
#include "app/data_folder.h"
#include "provisioning/instances.h"

namespace muster::app {

/// Makes what is missing. What is there already stays as it is; a difference to the file is logged.
Result<void> seed_instances(const ServerConfig& config, const PolicyKeys& keys,
                            provisioning::Instances& instances);

} // namespace muster::app
