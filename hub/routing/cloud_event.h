#pragma once
// An event as endpoints get it: CloudEvents 1.0 in JSON, with types and data as the cloud's event
// service has them for IoT hubs, so that receivers written for that need not change
// (docs/event-routing.md).
//
//   {"specversion":"1.0","id":"hub1.example.org:17","source":"/hubs/hub1.example.org",
//    "type":"Microsoft.Devices.DeviceTelemetry","subject":"devices/dev-01","time":"..",
//    "datacontenttype":"application/json","sequence":"17","partitionkey":"dev-01",
//    "data":{"properties":{..},"systemProperties":{..},"body":..}}
//
// `body` is the JSON that the device sent, byte for byte, if it says that it is JSON in UTF-8 and
// is; else base64. Life-cycle events have `twin` in its place, connection-state events
// `deviceConnectionStateEventInfo`; both name `hubName` and `deviceId`.

#include "base/ids.h"
#include "hub/events/event.h"

#include <span>
#include <string>

namespace muster::hub {

inline constexpr std::string_view cloud_event_media_type =
    "application/cloudevents+json; charset=utf-8";
inline constexpr std::string_view cloud_event_batch_media_type =
    "application/cloudevents-batch+json; charset=utf-8";

/// "hub1.example.org:17", the same each time the event is sent: by it receivers know what they
/// have already.
std::string event_id(const HubName& hub, const Event& event);

std::string to_cloud_event(const HubName& hub, const Event& event);

/// A JSON array of them, in order.
std::string to_cloud_events(const HubName& hub, std::span<const Event> events);

} // namespace muster::hub
