#include "base/encoding.h"
#include "crypto/sas.h"
#include "provisioning/access.h"

#include <gtest/gtest.h>

#include <optional>

namespace muster::provisioning {
namespace {

const Secret primary{"0123456789abcdef0123456789abcdef"};
const Secret secondary{"fedcba9876543210fedcba9876543210"};
constexpr long long expiry = 1893456000; // of the reference's test vectors

Instance make_instance() {
    Instance instance;
    instance.scope = IdScope("0ne00TEST01");
    instance.host_names = {"mydps.example.net", "127.0.0.1"};
    const SymmetricKeys keys{.primary = primary, .secondary = secondary};
    instance.policies = {
        {.name = "provisioningserviceowner",
         .keys = keys,
         .rights = {Right::service_config, Right::device_connect, Right::enrollment_write}},
        {.name = "reader", .keys = keys, .rights = {Right::enrollment_read}},
        {.name = "keyless", .keys = {}, .rights = {Right::enrollment_write}},
    };
    return instance;
}

Result<Principal> authorize(std::string_view token, Right right = Right::enrollment_write,
                            std::string_view path = "/enrollments/dev-1",
                            long long now = expiry - 3600) {
    static const auto instance = make_instance();
    return provisioning::authorize(instance, {.authorization = token, .path = path, .right = right},
                                   from_unix_seconds(now));
}

std::string token(std::string_view resource, const Secret& key = primary,
                  std::string_view policy = "provisioningserviceowner") {
    return crypto::make_sas(resource, key, from_unix_seconds(expiry), policy);
}

TEST(Access, NamesThePolicy) {
    EXPECT_EQ(authorize(token("mydps.example.net"))->name, "policy:provisioningserviceowner");
    EXPECT_EQ(
        authorize(token("mydps.example.net", primary, "READER"), Right::enrollment_read)->name,
        "policy:reader");
}

TEST(Access, TakesNoSharedKeyWhereTheyAreSwitchedOff) {
    Instance instance = make_instance();
    instance.shared_key_access = false;
    const auto refused = provisioning::authorize(instance,
                                                 {.authorization = token("mydps.example.net"),
                                                  .path = "/enrollments/dev-1",
                                                  .right = Right::enrollment_read},
                                                 from_unix_seconds(expiry - 3600));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unauthenticated);
    EXPECT_EQ(refused.error().detail, "unauthorized");
    // Administrators' tokens are another matter.
    const Administrator owner{.principal = {"token:o"}, .role = AdminRole::owner, .reach = {}};
    EXPECT_TRUE(provisioning::authorize(instance, owner, Right::enrollment_write));
}

TEST(Access, LetsAdministratorsInByRoleAndReach) {
    Instance instance = make_instance();
    instance.name = "dps-1";
    instance.tenant = "acme";
    const auto code = [&](AdminRole role, AdminReach reach, Right right) -> std::optional<Code> {
        const Administrator who{.principal = {"token:ci"}, .role = role, .reach = std::move(reach)};
        const auto outcome = provisioning::authorize(instance, who, right);
        if (outcome) {
            EXPECT_EQ(outcome->name, "token:ci");
            return std::nullopt;
        }
        return outcome.error().code;
    };
    using enum AdminRole;
    for (const Right write : {Right::enrollment_write, Right::registration_write,
                              Right::service_config, Right::device_connect}) {
        EXPECT_EQ(code(reader, {}, write), Code::forbidden);
        EXPECT_EQ(code(contributor, {}, write), std::nullopt);
        EXPECT_EQ(code(owner, {.tenant = "other", .instance = {}}, write), Code::unauthenticated);
    }
    for (const Right read : {Right::enrollment_read, Right::registration_read}) {
        EXPECT_EQ(code(reader, {.tenant = "ACME", .instance = {}}, read), std::nullopt);
        EXPECT_EQ(code(reader, {.tenant = "acme", .instance = "DPS-1"}, read), std::nullopt);
        EXPECT_EQ(code(reader, {.tenant = "acme", .instance = "dps-2"}, read),
                  Code::unauthenticated);
        EXPECT_EQ(code(reader, {.tenant = "acm", .instance = {}}, read), Code::unauthenticated);
    }
}

TEST(Access, AcceptsTheRecordedTokens) {
    // DPS-SERVICE-9, DPS-SERVICE-10: raw, encoded, port-bearing and URL audiences; both hex cases
    for (const auto* good : {
             "SharedAccessSignature sr=mydps.example.net&sig="
             "xQ7fhAwsSikUfcFMV%2BN3eLSAIb10NKLdeN3tbgVaKII%3D&skn=provisioningserviceowner"
             "&se=1893456000",
             "SharedAccessSignature sr=mydps.example.net&sig="
             "xQ7fhAwsSikUfcFMV%2bN3eLSAIb10NKLdeN3tbgVaKII%3d&se=1893456000"
             "&skn=provisioningserviceowner",
             "sharedaccesssignature sr=mydps.example.net%3A8443&sig="
             "Re1HcIaKUQL4kaJ60Jb56TRZ7SYPsfsxCJlSk/GOdaw%3D&se=1893456000"
             "&skn=provisioningserviceowner",
             "SharedAccessSignature sr=mydps.example.net%3a8443&sig="
             "KHbWartrBZNwCOoGYkUjJH6bUzoS%2BJQLVWWdaeF9TDA%3D&se=1893456000"
             "&skn=provisioningserviceowner",
             "SharedAccessSignature sr=https%3A%2F%2Fmydps.example.net&sig="
             "9R2yOsLsnOeqp78VP3p3wUIg9ml0%2B7w1PT60C3FWtdg%3D&se=1893456000"
             "&skn=provisioningserviceowner",
         }) {
        EXPECT_TRUE(authorize(good)) << good;
    }
}

TEST(Access, AcceptsBothKeysAndEveryHostName) {
    // DPS-SERVICE-9
    EXPECT_TRUE(authorize(token("mydps.example.net", secondary)));
    EXPECT_TRUE(authorize(token("127.0.0.1")));
}

TEST(Access, CoversByPathSegment) {
    EXPECT_TRUE(authorize(token("mydps.example.net/enrollments")));
    EXPECT_TRUE(authorize(token("mydps.example.net/enrollments/dev-1")));
    EXPECT_FALSE(authorize(token("mydps.example.net/enrollments/dev-2")));
    EXPECT_FALSE(authorize(token("mydps.example.net/enroll")));
}

TEST(Access, RefusesUnprovenCallersAlike) {
    // DPS-SERVICE-11, and no hint at what was wrong
    const std::string good = token("mydps.example.net");
    const std::string cases[] = {
        "",
        "Bearer eyJ",
        "SharedAccessSignature",
        token("mydps.example.net", Secret("not the key of the policy")),
        token("mydps.example.net", primary, "stranger"),
        token("mydps.example.net", primary, ""),
        token("mydps.example.net", Secret(), "keyless"),
        token("elsewhere.example.net"),
        token("example.net"),
        good + "&sr=mydps.example.net",
    };
    for (const auto& bad : cases) {
        const auto outcome = authorize(bad);
        ASSERT_FALSE(outcome) << bad;
        EXPECT_EQ(outcome.error().code, Code::unauthenticated) << bad;
        EXPECT_EQ(outcome.error().detail, "unauthorized");
        EXPECT_FALSE(outcome.error().cause.empty());
    }
}

TEST(Access, ExpiresWithFiveMinutesOfTolerance) {
    const auto good = token("mydps.example.net");
    const auto at = [&](long long now) {
        return authorize(good, Right::enrollment_write, "/enrollments", now).has_value();
    };
    EXPECT_TRUE(at(expiry + 299));
    EXPECT_FALSE(at(expiry + 301));
}

TEST(Access, AsksForTheRight) {
    // dps-service 1.6: rights nest
    const auto owner = token("mydps.example.net");
    for (const auto right : {Right::enrollment_read, Right::enrollment_write,
                             Right::registration_read, Right::registration_write}) {
        EXPECT_TRUE(authorize(owner, right));
    }
    const auto reader = token("mydps.example.net", primary, "reader");
    EXPECT_TRUE(authorize(reader, Right::enrollment_read));
    const auto refused = authorize(reader, Right::enrollment_write);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::forbidden);
}

} // namespace
} // namespace muster::provisioning
