#pragma once
// The paths of a hub's service API, one function and one file for each family of them. Each tells
// whether the path is one of its own; if so, it answers, whatever the method.

#include "gateway/hub_http/call.h"

#include <memory>

namespace muster::gateway {

using HubCallPtr = std::shared_ptr<HubCall>;

/// By whichever knows its path. Of a request that has waited for its turn, once more.
void serve_hub_call(const HubCallPtr& call);

bool serve_queries(const HubCallPtr& call); // POST /devices/query
// Where it says {i}, {d} and {d}/modules/{m} are meant.
bool serve_keys(const HubCallPtr& call);            // /devices/keys/regenerate
bool serve_statistics(const HubCallPtr& call);      // /statistics/devices, /statistics/service
bool serve_registry(const HubCallPtr& call);        // /devices, /devices/{i}, /devices/{d}/modules
bool serve_twins(const HubCallPtr& call);           // /twins/{i}
bool serve_methods(const HubCallPtr& call);         // /twins/{i}/methods
bool serve_endpoints(const HubCallPtr& call);       // /messages/endpoints
bool serve_events(const HubCallPtr& call);          // /messages/events
bool serve_device_messages(const HubCallPtr& call); // /devices/{d}[/modules/{m}]/messages/..
bool serve_file_upload(const HubCallPtr& call);     // /devices/{d}/files
bool serve_messages(const HubCallPtr& call);        // /messages/devicebound, /devices/{d}/commands
bool serve_feedback(const HubCallPtr& call);        // /messages/servicebound/feedback
bool serve_jobs(const HubCallPtr& call);            // /jobs/v2/{id}, /jobs
/// /configurations, /devices/{d}/applyConfigurationContent
bool serve_configurations(const HubCallPtr& call);
/// /digitaltwins/{d}, and commands below it
bool serve_digital_twins(const HubCallPtr& call);

} // namespace muster::gateway
