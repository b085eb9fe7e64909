// Who may do what through the control plane, and what nobody can find out about others.

#include "gateway/control/world.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace muster::gateway {
namespace {

using provisioning::AdminReach;
using provisioning::AdminRole;

const std::string provider = "/providers/Microsoft.Devices/";
const std::string all = provider + "provisioningServices";

std::string group(const std::string& tenant) {
    return "/subscriptions/sub/resourceGroups/" + tenant;
}

std::string path_of(const std::string& tenant, const std::string& name) {
    return group(tenant) + all + '/' + name;
}

class ControlAccess : public testing::Test {
  protected:
    ControlAccess() {
        for (const auto& path : {path_of("acme", "acme-1"), path_of("acme", "acme-2"),
                                 path_of("globex", "globex-1")}) {
            EXPECT_EQ(world.send({.method = "PUT", .path = path, .body = "{}"}, owner).status,
                      201U);
        }
    }

    /// Every request that names an instance, and some below it.
    static std::vector<ControlAsk> requests_about(const std::string& path) {
        const std::string certificate = path + "/certificates/ca";
        return {{.method = "GET", .path = path},
                {.method = "PUT", .path = path, .body = "{}"},
                {.method = "PATCH", .path = path, .body = R"({"tags":{}})"},
                {.method = "DELETE", .path = path},
                {.method = "POST", .path = path + "/listkeys"},
                {.method = "POST", .path = path + "/keys/provisioningserviceowner/listkeys"},
                {.method = "GET", .path = path + "/skus"},
                {.method = "GET", .path = path + "/operationResults/delete-0ne00000000"},
                {.method = "GET", .path = path + "/privateLinkResources"},
                {.method = "GET", .path = path + "/certificates"},
                {.method = "GET", .path = certificate},
                {.method = "PUT", .path = certificate, .body = "{}"},
                {.method = "DELETE", .path = certificate},
                {.method = "POST", .path = certificate + "/generateVerificationCode"},
                {.method = "POST", .path = certificate + "/verify", .body = "{}"}};
    }

