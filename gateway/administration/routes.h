#pragma once
// The routes of the administration API: one table of what docs/administration-api.md lists. Pure: a
// method and a path in, who may ask and who answers out.

#include "gateway/administration/call.h"
#include "gateway/request_checks.h"

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::gateway {

struct AdminRoute {
    std::string_view method;
    std::string_view path; // after "/muster/"; `{..}` stands for one segment that is not empty
    provisioning::AdminRole role;
    AdminAnswer (*answer)(const AdminCall& call); // null: it takes its time
    void (*answer_later)(const AdminCall& call, AdminDone done) = nullptr;
};

std::span<const AdminRoute> admin_routes();

struct AdminMatch {
    const AdminRoute* route;
    std::vector<std::string> names; // of the `{..}`, in order
};

/// Fixed segments compare without case. An unknown path is a 404, a known one with another method a
/// 405 that lists those which would do.
std::expected<AdminMatch, HttpRefusal> find_admin_route(std::string_view method,
                                                        std::span<const std::string> segments);

} // namespace muster::gateway
