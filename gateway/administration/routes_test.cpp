#include "base/text.h"
#include "gateway/administration/routes.h"

#include <gtest/gtest.h>

#include <set>

namespace muster::gateway {
namespace {

using provisioning::AdminRole;

std::expected<AdminMatch, HttpRefusal> find(std::string_view method, std::string_view path) {
    std::vector<std::string> segments;
    for (const auto segment : split(path, '/')) {
        segments.emplace_back(segment);
    }
    return find_admin_route(method, segments);
}

TEST(AdminRoutes, RefusesWhatIsNotThere) {
    for (const auto* path : {"", "muster", "muster/", "muster/nothing", "mustard/tokens", "tokens",
                             "muster/tokens/a/b", "muster/tokens/", "muster/instances//export",
                             "muster/instances/a/policies/p", "muster/instances/a/policies//rotate",
                             "muster/instances/a/explain/more", "muster/audit/1"}) {
        const auto found = find("GET", path);
        ASSERT_FALSE(found) << path;
        EXPECT_EQ(found.error().status, 404U) << path;
    }
    EXPECT_EQ(find_admin_route("GET", {}).error().status, 404U);
}

TEST(AdminRoutes, SaysWhichMethodsWouldDo) {
    EXPECT_EQ(find("PATCH", "muster/tokens").error().status, 405U);
    EXPECT_EQ(find("PATCH", "muster/tokens").error().allow, "GET, POST");
    EXPECT_EQ(find("POST", "muster/instances/a").error().allow, "GET, PUT, DELETE");
    EXPECT_EQ(find("GET", "muster/instances/a/import").error().allow, "POST");
    EXPECT_EQ(find("get", "muster/tokens").error().status, 405U); // RFC 9110 9.1: exact case
}

TEST(AdminRoutes, TakesNamesAsTheyAre) {
    const auto found = find("PUT", "Muster/INSTANCES/{name}/certificates/Root CA");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->names, (std::vector<std::string>{"{name}", "Root CA"}));
    EXPECT_EQ(found->route->path, "instances/{name}/certificates/{certificate}");
}

/// docs/administration-api.md, the table: what each role may.
TEST(AdminRoutes, AsksForTheRolesThatThePageNames) {
    for (const auto& route : admin_routes()) {
        const auto is_of_server = route.path.starts_with("tokens") || route.path == "audit";
        const auto only_reads = route.method == "GET" || route.path.ends_with("/explain");
        const auto expected = is_of_server ? AdminRole::owner
                              : only_reads ? AdminRole::reader
                                           : AdminRole::contributor;
        EXPECT_EQ(route.role, expected) << route.method << ' ' << route.path;
    }
}

TEST(AdminRoutes, FindsEachRouteByItsOwnPattern) {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (const auto& route : admin_routes()) {
        EXPECT_TRUE(seen.insert({route.method, route.path}).second) << route.path;
        const auto found = find(route.method, "muster/" + std::string(route.path));
        ASSERT_TRUE(found) << route.path;
        EXPECT_EQ(found->route, &route);
    }
}

} // namespace
} // namespace muster::gateway
