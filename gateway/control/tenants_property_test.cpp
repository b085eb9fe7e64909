// Whatever tenants ask of the control plane, in any order: none sees or changes what is another's.

#include "gateway/control/world.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace muster::gateway {
namespace {

using provisioning::AdminRole;

constexpr std::array<std::string_view, 3> tenants{"acme", "globex", "initech"};
constexpr unsigned runs = 20;
constexpr unsigned requests_per_run = 150;

/// In everything that a tenant writes, and in nothing that another may read.
std::string mark_of(std::size_t tenant) {
    return "mark-of-" + std::string(tenants[tenant]);
}

class TenantsAtRandom {
  public:
    explicit TenantsAtRandom(unsigned seed) : random_(seed) {
        for (const auto tenant : tenants) {
            tokens_.push_back(
                world_.bearer(AdminRole::owner, {.tenant = std::string(tenant), .instance = {}}));
        }
    }

    /// One request of one tenant, and whether all is well afterwards.
    void step() {
        const auto tenant = below(tenants.size());
        const auto before = instances_of_others(tenant);
        const auto ask = any_request(tenant);
        const auto reply = world_.send(ask, tokens_[tenant]);
        instances_made_ += reply.status == 201 ? 1 : 0;
        if (below(8) == 0) {
            world_.finish_background();
        }
        EXPECT_LT(reply.status, 500U) << ask.method << ' ' << ask.path << ' ' << reply.body;
        for (std::size_t other = 0; other < tenants.size(); ++other) {
            EXPECT_TRUE(other == tenant || reply.body.find(mark_of(other)) == std::string::npos)
                << tenants[tenant] << ' ' << ask.method << ' ' << ask.path << ' ' << reply.body;
        }
        const auto after = instances_of_others(tenant);
        for (const auto& [name, etag] : before) { // one that is gone was being deleted already
            EXPECT_TRUE(!after.contains(name) || after.at(name) == etag)
                << tenants[tenant] << " changed " << name << " by " << ask.method << ' '
                << ask.path;
        }
    }

    [[nodiscard]] int instances_made() const { return instances_made_; }

  private:
    std::size_t below(std::size_t count) {
        return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
    }

    template <std::size_t count>
    const char* one_of(const char* const (&choices)[count]) {
        return choices[below(count)];
    }

    ControlAsk any_request(std::size_t tenant) {
        const std::string all = "/providers/Microsoft.Devices/provisioningServices";
        const auto group = "/subscriptions/s/resourceGroups/" + std::string(tenants[below(3)]);
        const auto instance = group + all + "/dps-" + std::to_string(below(4));
        const auto mark = mark_of(tenant);
        switch (below(8)) {
        case 0: return {.path = "/subscriptions/s" + all};
        case 1: return {.path = group + all};
        case 2: return {.method = "DELETE", .path = instance};
        case 3: return {.method = "POST", .path = instance + "/listkeys"};
        case 4:
            return {.method = "PATCH",
                    .path = instance,
                    .body = to_text(JsonObject{{"tags", {{"mark", mark}}}})};
        case 5:
            return {.path = instance + one_of({"/certificates", "/skus", "",
                                               "/operationResults/delete-0ne00000000"})};
        default:
            return {.method = "PUT",
                    .path = instance,
                    .body = to_text(JsonObject{
                        {"location", mark},
                        {"properties",
                         {{"authorizationPolicies",
                           JsonArray{{{"keyName", mark}, {"rights", "EnrollmentRead"}}}}}}})};
        }
    }

    std::map<std::string, std::string> instances_of_others(std::size_t tenant) {
        std::map<std::string, std::string> etags;
        for (const auto& instance : world_.instances().all()) {
            if (instance->tenant != tenants[tenant]) {
                etags[instance->scope.text()] = instance->stamp.etag.text();
            }
        }
        return etags;
    }

    std::mt19937 random_;
    ControlWorld world_;
    std::vector<std::string> tokens_;
    int instances_made_ = 0;
};

TEST(ControlTenants, NeverSeeOrChangeEachOthersInstances) {
    for (unsigned seed = 1; seed <= runs; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        TenantsAtRandom tenants_at_random(seed);
        for (unsigned i = 0; i < requests_per_run && !testing::Test::HasFailure(); ++i) {
            tenants_at_random.step();
        }
        EXPECT_GT(tenants_at_random.instances_made(), 0); // or it would show nothing
    }
}

} // namespace
} // namespace muster::gateway
