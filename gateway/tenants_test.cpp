// Two tenants on one server: each of them sees nothing of the other, whoever asks.

#include "gateway/control_world.h"
#include "gateway/service_client.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

using provisioning::AdminRole;

class Tenants : public testing::Test {
  protected:
    HttpReply run(std::string_view instance, const std::string& authorization, std::string method,
                  const std::string& path, std::string body = {}) {
        HttpAsk ask{.method = std::move(method), .target = path + api};
        ask.host = TenantsWorld::host_of(instance);
        ask.headers = {{"Authorization", authorization}, {"Content-Type", "application/json"}};
        ask.body = std::move(body);
        return exchange(world, ask);
    }

    static std::string document(const std::string& id) {
        return R"({"registrationId":")" + id + R"(","attestation":{"type":"symmetricKey"}})";
    }

    TenantsWorld world;
    const std::string_view alpha = TenantsWorld::alpha;
    const std::string_view beta = TenantsWorld::beta;
};

TEST_F(Tenants, SeeOnlyTheirOwnEnrollments) {
    world.enroll(alpha, "dev-1");
    const auto path = "/enrollments/dev-1";
    EXPECT_EQ(run(alpha, world.service_token(alpha), "GET", path).status, 200U);
    EXPECT_EQ(run(beta, world.service_token(beta), "GET", path).error_code(), 404201);
    EXPECT_EQ(run(beta, world.service_token(beta), "POST", "/enrollments/query", "{}").body, "[]");
    // A token is for a host name, even where a policy of that name has the same key.
    EXPECT_EQ(run(beta, world.service_token(alpha), "GET", path).error_code(), 401000);
}

TEST_F(Tenants, HaveTheirOwnDevices) {
    world.enroll(alpha, "dev-1");
    const auto register_at = [&](std::string_view scope) {
        HttpAsk ask{.method = "PUT",
                    .target = '/' + std::string(scope) + "/registrations/dev-1/register" + api};
        ask.headers = {{"Authorization", world.device_token(scope, "dev-1")}};
        return exchange(world, ask);
    };
    EXPECT_EQ(register_at(TenantsWorld::alpha_scope).status, 202U);
    EXPECT_EQ(register_at(TenantsWorld::beta_scope).error_code(), 404201);
    const auto path = "/registrations/dev-1";
    EXPECT_EQ(run(alpha, world.service_token(alpha), "GET", path).status, 200U);
    EXPECT_EQ(run(beta, world.service_token(beta), "GET", path).error_code(), 404202);
}

TEST_F(Tenants, CannotGoOnWithEachOthersTokens) {
    for (const auto* id : {"dev-1", "dev-2"}) {
        world.enroll(alpha, id);
        world.enroll(beta, id);
    }
    const auto page = [&](std::string_view instance, const std::string& token) {
        HttpAsk ask{.method = "POST", .target = "/enrollments/query" + api};
        ask.host = TenantsWorld::host_of(instance);
        ask.headers = {{"Authorization", world.service_token(instance)},
                       {"x-ms-max-item-count", "1"},
                       {"x-ms-continuation", token}};
        return exchange(world, ask);
    };
    const auto token = page(alpha, "").header("x-ms-continuation");
    EXPECT_EQ(page(alpha, token).status, 200U);
    EXPECT_EQ(page(beta, token).status, 400U);
    EXPECT_EQ(page(beta, token).error_code(), 400000);
}

TEST_F(Tenants, TakeAdministratorsTokensAtTheServiceApi) {
    const auto anyone = world.bearer(AdminRole::contributor);
    EXPECT_EQ(run(alpha, anyone, "PUT", "/enrollments/dev-1", document("dev-1")).status, 200U);
    const auto changes = world.store.changes();
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].by.name, "token:token-1");

    const auto reader = world.bearer(AdminRole::reader);
    EXPECT_EQ(run(alpha, reader, "GET", "/enrollments/dev-1").status, 200U);
    EXPECT_EQ(run(alpha, reader, "DELETE", "/enrollments/dev-1").error_code(), 401000);
    EXPECT_EQ(run(alpha, reader, "POST", "/enrollments/dev-1/attestationmechanism").error_code(),
              401000); // it shows keys
    EXPECT_EQ(run(alpha, "bearer nonsense", "GET", "/enrollments/dev-1").error_code(), 401000);
}

