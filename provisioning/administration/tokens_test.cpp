#include "base/text.h"
#include "crypto/keys.h"
#include "provisioning/administration/tokens.h"
#include "provisioning/fake_instances.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace muster::provisioning {
namespace {

using namespace std::chrono_literals;
using enum AdminRole;

const WallTime start = from_unix_seconds(1'893'456'000);

Administrator administrator(AdminRole role, AdminReach reach = {}) {
    return {.principal = {"token:boss"}, .role = role, .reach = std::move(reach)};
}

struct AdminTokensTest : testing::Test {
    AdminTokens::Issued issue(std::string name, AdminRole role = reader, AdminReach reach = {},
                              std::optional<WallTime> expires = {}) {
        auto issued = tokens.issue(
            {.name = std::move(name), .role = role, .reach = std::move(reach), .expires = expires},
            administrator(owner));
        EXPECT_TRUE(issued) << issued.error().detail;
        return *std::move(issued);
    }

    Code refusal(AdminTokens::Wanted wanted, const Administrator& by) {
        const auto issued = tokens.issue(wanted, by);
        EXPECT_FALSE(issued) << wanted.name;
        EXPECT_TRUE(store.audit().empty());
        return issued ? Code::internal : issued.error().code;
    }

    Result<Administrator> present(const Secret& text) {
        return tokens.authenticate("Bearer " + std::string(text.reveal()));
    }

    FakeTokenStore store;
    ManualClock clock{start};
    SeededRandom random{11};
    AdminTokens tokens{store, clock, random};
};

TEST_F(AdminTokensTest, RefusesBadWishes) {
    const auto boss = administrator(owner);
    EXPECT_EQ(refusal({.name = "", .reach = {}, .expires = {}}, boss), Code::malformed);
    EXPECT_EQ(refusal({.name = std::string(129, 'a'), .reach = {}, .expires = {}}, boss),
              Code::malformed);
    EXPECT_EQ(refusal({.name = "a\nb", .reach = {}, .expires = {}}, boss), Code::malformed);
    EXPECT_EQ(
        refusal({.name = "a", .reach = {.tenant = "a/b", .instance = {}}, .expires = {}}, boss),
        Code::malformed);
    EXPECT_EQ(
        refusal({.name = "a", .reach = {.tenant = {}, .instance = "a.b"}, .expires = {}}, boss),
        Code::malformed);
    EXPECT_EQ(refusal({.name = "a", .reach = {}, .expires = start}, boss), Code::malformed);
}

TEST_F(AdminTokensTest, LetsNobodyGiveMoreThanTheyHave) {
    const AdminReach acme{.tenant = "acme", .instance = {}};
    const AdminReach acme_one{.tenant = "acme", .instance = "one"};
    const auto wish = [](AdminReach reach) {
        return AdminTokens::Wanted{
            .name = "x", .role = reader, .reach = std::move(reach), .expires = {}};
    };
    EXPECT_EQ(refusal(wish({}), administrator(contributor)), Code::forbidden);
    EXPECT_EQ(refusal(wish({}), administrator(reader)), Code::forbidden);
    EXPECT_EQ(refusal(wish({}), administrator(owner, acme)), Code::forbidden);
    EXPECT_EQ(refusal(wish({.tenant = "other", .instance = {}}), administrator(owner, acme)),
              Code::forbidden);
    EXPECT_EQ(refusal(wish({.tenant = {}, .instance = "one"}), administrator(owner, acme)),
              Code::forbidden);
    EXPECT_EQ(refusal(wish(acme), administrator(owner, acme_one)), Code::forbidden);
    EXPECT_TRUE(
        tokens.issue(wish({.tenant = "ACME", .instance = "one"}), administrator(owner, acme)));
}

TEST_F(AdminTokensTest, ShowsATokenOnceAndKeepsItsHash) {
    const auto issued = issue("ci", contributor, {.tenant = "acme", .instance = {}}, start + 1h);
    const std::string text(issued.text.reveal());
    EXPECT_EQ(text.size(), 4U + 16 + 1 + 43);
    EXPECT_TRUE(text.starts_with("mst_" + issued.token.id + '_'));
    EXPECT_EQ(issued.token.created, start);
    EXPECT_EQ(issued.token.created_by, "token:boss");

    const auto stored = store.all();
    ASSERT_EQ(stored->size(), 1U);
    EXPECT_EQ(stored->front().secret_hash.size(), 64U);
    EXPECT_EQ(stored->front().secret_hash.find(text.substr(21)), std::string::npos);
    ASSERT_EQ(store.audit().size(), 1U);
    const std::string noted = store.audit().front().text();
    EXPECT_NE(noted.find("token.issue"), std::string::npos);
    EXPECT_NE(noted.find("token:boss"), std::string::npos);
    EXPECT_EQ(noted.find(text.substr(21)), std::string::npos);
    EXPECT_EQ(noted.find(issued.token.secret_hash), std::string::npos);
}

TEST_F(AdminTokensTest, KnowsItsTokens) {
    const auto issued = issue("ci", contributor, {.tenant = "acme", .instance = "one"});
    const auto who = present(issued.text);
    ASSERT_TRUE(who);
    EXPECT_EQ(who->principal.name, "token:ci");
    EXPECT_EQ(who->role, contributor);
    EXPECT_EQ(who->reach.tenant, "acme");
    EXPECT_EQ(who->reach.instance, "one");
    EXPECT_TRUE(tokens.authenticate("bearer   " + std::string(issued.text.reveal()) + ' '));
}

TEST_F(AdminTokensTest, RefusesEverythingElseAlike) {
    const auto issued = issue("ci");
    const auto other = issue("other");
    const std::string text(issued.text.reveal());
    std::string forged = text;
    forged.back() = forged.back() == 'A' ? 'B' : 'A';
    // Another token's secret under this id.
    const std::string mixed = text.substr(0, 21) + std::string(other.text.reveal().substr(21));
    std::string upper = text; // the id as other text
    upper.replace(0, 4, "MST_");
    for (const std::string& bad :
         {std::string(), std::string("Bearer"), std::string("Bearer "), text, "Basic " + text,
          "Bearer " + forged, "Bearer " + mixed, "Bearer " + upper, "Bearer " + text + 'A',
          "Bearer " + text.substr(0, 63), "Bearer mst_" + std::string(16, '0') + text.substr(20),
          "Bearer " + issued.token.secret_hash, "Bearer " + std::string(1'000'000, 'm'),
          std::string("SharedAccessSignature sr=a&sig=b&se=1&skn=c")}) {
        const auto who = tokens.authenticate(bad);
        ASSERT_FALSE(who) << bad.substr(0, 100);
        EXPECT_EQ(who.error().code, Code::unauthenticated);
        EXPECT_EQ(who.error().detail, "unauthorized");
        EXPECT_FALSE(who.error().cause.empty());
    }
}

TEST_F(AdminTokensTest, EndsWithItsTime) {
    const auto issued = issue("ci", reader, {}, start + 1h);
    clock.advance(1h - 1us);
    EXPECT_TRUE(present(issued.text));
    clock.advance(1us);
    EXPECT_FALSE(present(issued.text));
    EXPECT_EQ(tokens.all().size(), 1U); // still to be seen, and its name is free again
    issue("ci");
}

TEST_F(AdminTokensTest, EndsWithItsRevocation) {
    const auto kept = issue("kept");
    const auto issued = issue("ci");
    EXPECT_EQ(tokens.revoke("0000000000000000", administrator(owner)).error().code,
              Code::not_found);
    EXPECT_EQ(tokens.revoke(issued.token.id, administrator(contributor)).error().code,
              Code::forbidden);
    EXPECT_EQ(tokens.revoke(issued.token.id, administrator(owner, {.tenant = "a", .instance = {}}))
                  .error()
                  .code,
              Code::not_found);
    EXPECT_TRUE(present(issued.text));

    ASSERT_TRUE(tokens.revoke(issued.token.id, administrator(owner)));
    EXPECT_FALSE(present(issued.text));
    EXPECT_TRUE(present(kept.text));
    EXPECT_EQ(store.audit().back().change.action, "token.revoke");
    EXPECT_EQ(tokens.revoke(issued.token.id, administrator(owner)).error().code, Code::not_found);
}

TEST_F(AdminTokensTest, ChangesNothingThatTheStoreRefuses) {
    const auto issued = issue("ci");
    store.fail_writes(2, Code::unavailable);
    EXPECT_EQ(tokens.revoke(issued.token.id, administrator(owner)).error().code, Code::unavailable);
    EXPECT_TRUE(present(issued.text));
    EXPECT_FALSE(tokens.issue({.name = "b", .reach = {}, .expires = {}}, administrator(owner)));
    EXPECT_EQ(tokens.all().size(), 1U);
}

TEST_F(AdminTokensTest, NamesAreClearInEachAuditTrail) {
    const auto wish = [](std::string name, AdminReach reach) {
        return AdminTokens::Wanted{
            .name = std::move(name), .role = reader, .reach = std::move(reach), .expires = {}};
    };
    const auto boss = administrator(owner);
    issue("ci", reader, {.tenant = "acme", .instance = {}});
    // Tenants that never meet may use the same name; one that reaches both may not.
    EXPECT_TRUE(tokens.issue(wish("ci", {.tenant = "other", .instance = {}}), boss));
    for (const auto& reach : {AdminReach{.tenant = "acme", .instance = {}},
                              AdminReach{.tenant = "Acme", .instance = "x-1"}, AdminReach{},
                              AdminReach{.tenant = {}, .instance = "x-1"}}) {
        const auto issued = tokens.issue(wish("CI", reach), boss);
        ASSERT_FALSE(issued);
        EXPECT_EQ(issued.error().code, Code::already_exists);
    }
}

TEST_F(AdminTokensTest, OutliveTheProcess) {
    const auto issued = issue("ci", owner);
    const auto revoked = issue("gone");
    ASSERT_TRUE(tokens.revoke(revoked.token.id, administrator(owner)));
    AdminTokens next(store, clock, random);
    ASSERT_TRUE(next.load());
    EXPECT_TRUE(next.authenticate("Bearer " + std::string(issued.text.reveal())));
    EXPECT_FALSE(next.authenticate("Bearer " + std::string(revoked.text.reveal())));
}

TEST_F(AdminTokensTest, AreBoundedForEachTenant) {
    const AdminReach acme{.tenant = "acme", .instance = {}};
    for (std::size_t i = 0; i < AdminTokens::tokens_max; ++i) {
        AdminToken token{.id = fmt::format("{:016x}", i),
                         .name = std::to_string(i),
                         .role = reader,
                         .reach = acme,
                         .secret_hash = {},
                         .created = start,
                         .expires = {},
                         .created_by = {}};
        ASSERT_TRUE(store.add(token, {}));
    }
    ASSERT_TRUE(tokens.load());
    const auto issued =
        tokens.issue({.name = "more", .reach = acme, .expires = {}}, administrator(owner, acme));
    ASSERT_FALSE(issued);
    EXPECT_EQ(issued.error().code, Code::quota_exceeded);
    issue("another tenant's", reader, {.tenant = "other", .instance = {}});
    issue("the server's");
}

TEST(AdminReach, CoversWhatItContains) {
    Instance instance;
    instance.name = "One";
    instance.tenant = "Acme";
    const AdminReach everything;
    const AdminReach tenant{.tenant = "acme", .instance = {}};
    const AdminReach one{.tenant = "acme", .instance = "one"};
    const AdminReach anywhere{.tenant = {}, .instance = "one"};
    for (const AdminReach& reach : {everything, tenant, one, anywhere}) {
        EXPECT_TRUE(reach.covers(instance));
        EXPECT_TRUE(reach.covers(reach));
        EXPECT_TRUE(everything.covers(reach));
    }
    EXPECT_TRUE(tenant.covers(one));
    EXPECT_FALSE(one.covers(tenant));
    EXPECT_FALSE(tenant.covers(anywhere));
    EXPECT_FALSE(tenant.covers(everything));
    EXPECT_TRUE(everything.covers_tenant("any"));
    EXPECT_TRUE(tenant.covers_tenant("ACME"));
    EXPECT_FALSE(tenant.covers_tenant("other"));
    EXPECT_FALSE(one.covers_tenant("acme")); // it may not make another
}

TEST(AdminRole, HasNames) {
    for (const AdminRole role : {reader, contributor, owner}) {
        EXPECT_EQ(parse_admin_role(to_string(role)), role);
    }
    EXPECT_EQ(parse_admin_role("OWNER"), owner);
    for (const auto* bad : {"", "admin", "owner "}) {
        EXPECT_EQ(parse_admin_role(bad).error().code, Code::malformed);
    }
}

} // namespace
} // namespace muster::provisioning
