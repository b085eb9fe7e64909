#include "gateway/administration/administration_client.h"

namespace muster::gateway {
namespace {

class AdminInstances : public AdministrationTest {
  protected:
    static bool shows_keys(const HttpReply& reply) {
        return reply.body.find("primaryKey") != std::string::npos;
    }

    std::string tenant_a(AdminRole role = AdminRole::contributor) {
        return world.bearer(role, {.tenant = "tenant-a", .instance = {}});
    }
};

TEST_F(AdminInstances, ListsWhatIsReached) {
    world.instances.put({.name = "Delta", .tenant = "tenant-a"}, {}, TenantsWorld::by).value();
    std::vector<std::string> names;
    std::size_t pages = 0;
    for (const auto& instance : walk("/muster/instances?count=2", "instances", "after", &pages)) {
        names.push_back(text(instance.at("name")));
    }
    EXPECT_EQ(names, (std::vector<std::string>{"alpha", "beta", "Delta"}));
    EXPECT_EQ(pages, 2U);
    const auto theirs = run(ask("GET", "/muster/instances"), tenant_a(AdminRole::reader));
    EXPECT_EQ(theirs.json().at("instances").as_array().size(), 2U);
    EXPECT_FALSE(shows_keys(theirs));
    const auto own = world.bearer(AdminRole::reader, {.tenant = "tenant-b", .instance = "beta"});
    EXPECT_EQ(run(ask("GET", "/muster/instances"), own).json().at("instances").as_array().size(),
              1U);
}

TEST_F(AdminInstances, ShowsKeysOnRequestOnly) {
    EXPECT_FALSE(shows_keys(run("GET", alpha)));
    EXPECT_TRUE(shows_keys(run("GET", alpha + "?keys=true")));
    EXPECT_FALSE(shows_keys(run("PUT", alpha, "{}")));
    EXPECT_TRUE(shows_keys(run("PUT", alpha + "?keys=true", "{}")));
    EXPECT_EQ(run("GET", "/muster/instances/ALPHA").member("name"), Json("alpha"));
    expect_refused(run("GET", "/muster/instances/nowhere"), 404, 404000);
}

TEST_F(AdminInstances, RefusesDocumentsThatAreNone) {
    const auto version = world.instances.find("alpha")->stamp.version;
    for (const auto* body :
         {R"({"name":"other"})", R"({"name":7})", R"({"location":7})", R"({"hubs":[7]})",
          R"({"hubs":[{"weight":1}]})", R"({"policies":[{"name":"p","rights":"Everything"}]})",
          R"({"ipFilterRules":[{"name":"r","mask":"everywhere"}]})",
          R"({"quotas":{"enrollments":-1}})", R"({"hubs":[{"name":"hub-9.example.net"}]})"}) {
        expect_refused(run("PUT", alpha, body), 400, 400000);
    }
    expect_refused(run("PUT", "/muster/instances/-no-name-", "{}"), 400, 400000);
    EXPECT_EQ(world.instances.find("alpha")->stamp.version, version);
}

TEST_F(AdminInstances, CreatesAndServesAtOnce) {
    const auto created = run("PUT", "/muster/instances/gamma?keys=true",
                             R"({"tenant":"tenant-c","location":"here"})");
    ASSERT_EQ(created.status, 201U) << created.body;
    EXPECT_EQ(created.member("tenant"), Json("tenant-c"));
    EXPECT_TRUE(shows_keys(created));
    const auto statistics = run("GET", "/muster/instances/gamma/statistics");
    EXPECT_EQ(statistics.body,
              R"({"enrollments":0,"enrollmentGroups":0,"registrations":0,"quotas":{}})");
    EXPECT_EQ(run("PUT", "/muster/instances/gamma", R"({"name":"GAMMA"})").status, 200U);
}

TEST_F(AdminInstances, ChangesUnderConditions) {
    const auto put = [&](const std::string& header, const std::string& value) {
        auto request = ask("PUT", alpha, R"({"location":"there"})");
        request.headers.push_back({header, value});
        return run(request, owner);
    };
    expect_refused(put("If-Match", "\"other\""), 412, 412000);
    expect_refused(put("If-None-Match", "*"), 412, 412000);
    EXPECT_EQ(run("GET", alpha).member("location"), Json("local"));
    const auto etag = text(run("GET", alpha).member("etag"));
    EXPECT_EQ(put("If-Match", '"' + etag + '"').status, 200U);
    EXPECT_EQ(run("GET", alpha).member("location"), Json("there"));
    auto request = ask("PUT", "/muster/instances/gamma", "{}");
    request.headers.push_back({"If-Match", "*"});
    expect_refused(run(request, owner), 404, 404000);
}

TEST_F(AdminInstances, StaysWithinTheTenant) {
    const auto token = tenant_a();
    const auto version = world.instances.find("beta")->stamp.version;
    const auto put = [&](const std::string& name, const std::string& body) {
        return run(ask("PUT", "/muster/instances/" + name, body), token);
    };
    expect_refused(put("gamma", R"({"tenant":"tenant-b"})"), 403, 403000);
    expect_refused(put("beta", "{}"), 409, 409203); // the name is taken
    expect_refused(put("alpha", R"({"tenant":"tenant-b"})"), 409, 409203);
    EXPECT_EQ(put("gamma", "{}").member("tenant"), Json("tenant-a"));
    EXPECT_EQ(put("alpha", R"({"location":"x"})").status, 200U);
    EXPECT_EQ(world.instances.find("beta")->stamp.version, version);

    const auto narrow =
        world.bearer(AdminRole::contributor, {.tenant = "tenant-a", .instance = "alpha"});
    expect_refused(run(ask("PUT", "/muster/instances/delta", "{}"), narrow), 403, 403000);
    EXPECT_EQ(run(ask("PUT", alpha, "{}"), narrow).status, 200U);
}

/// Somebody else makes an instance of that name after the caller's reach was looked at.
TEST_F(AdminInstances, NeverReachesIntoAnotherTenantByARace) {
    world.instance_store.before_next_save([&] {
        // Published by another node or thread; here, the store has the name already.
        provisioning::Instance theirs;
        theirs.scope = IdScope("0ne000000C3");
        theirs.name = "gamma";
        theirs.tenant = "tenant-b";
        theirs.stamp.version = 1;
        world.instance_store.save(theirs, provisioning::Write(provisioning::Expected{0})).value();
    });
    const auto reply =
        run(ask("PUT", "/muster/instances/gamma", R"({"location":"mine"})"), tenant_a());
    EXPECT_EQ(reply.status, 409U) << reply.body;
    const auto stored = world.instance_store.all().value();
    const auto gamma = std::ranges::find(stored, "gamma", &provisioning::Instance::name);
    ASSERT_NE(gamma, stored.end());
    EXPECT_EQ(gamma->tenant, "tenant-b");
    EXPECT_EQ(gamma->location, "local");
}

TEST_F(AdminInstances, DeletesInTheBackground) {
    world.instance_store.fill(IdScope(std::string(TenantsWorld::alpha_scope)), 10'000);
    auto stale = ask("DELETE", alpha);
    stale.headers.push_back({"If-Match", "\"other\""});
    expect_refused(run(stale, owner), 412, 412000);
    const auto reply = run("DELETE", alpha);
    EXPECT_EQ(reply.status, 202U) << reply.body;
    EXPECT_EQ(reply.body, R"({"name":"alpha","state":"deleting"})");
    EXPECT_EQ(world.sites.provisioning_at("alpha.dps.example.net"), nullptr);
    world.finish_background();
    expect_refused(run("GET", alpha), 404, 404000);
    EXPECT_EQ(run("GET", "/muster/instances/beta").status, 200U);
}

TEST_F(AdminInstances, SaysThatAnInstanceIsBeingDeleted) {
    world.instances.erase("alpha", {}, TenantsWorld::by).value();
    world.workers.forget(); // the purge is lost, as in a crash
    world.timers.forget();
    EXPECT_EQ(run("GET", alpha).member("state"), Json("deleting"));
    for (const auto* path : {"/statistics", "/export"}) {
        expect_refused(run("GET", alpha + path), 404, 404000);
    }
    expect_refused(run("POST", alpha + "/import", R"({"enrollments":[]})"), 404, 404000);
    expect_refused(run("POST", alpha + "/explain", R"({"registrationId":"a"})"), 404, 404000);
    EXPECT_EQ(run("GET", alpha + "/events").status, 200U);
    EXPECT_EQ(run("GET", alpha + "/audit").status, 200U);
}

TEST_F(AdminInstances, RotatesOneKeyOfAPolicy) {
    const auto rotate = [&](const std::string& policy, const std::string& body) {
        return run("POST", alpha + "/policies/" + policy + "/rotate", body);
    };
    for (const auto* body :
         {"{}", R"({"slot":"both"})", R"({"slot":1})", R"({"slot":"Primary"})"}) {
        expect_refused(rotate("provisioningserviceowner", body), 400, 400000);
    }
    expect_refused(rotate("nobody", R"({"slot":"primary"})"), 404, 404000);
    const auto before = run("GET", alpha + "?keys=true").json().at("policies").at(0);
    const auto rotated = rotate("provisioningserviceowner", R"({"slot":"primary"})");
    ASSERT_EQ(rotated.status, 200U) << rotated.body;
    EXPECT_NE(rotated.member("primaryKey"), before.at("primaryKey"));
    EXPECT_EQ(rotated.member("secondaryKey"), before.at("secondaryKey"));
    EXPECT_EQ(run("GET", alpha + "?keys=true").json().at("policies").at(0), rotated.json());
}

TEST_F(AdminInstances, CountsWhatAnInstanceHolds) {
    world.enroll("alpha", "dev-1");
    world.enroll("alpha", "dev-2");
    world.enroll("beta", "dev-3");
    register_device("dev-1");
    EXPECT_EQ(run("PUT", alpha, R"({"quotas":{"enrollments":5}})").status, 200U);
    EXPECT_EQ(
        run("GET", alpha + "/statistics").body,
        R"({"enrollments":2,"enrollmentGroups":0,"registrations":1,"quotas":{"enrollments":5}})");
}

// ---- certificates ----

TEST_F(AdminInstances, RefusesCertificatesThatAreNone) {
    for (const auto* body : {"{}", R"({"certificate":"none"})", R"({"certificate":7})",
                             R"({"certificate":null,"isVerified":true})"}) {
        expect_refused(run("PUT", alpha + "/certificates/root", body), 400, 400000);
    }
    const auto ca = make_ca("root");
    auto unsure = parse_json_object(certificate_body(ca, true)).value();
    unsure["isVerified"] = "yes";
    expect_refused(run("PUT", alpha + "/certificates/root", to_text(unsure)), 400, 400000);
    expect_refused(run("DELETE", alpha + "/certificates/root"), 404, 404000);
    EXPECT_EQ(run("GET", alpha + "/certificates").body, R"({"certificates":[]})");
}

TEST_F(AdminInstances, KeepsCertificates) {
    const auto put = [&](const std::string& name, bool is_verified) {
        return run("PUT", alpha + "/certificates/" + name,
                   certificate_body(make_ca(name), is_verified));
    };
    const auto first = put("root", true);
    ASSERT_EQ(first.status, 200U) << first.body;
    EXPECT_EQ(first.member("isVerified"), Json(true));
    EXPECT_EQ(text(first.member("certificate")).substr(0, 27), "-----BEGIN CERTIFICATE-----");
    EXPECT_EQ(put("Other", false).member("isVerified"), Json(false));
    std::size_t pages = 0;
    const auto all = walk(alpha + "/certificates?count=1", "certificates", "after", &pages);
    EXPECT_EQ(pages, 2U);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].at("name"), Json("Other"));
    EXPECT_EQ(all[1], first.json());
    auto creation = ask("PUT", alpha + "/certificates/ROOT", certificate_body(make_ca("x"), true));
    creation.headers.push_back({"If-None-Match", "*"});
    expect_refused(run(creation, owner), 412, 412000);
    auto request = ask("DELETE", alpha + "/certificates/root");
    request.headers.push_back({"If-Match", "\"other\""});
    expect_refused(run(request, owner), 412, 412000);
    EXPECT_EQ(run("DELETE", alpha + "/certificates/ROOT").status, 204U);
    EXPECT_EQ(walk(alpha + "/certificates", "certificates").size(), 1U);
}

} // namespace
} // namespace muster::gateway