TEST_F(Tenants, AreOutOfReachForEachOthersAdministrators) {
    const auto of_alpha = world.bearer(AdminRole::owner, {.tenant = "tenant-a", .instance = {}});
    EXPECT_EQ(run(alpha, of_alpha, "PUT", "/enrollments/d", document("d")).status, 200U);
    EXPECT_EQ(run(beta, of_alpha, "PUT", "/enrollments/d", document("d")).error_code(), 401000);
    EXPECT_EQ(run(beta, of_alpha, "GET", "/enrollments/d").error_code(), 401000);
}

TEST_F(Tenants, EndATokensUseWithItsRevocation) {
    const auto token = world.bearer(AdminRole::reader);
    EXPECT_EQ(run(alpha, token, "POST", "/enrollments/query", "{}").status, 200U);
    const provisioning::Administrator root{
        .principal = TenantsWorld::by, .role = AdminRole::owner, .reach = {}};
    ASSERT_TRUE(world.tokens.revoke(world.tokens.all().at(0).id, root));
    EXPECT_EQ(run(alpha, token, "POST", "/enrollments/query", "{}").error_code(), 401000);

    const auto expiring = world.bearer(AdminRole::reader);
    world.clock.advance(std::chrono::hours(2));
    EXPECT_EQ(run(alpha, expiring, "POST", "/enrollments/query", "{}").error_code(), 401000);
}

TEST_F(Tenants, MaySwitchSharedKeysOff) {
    provisioning::InstanceSettings off{.name = "alpha", .tenant = "tenant-a"};
    off.shared_key_access = false;
    world.change(off);
    EXPECT_EQ(
        run(alpha, world.service_token(alpha), "POST", "/enrollments/query", "{}").error_code(),
        401000);
    EXPECT_EQ(
        run(alpha, world.bearer(AdminRole::reader), "POST", "/enrollments/query", "{}").status,
        200U);
    EXPECT_EQ(run(beta, world.service_token(beta), "POST", "/enrollments/query", "{}").status,
              200U);
}

TEST_F(Tenants, AreRefusedBeyondTheirQuota) {
    // dps-service 14, 22: 403, and bulk items alike
    provisioning::InstanceSettings limited{.name = "alpha", .tenant = "tenant-a"};
    limited.quotas =
        provisioning::Quotas{.enrollments = 1, .enrollment_groups = 1, .registrations = {}};
    world.change(limited);
    const auto token = world.service_token(alpha);
    EXPECT_EQ(run(alpha, token, "PUT", "/enrollments/a", document("a")).status, 200U);
    const auto refused = run(alpha, token, "PUT", "/enrollments/b", document("b"));
    EXPECT_EQ(refused.status, 403U);
    EXPECT_EQ(refused.error_code(), 403201);
    const auto bulk = run(alpha, token, "POST", "/enrollments",
                          R"({"mode":"create","enrollments":[)" + document("c") + "]}");
    EXPECT_EQ(bulk.json().at("errors").at(0).at("errorCode"), Json(403201));
    const auto group = [](const std::string& id) {
        return R"({"enrollmentGroupId":")" + id + R"(","attestation":{"type":"symmetricKey"}})";
    };
    EXPECT_EQ(run(alpha, token, "PUT", "/enrollmentGroups/g", group("g")).status, 200U);
    EXPECT_EQ(run(alpha, token, "PUT", "/enrollmentGroups/h", group("h")).error_code(), 403202);
    EXPECT_EQ(run(beta, world.service_token(beta), "PUT", "/enrollments/b", document("b")).status,
              200U);
}

TEST_F(Tenants, VanishWhenDeleted) {
    world.enroll(alpha, "dev-1");
    world.instances.erase("alpha", {}, TenantsWorld::by).value();
    EXPECT_EQ(run(alpha, world.service_token(alpha), "GET", "/enrollments/dev-1").error_code(),
              404000);
    EXPECT_EQ(run(beta, world.service_token(beta), "POST", "/enrollments/query", "{}").status,
              200U);
}

} // namespace
} // namespace muster::gateway
