#pragma once
// Versions and etags of stored resources (reference: dps-service 2.5).

#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"
#include "provisioning/enrollment.h"
#include "provisioning/registration.h"

namespace muster::provisioning {

/// When something was written, and under which etag.
struct Mark {
    WallTime now;
    ETag etag;
};

/// Base64 of a quoted GUID: safe in headers, shells and JSON, and never given out twice.
ETag new_etag(Random& random);

Mark new_mark(const Clock& clock, Random& random);

/// For one attempt: `5.<16 hex>.<guid>`, the shape devices have seen before (dps-device 2.2).
OperationId new_operation(Random& random);

/// For one attempt to move a device.
MoveToken new_move_token(Random& random);

ResourceStamp first_stamp(const Mark& mark);

/// One version on. Time shown never runs backwards, even if the clock did.
ResourceStamp next_stamp(const ResourceStamp& previous, const Mark& mark);

} // namespace muster::provisioning
