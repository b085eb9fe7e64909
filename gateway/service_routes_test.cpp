#include "gateway/service_routes.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

using provisioning::Right;

struct Case {
    std::string_view method;
    std::vector<std::string> path;
    Collection collection;
    Action action;
    std::string_view id;
    Right right;
};

TEST(ServiceRoutes, KnowsEveryRoute) {
    // DPS-SERVICE-8, DPS-SERVICE-37, DPS-SERVICE-38, and the table of dps-service 1.9 with 1.6
    using enum Collection;
    using enum Action;
    const Case cases[] = {
        {"PUT", {"enrollments", "d"}, enrollments, put, "d", Right::enrollment_write},
        {"GET", {"Enrollments", "d"}, enrollments, get, "d", Right::enrollment_read},
        {"DELETE", {"enrollments", "d"}, enrollments, erase, "d", Right::enrollment_write},
        {"POST", {"enrollments"}, enrollments, bulk, "", Right::enrollment_write},
        {"POST", {"enrollments", "QUERY"}, enrollments, query, "", Right::enrollment_read},
        {"GET", {"enrollments", "query"}, enrollments, get, "query", Right::enrollment_read},
        {"PUT", {"enrollments", "query"}, enrollments, put, "query", Right::enrollment_write},
        {"POST",
         {"enrollments", "d", "attestationmechanism"},
         enrollments,
         attestation_mechanism,
         "d",
         Right::enrollment_write},
        {"PUT", {"enrollmentGroups", "g"}, enrollment_groups, put, "g", Right::enrollment_write},
        {"GET", {"enrollmentgroups", "g"}, enrollment_groups, get, "g", Right::enrollment_read},
        {"POST",
         {"enrollmentgroups", "g", "attestationMechanism"},
         enrollment_groups,
         attestation_mechanism,
         "g",
         Right::enrollment_write},
        {"POST",
         {"enrollmentGroups", "query"},
         enrollment_groups,
         query,
         "",
         Right::enrollment_read},
        {"GET", {"registrations", "d"}, registrations, get, "d", Right::registration_read},
        {"DELETE", {"registrations", "d"}, registrations, erase, "d", Right::registration_write},
        {"POST",
         {"registrations", "g", "query"},
         registrations,
         query,
         "g",
         Right::registration_read},
    };
    for (const auto& expected : cases) {
        const auto route = find_service_route(expected.method, expected.path);
        ASSERT_TRUE(route) << expected.method << ' ' << expected.path.back();
        EXPECT_EQ(route->collection, expected.collection);
        EXPECT_EQ(route->action, expected.action);
        EXPECT_EQ(route->id, expected.id);
        EXPECT_EQ(right_for(*route), expected.right) << expected.path.back();
    }
}

struct RefusedCase {
    std::string_view method;
    std::vector<std::string> path;
    unsigned status;
    std::string_view allow;
};

TEST(ServiceRoutes, TellsWrongMethodsAndMissingIdsFromUnknownPaths) {
    const RefusedCase cases[] = {
        {"PUT", {"enrollments"}, 405, "POST"},
        {"GET", {"enrollmentGroups"}, 405, "POST"},
        {"POST", {"registrations"}, 405, ""},
        {"POST", {"enrollments", "d"}, 405, "GET, PUT, DELETE"},
        {"PATCH", {"enrollments", "d"}, 405, "GET, PUT, DELETE"},
        {"PUT", {"registrations", "d"}, 405, "GET, DELETE"},
        {"POST", {"registrations", "query"}, 405, "GET, DELETE"},
        {"GET", {"enrollments", "d", "attestationmechanism"}, 405, "POST"},
        {"GET", {"registrations", "g", "query"}, 405, "POST"},
        {"POST", {"enrollments", "", "attestationmechanism"}, 405, ""},
        {"GET", {}, 404, ""},
        {"GET", {"devices", "d"}, 404, ""},
        {"POST", {"enrollments", "d", "query"}, 404, ""},
        {"POST", {"registrations", "d", "attestationmechanism"}, 404, ""},
        {"GET", {"enrollments", "a", "b", "c"}, 404, ""},
    };
    for (const auto& expected : cases) {
        const auto route = find_service_route(expected.method, expected.path);
        ASSERT_FALSE(route) << expected.method;
        EXPECT_EQ(route.error().status, expected.status) << expected.method;
        EXPECT_EQ(route.error().allow, expected.allow) << expected.method;
    }
}

} // namespace
} // namespace muster::gateway
