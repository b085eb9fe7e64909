#include "gateway/administration/administration_client.h"

namespace muster::gateway {
namespace {

using AdminTokensHttps = AdministrationTest;

TEST_F(AdminTokensHttps, RefusesWhatIsNoToken) {
    for (const auto* body :
         {R"({})", R"({"name":"ci"})", R"({"role":"reader"})", R"({"name":"ci","role":"king"})",
          R"({"name":7,"role":"reader"})", R"({"name":"","role":"reader"})",
          R"({"name":"ci","role":"reader","expiresDateTimeUtc":"tomorrow"})",
          R"({"name":"ci","role":"reader","expiresDateTimeUtc":"2001-01-01T00:00:00Z"})",
          R"({"name":"ci","role":"reader","tenant":"a/b"})"}) {
        expect_refused(run("POST", "/muster/tokens", body), 400, 400000);
    }
    EXPECT_EQ(world.tokens.all().size(), 1U); // the caller's
}

TEST_F(AdminTokensHttps, ShowsATokenOnceAndItWorksUntilItIsRevoked) {
    const auto issued =
        run("POST", "/muster/tokens",
            R"({"name":"ci","role":"contributor","expiresDateTimeUtc":"2099-01-01T00:00:00Z"})");
    ASSERT_EQ(issued.status, 201U) << issued.body;
    const auto token = text(issued.member("token"));
    const auto id = text(issued.member("id"));
    EXPECT_EQ(token.substr(0, 21), "mst_" + id + "_");
    EXPECT_EQ(issued.member("role"), Json("contributor"));
    EXPECT_EQ(text(issued.member("expiresDateTimeUtc")), "2099-01-01T00:00:00.0000000Z");
    EXPECT_EQ(issued.body.find("tenant"), std::string::npos);

    EXPECT_EQ(run(ask("GET", alpha), "Bearer " + token).status, 200U);
    const auto listed = run("GET", "/muster/tokens");
    EXPECT_NE(listed.body.find(id), std::string::npos);
    EXPECT_EQ(listed.body.find(token.substr(21)), std::string::npos);
    EXPECT_EQ(listed.body.find("ash"), std::string::npos); // no secret_hash under any name

    EXPECT_EQ(run("DELETE", "/muster/tokens/" + id).status, 204U);
    expect_refused(run(ask("GET", alpha), "Bearer " + token), 401, 401000);
    expect_refused(run("DELETE", "/muster/tokens/" + id), 404, 404000);
}

TEST_F(AdminTokensHttps, GivesNobodyMoreThanHeHas) {
    const auto token = world.bearer(AdminRole::owner, {.tenant = "tenant-a", .instance = {}});
    const auto issue = [&](const std::string& body) {
        return run(ask("POST", "/muster/tokens", body), token);
    };
    expect_refused(issue(R"({"name":"a","role":"reader","tenant":"tenant-b"})"), 403, 403000);
    expect_refused(issue(R"({"name":"a","role":"reader","instance":"beta"})"), 404, 404000);
    expect_refused(issue(R"({"name":"a","role":"reader","instance":"nowhere"})"), 404, 404000);
    expect_refused(issue(R"({"name":"a","role":"reader","tenant":"tenant-b","instance":"alpha"})"),
                   404, 404000);

    const auto wide = issue(R"({"name":"a","role":"owner"})"); // as wide as the caller's own
    EXPECT_EQ(wide.status, 201U);
    EXPECT_EQ(wide.member("tenant"), Json("tenant-a"));
    const auto narrow = issue(R"({"name":"b","role":"reader","instance":"ALPHA"})");
    EXPECT_EQ(narrow.status, 201U);
    EXPECT_EQ(narrow.member("tenant"), Json("tenant-a"));
    EXPECT_EQ(narrow.member("instance"), Json("alpha"));
    const auto reader = "Bearer " + text(narrow.member("token"));
    EXPECT_EQ(run(ask("GET", alpha), reader).status, 200U);
    expect_refused(run(ask("GET", "/muster/instances/beta"), reader), 404, 404000);
}

TEST_F(AdminTokensHttps, HidesTokensBeyondReach) {
    const auto theirs =
        run("POST", "/muster/tokens", R"({"name":"b","role":"reader","tenant":"tenant-b"})");
    const auto id = text(theirs.member("id"));
    const auto token = world.bearer(AdminRole::owner, {.tenant = "tenant-a", .instance = {}});
    const auto listed = run(ask("GET", "/muster/tokens"), token);
    EXPECT_EQ(listed.json().at("tokens").as_array().size(), 1U) << listed.body; // its own
    expect_refused(run(ask("DELETE", "/muster/tokens/" + id), token), 404, 404000);
    EXPECT_EQ(
        run(ask("GET", "/muster/instances/beta"), "Bearer " + text(theirs.member("token"))).status,
        200U);
}

TEST_F(AdminTokensHttps, ListsInPages) {
    for (int i = 0; i < 7; ++i) {
        run("POST", "/muster/tokens",
            R"({"name":"n)" + std::to_string(i) + R"(","role":"reader"})");
    }
    std::size_t pages = 0;
    EXPECT_EQ(walk("/muster/tokens?count=3", "tokens", "after", &pages).size(), 8U);
    EXPECT_EQ(pages, 3U);
}

} // namespace
} // namespace muster::gateway
