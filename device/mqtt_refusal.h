#pragma once
// What a CONNACK other than 0 means for a device (reference: dps-device 3.1, iothub A.5).

#include "base/result.h"
#include "codec/mqtt_packet.h"

namespace muster::device {

Error connect_refusal(mqtt::ConnectCode code);

} // namespace muster::device
