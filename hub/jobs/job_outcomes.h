#pragma once
// What becomes of one identity of a job. Pure.

#include "hub/jobs/job.h"
#include "hub/methods.h"

namespace muster::hub {

DeviceJob pending_row(const Job& job, const IdentityId& identity, WallTime now);

/// Still pending if trying again can help: the twin is frozen or contended, the store is busy.
DeviceJob after_update(DeviceJob row, const Result<void>& updated, WallTime began, WallTime now);

/// Pending again if the device was away or had too much to do already.
DeviceJob after_method(DeviceJob row, const Result<MethodReply>& reply, WallTime now);

/// Its method was under way when the hub stopped.
DeviceJob interrupted(DeviceJob row, WallTime now);
DeviceJob cancelled(DeviceJob row, WallTime now);
DeviceJob out_of_time(DeviceJob row, WallTime now);

} // namespace muster::hub
