// Events of devices and the audit trail.

#include "gateway/administration/administration_client.h"
#include "provisioning/audit.h"

namespace muster::gateway {
namespace {

class AdminTrails : public AdministrationTest {
  protected:
    std::string wrong_token(const std::string& id) {
        return crypto::make_sas(std::string(TenantsWorld::alpha_scope) + "/registrations/" + id,
                                Secret("not the key"), world.clock.wall() + std::chrono::hours(1),
                                "registration");
    }

    JsonArray events(const std::string& query = "") {
        return walk(alpha + "/events" + query, "events", "before");
    }

    void audit(const IdScope& chain, const std::string& resource) {
        world.audit
            .append(chain, {.at = world.clock.wall(),
                            .by = {"token:ci"},
                            .action = "enrollment.create",
                            .resource = resource,
                            .before = {},
                            .after = JsonObject{{"registrationId", resource}}})
            .value();
    }

    const IdScope scope{std::string(TenantsWorld::alpha_scope)};
};

TEST_F(AdminTrails, RefusesFiltersThatAreNone) {
    for (const auto* query : {"?from=yesterday", "?until=2030-01-01", "?refusals=perhaps",
                              "?from=2030-01-01T00:00:00Z&until=x"}) {
        expect_refused(run("GET", alpha + "/events" + query), 400, 400000);
    }
    EXPECT_EQ(run("GET", alpha + "/events").body, R"({"events":[]})");
}

/// D2: what a device was told nothing about is found by whatever is known of it.
TEST_F(AdminTrails, FindsARefusalAtOnce) {
    world.enroll("alpha", "dev-1");
    world.enroll("beta", "dev-1");
    const auto refused = register_device("dev-1", wrong_token("dev-1"));
    ASSERT_EQ(refused.status, 401U) << refused.body;
    const auto tracking = text(refused.member("trackingId"));
    const auto from = format_time(world.clock.wall());
    const auto found =
        events("?refusals=true&registrationId=DEV-1&trackingId=" + tracking + "&from=" + from);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].at("kind"), Json("refused"));
    EXPECT_EQ(found[0].at("registrationId"), Json("dev-1"));
    EXPECT_EQ(found[0].at("trackingId"), Json(tracking));
    EXPECT_NE(to_text(found[0].at("detail")).find("key_mismatch"), std::string::npos)
        << to_text(found[0]);
    EXPECT_EQ(to_text(found[0]).find("SharedAccessSignature"), std::string::npos);

    EXPECT_TRUE(events("?until=" + from).empty());
    EXPECT_TRUE(events("?trackingId=other").empty());
    EXPECT_TRUE(events("?group=g").empty());
    EXPECT_EQ(run("GET", "/muster/instances/beta/events").body, R"({"events":[]})");
}

TEST_F(AdminTrails, ListsEventsNewestFirst) {
    for (int i = 0; i < 5; ++i) {
        register_device("dev-" + std::to_string(i), wrong_token("dev"));
    }
    std::vector<std::string> ids;
    std::size_t pages = 0;
    for (const auto& event : walk(alpha + "/events?count=2", "events", "before", &pages)) {
        ids.push_back(text(event.at("registrationId")));
    }
    EXPECT_EQ(ids, (std::vector<std::string>{"dev-4", "dev-3", "dev-2", "dev-1", "dev-0"}));
    EXPECT_EQ(pages, 3U);
}

TEST_F(AdminTrails, ShowsAChainThatVerifies) {
    for (int i = 0; i < 250; ++i) {
        audit(scope, "enrollment/dev-" + std::to_string(i));
    }
    audit(IdScope(std::string(TenantsWorld::beta_scope)), "enrollment/theirs");
    provisioning::AuditVerifier verifier;
    for (const auto& item : walk(alpha + "/audit?count=120", "entries")) {
        const auto checked = verifier.check({.sequence = item.at("sequence").as_int64(),
                                             .text = text(item.at("text")),
                                             .hash = text(item.at("hash"))});
        ASSERT_TRUE(checked) << checked.error().detail;
    }
    EXPECT_EQ(verifier.sequence(), 250);
    EXPECT_EQ(run("GET", alpha + "/audit?after=250").body, R"({"entries":[]})");
    EXPECT_EQ(run("GET", alpha + "/audit?after=249").json().at("entries").as_array().size(), 1U);
    EXPECT_EQ(run("GET", alpha + "/audit").body.find("theirs"), std::string::npos);
}

TEST_F(AdminTrails, ShowsTheServersChainToItsOwnersOnly) {
    audit(IdScope(), "token/0123456789abcdef");
    EXPECT_EQ(run("GET", "/muster/audit").json().at("entries").as_array().size(), 1U);
    for (const auto& reach : {AdminReach{.tenant = "tenant-a", .instance = {}},
                              AdminReach{.tenant = "tenant-a", .instance = "alpha"}}) {
        expect_refused(run(ask("GET", "/muster/audit"), world.bearer(AdminRole::owner, reach)), 404,
                       404000);
    }
}

} // namespace
} // namespace muster::gateway
