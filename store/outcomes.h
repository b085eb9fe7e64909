#pragma once
// What every engine says in the same words.

#include "base/result.h"

namespace muster::store {

/// Somebody else wrote first, or the thing is gone or already there (ports: "Versions").
std::unexpected<Error> version_conflict();

/// A client certificate belongs to one individual enrollment only (dps-service 14, 15).
std::unexpected<Error> certificate_taken();

/// hub::DeviceStore::create of an id in use.
std::unexpected<Error> device_exists();

/// A session is kept for an existing device only: a session that outlived its device would greet
/// whoever gets the name next.
std::unexpected<Error> no_such_device();

/// hub::EventStore: positions.
std::unexpected<Error> position_out_of_range();
std::unexpected<Error> too_many_event_groups();
std::unexpected<Error> no_such_group();

/// provisioning::InstanceStore: names are unique in the whole server.
std::unexpected<Error> instance_name_taken();
std::unexpected<Error> no_such_instance();

/// hub::JobStore::create.
std::unexpected<Error> job_exists();
std::unexpected<Error> too_many_jobs();

/// hub::ConfigurationStore::create.
std::unexpected<Error> configuration_exists();
std::unexpected<Error> too_many_configurations();

std::unexpected<Error> token_exists();
std::unexpected<Error> no_such_token();

} // namespace muster::store
