#pragma once
// A twin as PnP back ends see it: by components (reference: iothub A.16, B.16). A component is an
// object with the member `"__t":"c"`; models are not looked at. Pure.

#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "hub/twin.h"

#include <string>
#include <string_view>

namespace muster::hub {

/// Reported values, with `$metadata` beside them that tells what is desired and what the device
/// acknowledged; each component an object of the same kind.
JsonObject to_digital_twin_document(const DeviceId& id, const Twin& twin);

inline constexpr std::size_t json_patch_operations_max = 100;

/// What the operations of an RFC 6902 document (add, replace, remove) make of the desired
/// properties, as a merge patch. Paths: `/property`, `/component`, `/component/property`. Error:
/// malformed, naming the operation.
Result<JsonObject> desired_patch_from(const JsonArray& operations, const Twin& twin);

/// The name under which the device has it: "reboot", "thermostat1*reboot".
std::string command_method_name(std::string_view component, std::string_view command);

} // namespace muster::hub
