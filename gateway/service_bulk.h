#pragma once
// Bulk operations of the service API (reference: dps-service 2.6, 3): up to ten enrollments or
// groups in one request, an outcome for each. The answer is 200 also if items failed.

#include "base/result.h"
#include "gateway/context.h"
#include "gateway/http_handler.h"
#include "gateway/service_routes.h"
#include "provisioning/enrollments.h"

namespace muster::gateway {

struct BulkCall {
    const Context& context;
    provisioning::Enrollments& enrollments;
    const HttpExchange& exchange;
    Collection collection; // enrollments or enrollment_groups
    const provisioning::Principal& by;
};

/// Error: malformed, for the whole: no list of items, no mode, too many items, or an id twice.
Result<session::HttpResponse> answer_bulk(const BulkCall& call);

} // namespace muster::gateway