    ControlWorld world;
    std::string owner = world.bearer(AdminRole::owner);
};

TEST_F(ControlAccess, WithoutAGoodTokenNothingIsAnswered) {
    std::vector<ControlAsk> asks = requests_about(path_of("acme", "acme-1"));
    asks.push_back({.path = "/subscriptions/sub" + all});
    asks.push_back({.path = provider + "operations"});
    asks.push_back({.path = "/subscriptions/nothing/of/the/kind"});
    for (const auto& ask : asks) {
        const auto none = world.send(ask, "");
        EXPECT_EQ(none.status, 401U) << ask.method << ' ' << ask.path;
        EXPECT_EQ(none.error(), "AuthenticationFailed");
        EXPECT_EQ(none.header("WWW-Authenticate"), R"(Bearer realm="muster")");
        const auto wrong = world.send(ask, "Bearer mst_0123456789abcdef_x");
        EXPECT_EQ(wrong.status, 401U);
        EXPECT_EQ(wrong.header("WWW-Authenticate"),
                  R"(Bearer realm="muster", error="invalid_token")");
        EXPECT_EQ(wrong.body, none.body);
    }
}

TEST_F(ControlAccess, ARevokedOrExpiredTokenEnds) {
    const auto token = world.bearer(AdminRole::reader);
    const ControlAsk ask{.path = path_of("acme", "acme-1")};
    EXPECT_EQ(world.send(ask, token).status, 200U);
    world.clock.advance(std::chrono::hours(2));
    EXPECT_EQ(world.send(ask, token).status, 401U);
}

TEST_F(ControlAccess, AReaderNeitherWritesNorSeesKeys) {
    const auto reader = world.bearer(AdminRole::reader);
    const auto before = world.send({.path = path_of("acme", "acme-1")}, owner).body;
    for (const auto& ask : requests_about(path_of("acme", "acme-1"))) {
        const auto reply = world.send(ask, reader);
        if (ask.method != "GET") {
            EXPECT_EQ(reply.status, 403U) << ask.method << ' ' << ask.path;
            EXPECT_EQ(reply.error(), "AuthorizationFailed");
        } else {
            EXPECT_NE(reply.status, 403U) << ask.path;
        }
    }
    EXPECT_EQ(world.send({.path = path_of("acme", "acme-1")}, reader).body, before);
}

TEST_F(ControlAccess, AnotherTenantsGroupDoesNotExistWhetherItDoesOrNot) {
    const auto token = world.bearer(AdminRole::owner, {.tenant = "ACME", .instance = {}});
    for (const auto& tenant : {"globex", "nobody"}) {
        for (const auto& ask : requests_about(path_of(tenant, "globex-1"))) {
            const auto reply = world.send(ask, token);
            EXPECT_EQ(reply.status, 404U) << ask.method << ' ' << ask.path;
            EXPECT_EQ(reply.error(), "ResourceGroupNotFound") << ask.method << ' ' << ask.path;
        }
        EXPECT_EQ(world.send({.path = group(tenant) + all}, token).error(),
                  "ResourceGroupNotFound");
    }
    EXPECT_EQ(world.send({.path = path_of("globex", "globex-1")}, owner).status, 200U);
}

TEST_F(ControlAccess, AnotherTenantsInstanceLooksLikeNoneInTheOwnGroup) {
    const auto token = world.bearer(AdminRole::owner, {.tenant = "acme", .instance = {}});
    const auto before = world.send({.path = path_of("globex", "globex-1")}, owner).body;
    const auto theirs = requests_about(path_of("acme", "globex-1"));
    const auto nobodys = requests_about(path_of("acme", "free-name"));
    for (std::size_t i = 0; i < theirs.size(); ++i) {
        if (theirs[i].method == "PUT" && theirs[i].path == path_of("acme", "globex-1")) {
            continue; // names are unique in the whole server, and a creation must say so
        }
        const auto one = world.send(theirs[i], token);
        const auto other = world.send(nobodys[i], token);
        EXPECT_EQ(one.status, other.status) << theirs[i].method << ' ' << theirs[i].path;
        EXPECT_EQ(one.body, other.body) << theirs[i].method << ' ' << theirs[i].path;
    }
    const auto taken =
        world.send({.method = "PUT", .path = path_of("acme", "globex-1"), .body = "{}"}, token);
    EXPECT_EQ(taken.status, 409U);
    EXPECT_EQ(taken.error(), "ResourceAlreadyExists");
    EXPECT_EQ(taken.body.find("globex\""), std::string::npos) << taken.body;
    EXPECT_EQ(world.send({.path = path_of("globex", "globex-1")}, owner).body, before);
}

TEST_F(ControlAccess, ListsShowWhatTheTokenReaches) {
    const auto names = [&](const AdminReach& reach) {
        std::string text;
        const auto token = world.bearer(AdminRole::reader, reach);
        const auto reply = world.send({.path = "/subscriptions/any" + all}, token);
        for (const auto& entry : reply.at("/value").as_array()) {
            text += std::string(entry.at("name").as_string()) + ' ';
        }
        return text;
    };
    EXPECT_EQ(names({}), "acme-1 acme-2 globex-1 ");
    EXPECT_EQ(names({.tenant = "acme", .instance = {}}), "acme-1 acme-2 ");
    EXPECT_EQ(names({.tenant = "acme", .instance = "acme-2"}), "acme-2 ");
    EXPECT_EQ(names({.tenant = "nobody", .instance = {}}), "");
}

TEST_F(ControlAccess, ATokenForOneInstanceDoesNotReachItsNeighbours) {
    const auto token =
        world.bearer(AdminRole::contributor, {.tenant = "acme", .instance = "acme-1"});
    EXPECT_EQ(world.send({.method = "PUT", .path = path_of("acme", "acme-1"), .body = "{}"}, token)
                  .status,
              200U);
    for (const auto* name : {"acme-2", "free-name"}) {
        for (const auto& ask : requests_about(path_of("acme", name))) {
            const auto reply = world.send(ask, token);
            EXPECT_EQ(reply.status, 404U) << ask.method << ' ' << ask.path;
            EXPECT_EQ(reply.error(), "ResourceNotFound");
        }
    }
}

TEST_F(ControlAccess, ATokenForOneInstanceMakesNoneNotEvenItsOwn) {
    const auto token = world.bearer(AdminRole::owner, {.tenant = "acme", .instance = "acme-3"});
    const auto reply =
        world.send({.method = "PUT", .path = path_of("acme", "acme-3"), .body = "{}"}, token);
    EXPECT_EQ(reply.status, 403U);
    EXPECT_EQ(world.instances().find("acme-3"), nullptr);
}

TEST_F(ControlAccess, ChangesAreMadeInTheNameOfTheToken) {
    const auto token = world.bearer(AdminRole::contributor, {.tenant = "acme", .instance = {}});
    ASSERT_EQ(world
                  .send({.method = "PUT",
                         .path = path_of("acme", "acme-1"),
                         .body = R"({"location":"elsewhere"})"},
                        token)
                  .status,
              200U);
    EXPECT_EQ(world.store.audit().back().change.by.name, "token:token-2");
}

} // namespace
} // namespace muster::gateway
