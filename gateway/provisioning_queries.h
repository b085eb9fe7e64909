#pragma once
// The queries of the service API (reference: dps-service 5): a page of enrollments, of groups, or
// of the registrations of one group. A page that has a successor is never empty, however few items
// a query matches.

#include "base/result.h"
#include "gateway/service_routes.h"
#include "provisioning/enrollments.h"
#include "session/http_session.h"

namespace muster::gateway {

Result<session::HttpResponse> answer_query(provisioning::Enrollments& enrollments,
                                           const ServiceRoute& route,
                                           const session::HttpRequest& request);

} // namespace muster::gateway
