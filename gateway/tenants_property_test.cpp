// Whatever two tenants do, in whatever order, each sees exactly what it did itself: the same ids,
// the same hosts' paths and the same proofs are used on both sides all the time.

#include "gateway/control_world.h"
#include "gateway/service_client.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

namespace muster::gateway {
namespace {

/// What a tenant must see: ids, and their etags as last told.
struct Expected {
    std::map<std::string, std::string> enrollments;
    std::map<std::string, std::string> groups;
    std::set<std::string> registered;
};

class TenantsHistory {
  public:
    explicit TenantsHistory(std::uint64_t seed) : random_(seed) {}

    void step() {
        const auto tenant = pick(2);
        const auto id = "thing-" + std::to_string(pick(4));
        switch (pick(5)) {
        case 0: put(tenant, "/enrollments/", "registrationId", id); break;
        case 1: put(tenant, "/enrollmentGroups/", "enrollmentGroupId", id); break;
        case 2: erase(tenant, "/enrollments/", id); break;
        case 3: erase(tenant, "/enrollmentGroups/", id); break;
        default: register_device(tenant, id); break;
        }
    }

    void check() {
        for (std::size_t tenant = 0; tenant < 2; ++tenant) {
            const auto& expected = expected_[tenant];
            EXPECT_EQ(listed(tenant, "/enrollments/query", "registrationId"), expected.enrollments);
            EXPECT_EQ(listed(tenant, "/enrollmentGroups/query", "enrollmentGroupId"),
                      expected.groups);
            for (int i = 0; i < 4; ++i) {
                const auto id = "thing-" + std::to_string(i);
                EXPECT_EQ(run(tenant, "GET", "/registrations/" + id).status,
                          expected.registered.contains(id) ? 200U : 404U);
            }
        }
    }

  private:
    static constexpr std::array<std::string_view, 2> names = {TenantsWorld::alpha,
                                                              TenantsWorld::beta};
    static constexpr std::array<std::string_view, 2> scopes = {TenantsWorld::alpha_scope,
                                                               TenantsWorld::beta_scope};

    std::size_t pick(std::size_t below) {
        return static_cast<unsigned char>(random_.bytes(1)[0]) % below;
    }

    HttpReply run(std::size_t tenant, std::string method, const std::string& path,
                  std::string body = {}) {
        HttpAsk ask{.method = std::move(method), .target = path + api};
        ask.host = TenantsWorld::host_of(names.at(tenant));
        ask.headers = {{"Authorization", world_.service_token(names.at(tenant))},
                       {"If-Match", path.ends_with("query") ? "" : "*"}};
        ask.body = std::move(body);
        return exchange(world_, ask);
    }

    std::map<std::string, std::string>& table(std::size_t tenant, std::string_view collection) {
        auto& expected = expected_.at(tenant);
        return collection == "/enrollments/" ? expected.enrollments : expected.groups;
    }

    /// Creates or replaces, whichever is right for what this tenant has.
    void put(std::size_t tenant, const std::string& collection, std::string_view member,
             const std::string& id) {
        auto& there = table(tenant, collection);
        HttpAsk ask{.method = "PUT", .target = collection + id + api};
        ask.host = TenantsWorld::host_of(names.at(tenant));
        ask.headers = {{"Authorization", world_.service_token(names.at(tenant))}};
        if (there.contains(id)) {
            ask.headers.push_back({"If-Match", there.at(id)});
        }
        ask.body = to_text(JsonObject{
            {member, id},
            {"attestation",
             {{"type", "symmetricKey"}, {"symmetricKey", {{"primaryKey", recorded_key_text}}}}}});
        const auto reply = exchange(world_, ask);
        ASSERT_EQ(reply.status, 200U) << reply.body;
        there[id] = text_of(reply.member("etag"));
    }

    void erase(std::size_t tenant, const std::string& collection, const std::string& id) {
        const bool was_there = table(tenant, collection).erase(id) > 0;
        EXPECT_EQ(run(tenant, "DELETE", collection + id).status, was_there ? 204U : 404U);
        if (was_there && collection == "/enrollments/") {
            expected_.at(tenant).registered.erase(id); // dps-service 9.5
        }
    }

    void register_device(std::size_t tenant, const std::string& id) {
        HttpAsk ask{.method = "PUT",
                    .target = '/' + std::string(scopes.at(tenant)) + "/registrations/" + id +
                              "/register" + api};
        ask.headers = {{"Authorization", world_.device_token(scopes.at(tenant), id)}};
        const auto status = exchange(world_, ask).status;
        auto& expected = expected_.at(tenant);
        if (expected.enrollments.contains(id)) {
            EXPECT_EQ(status, 202U);
            expected.registered.insert(id);
        } else { // the group's key is not the device's
            EXPECT_EQ(status, expected.groups.empty() ? 404U : 401U);
        }
    }

    std::map<std::string, std::string> listed(std::size_t tenant, const std::string& path,
                                              std::string_view member) {
        std::map<std::string, std::string> found;
        const auto items = run(tenant, "POST", path).json();
        for (const auto& item : items.as_array()) {
            found[text_of(item.at(member))] = text_of(item.at("etag"));
        }
        return found;
    }

    SeededRandom random_;
    TenantsWorld world_;
    std::array<Expected, 2> expected_;
};

TEST(TenantsProperty, NeverSeeEachOther) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        TenantsHistory history(seed);
        for (int i = 0; i < 40 && !testing::Test::HasFailure(); ++i) {
            history.step();
            history.check();
        }
    }
}

} // namespace
} // namespace muster::gateway
