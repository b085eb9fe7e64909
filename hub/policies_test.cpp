#include "crypto/sas.h"
#include "hub/fixture.h"
#include "hub/policies.h"

namespace muster::hub {

namespace {

const HubName hub("hub1.example.org");
const Secret owner_key(std::string(32, 'o'));
const Secret reader_key(std::string(32, 'r'));

std::vector<AccessPolicy> policies() {
    return {{.name = "owner",
             .primary_key = Secret(std::string(32, 'x')),
             .secondary_key = owner_key,
             .rights = {Right::registry_write, Right::service_connect}},
            {.name = "reader",
             .primary_key = reader_key,
             .secondary_key = Secret(),
             .rights = {Right::registry_read}}};
}

std::string token(std::string_view resource, const Secret& key, std::string_view policy,
                  WallTime expiry = noon() + std::chrono::hours(1)) {
    return crypto::make_sas(resource, key, expiry, policy);
}

Result<void> check(std::string_view authorization, Right right) {
    return authorize(hub, policies(), authorization, right, noon());
}

} // namespace

TEST(Policies, WriteContainsRead) {
    AccessPolicy policy;
    policy.rights = {Right::registry_write};
    EXPECT_TRUE(policy.allows(Right::registry_read));
    EXPECT_TRUE(policy.allows(Right::registry_write));
    EXPECT_FALSE(policy.allows(Right::service_connect));
    policy.rights = {Right::registry_read};
    EXPECT_FALSE(policy.allows(Right::registry_write));
}

TEST(Authorize, TakesEitherKeyOfThePolicy) {
    EXPECT_TRUE(check(token("hub1.example.org", owner_key, "owner"), Right::registry_read));
    EXPECT_TRUE(check(token("hub1.example.org", Secret(std::string(32, 'x')), "owner"),
                      Right::service_connect));
    EXPECT_TRUE(check(token("HUB1.Example.org", reader_key, "reader"), Right::registry_read));
}

TEST(Authorize, TellsALackingRightFromALackingProof) {
    const std::string reader = token("hub1.example.org", reader_key, "reader");
    EXPECT_EQ(code_of(check(reader, Right::registry_write)), Code::forbidden);
    EXPECT_EQ(code_of(authorize_any(hub, policies(), reader,
                                    {Right::service_connect, Right::device_connect}, noon())),
              Code::forbidden);
    EXPECT_TRUE(authorize_any(hub, policies(), reader,
                              {Right::service_connect, Right::registry_read}, noon()));
}

TEST(Authorize, RefusesEveryOtherToken) {
    const std::string good = token("hub1.example.org", reader_key, "reader");
    const std::string cases[] = {
        "",
        "Bearer abc",
        "SharedAccessSignature",
        token("hub2.example.org", reader_key, "reader"),
        token("hub1.example.org/devices/d", reader_key, "reader"), // less than the hub
        token("hub1", reader_key, "reader"),
        token("hub1.example.org", reader_key, "owner"), // skn of another policy
        token("hub1.example.org", reader_key, "nobody"),
        token("hub1.example.org", reader_key, ""),
        token("hub1.example.org", reader_key, "READER"),
        token("hub1.example.org", Secret(), "reader"), // its secondary key is not set
        token("hub1.example.org", reader_key, "reader", noon() - std::chrono::seconds(301)),
        good + "&se=1999999999",
        good.substr(0, good.size() - 3) + "&skn=reader",
    };
    for (const std::string& text : cases) {
        EXPECT_EQ(code_of(check(text, Right::registry_read)), Code::unauthenticated) << text;
    }
}

// IOTHUB-5
TEST(Authorize, AllowsFiveMinutesOfSkew) {
    EXPECT_TRUE(
        check(token("hub1.example.org", reader_key, "reader", noon() - std::chrono::seconds(300)),
              Right::registry_read));
}

TEST(Authorize, KeepsTheReasonFromTheCaller) {
    const auto refused =
        check(token("hub2.example.org", reader_key, "reader"), Right::registry_read);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().detail, "the authorization is not valid");
    EXPECT_NE(refused.error().cause, "");
}

} // namespace muster::hub
