#pragma once
// Device identities and twins as the JSON documents of the service API (iothub B.3, B.4, B.7), and
// as what the stores keep.

#include "base/json.h"
#include "base/result.h"
#include "hub/device.h"
#include "hub/service.h"
#include "hub/twin.h"

namespace muster::hub {

JsonObject to_document(const DeviceView& view);
JsonObject to_document(const TwinView& view);

/// What a caller may set of an identity; read-only and unknown members are ignored. Keys left open
/// come out empty, no authentication at all comes out as left_open. Error: malformed, naming the
/// member.
Result<Device> device_from_document(const JsonObject& document);

JsonObject to_stored_document(const Device& device);
Result<Device> stored_device(const JsonObject& document);
JsonObject to_stored_document(const Twin& twin);
Result<Twin> stored_twin(const JsonObject& document);

} // namespace muster::hub
