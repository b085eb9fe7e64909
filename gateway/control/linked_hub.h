#pragma once
// A linked hub as it is shown and as it is written (reference: dps-service 10.2). Its key never
// comes back: it reads as `****`, and what was read may be sent back.

#include "base/json.h"
#include "base/result.h"
#include "provisioning/instance.h"

#include <string>

namespace muster::gateway {

JsonObject to_hub_resource(const provisioning::LinkedHub& hub);

/// `HostName=..;SharedAccessKeyName=..;SharedAccessKey=****`
std::string masked_connection_string(const provisioning::LinkedHub& hub);

/// `path` names the object in messages, "properties.iotHubs[0]."; `stored` is the instance as it
/// is, or null. A hub with its connection string in full has no name yet: that says who it is. Any
/// other must be linked already, and its own connection string is left empty. Error: malformed.
Result<provisioning::LinkedHub> read_linked_hub(const JsonObject& document, const std::string& path,
                                                const provisioning::Instance* stored);

} // namespace muster::gateway
