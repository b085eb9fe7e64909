#pragma once
// The routes of the provisioning service API (reference: dps-service 1.9). Pure: a method and a
// path in, what is wanted of which thing out.

#include "gateway/problem.h"
#include "gateway/request_checks.h"
#include "provisioning/instance.h"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace muster::gateway {

enum class Collection : std::uint8_t { enrollments, enrollment_groups, registrations };

enum class Action : std::uint8_t { put, get, erase, query, bulk, attestation_mechanism };

struct ServiceRoute {
    Collection collection;
    Action action;
    std::string id; // not yet checked; empty for the query and bulk of a whole collection
};

/// Segments compare without case; the method decides first, so that an enrollment called `query`
/// can be reached. A missing id is a 405, an unknown path a 404.
std::expected<ServiceRoute, HttpRefusal> find_service_route(std::string_view method,
                                                            const std::vector<std::string>& path);

/// What the caller's policy must allow (dps-service 1.6; 14, 16 for attestation mechanisms).
provisioning::Right right_for(const ServiceRoute& route);

Subject subject_of(Collection collection);

} // namespace muster::gateway
