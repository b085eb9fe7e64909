#pragma once
// Instances as JSON: our own shape, used by the store, by `/muster/instances/{name}` and by the
// export format. The Azure resource shape is the gateway's (gateway/control).

#include "provisioning/documents.h"
#include "provisioning/instances.h"

namespace muster::provisioning {

/// stored: everything; written: with policy keys and connection strings; read: neither; exported:
/// what can be set, so neither "idScope", "formerHubs", "quarantines", "state", "etag" and dates
/// nor the host that comes with the name (the first of "hosts").
///
/// `{"name":..,"tenant":..,"idScope":..,"location":..,"tags":{},"hosts":[..],"allocationPolicy":..,
///   "evenLoad":false,
///   "hubs":[{"name":..,"weight":1,"applyAllocationPolicy":true,"location":..,
///            "devicesMax":1000000,"connectionString":..}],
///   "policies":[{"name":..,"rights":"..","primaryKey":..,"secondaryKey":..}],
///   "ipFilterRules":[{"name":..,"action":"reject","target":"all","mask":"10.0.0.0/8"}],
///   "publicNetworkAccess":true,"sharedKeyAccess":true,
///   "quotas":{"enrollments":..,"enrollmentGroups":..,"registrations":..},
///   "formerHubs":[{"name":..,"lost":false}],
///   "quarantines":[{"enrollmentGroupId":..,"hub":..,"reason":..,"sinceDateTimeUtc":..}],
///   "state":"active",
///   "etag":..,"createdDateTimeUtc":..,"lastUpdatedDateTimeUtc":..}`
///
/// and, in View::stored only, "version", "deletedBy", "certificates" with everything and the
/// connection strings of former hubs.
JsonObject to_document(const Instance& instance, View view);
Result<Instance> stored_instance(const JsonObject& document);

/// What a caller may set; read-only and unknown members are ignored, null means absent.
Result<InstanceSettings> instance_settings(const JsonObject& document);

/// `{"name":..,"certificate":PEM,"isVerified":..,"subject":..,"thumbprint":..,...}`
JsonObject to_document(const CaCertificate& certificate);

} // namespace muster::provisioning
