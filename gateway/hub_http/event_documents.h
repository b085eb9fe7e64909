#pragma once
// Events of a hub's log as readers see them over HTTPS: JSON, and the frames of server-sent events
// (WHATWG HTML 9.2).

#include "base/json.h"
#include "hub/events/event_reader.h"

#include <cstdint>
#include <string>

namespace muster::gateway {

/// `{"sequence":..,"partition":..,"source":..,"deviceId":..,"moduleId":..,"enqueuedTime":..,
/// "properties":{..},"authMethod":..,"generationId":..,"modelId":..,"body":..}`, without what is
/// empty. A body that is not text comes as `bodyBase64`; names and values of properties that are
/// not text come percent-encoded.
JsonObject to_document(const hub::Event& event);

/// `{"partition":..,"position":..,"savedTime":..}`, without the partition if it is for all.
JsonObject to_document(const hub::EventPosition& position);

/// `id:` and `data:`, the id being where to read on.
std::string event_frame(const hub::Event& event);

/// Nothing a program sees, but the id: what was looked at need not be looked at again.
std::string heartbeat_frame(std::int64_t position);

/// An event of the type `lost`: so many were taken by retention before the next one.
std::string lost_frame(std::int64_t lost, std::int64_t first);

/// An event of the type `end`: no more will come.
std::string end_frame(std::string_view reason);

} // namespace muster::gateway
