#include "app/hubs/world.h"
#include "crypto/sas.h"

#include <gtest/gtest.h>

namespace muster::app {

namespace {

constexpr std::string_view far = "hub2.example.org";
constexpr std::string_view not_found_body =
    R"({"Message":"ErrorCode:DeviceNotFound;E_NOT_FOUND_DEVICE","ExceptionMessage":""})";

class HubsOfAnInstance : public testing::Test {
  protected:
    HubsOfAnInstance() { local_.add(world_.hub); }

    void link(std::vector<provisioning::LinkedHub> hubs) {
        instance_.set(instance_with(std::move(hubs)));
    }

    /// Nothing is at either hub; did the question leave this process?
    bool asks_far(std::string_view hub) {
        const auto before = script_.asked.size();
        script_.then(404, std::string(not_found_body));
        const auto found = hubs_.find_device(HubName(hub), DeviceId("nobody"));
        EXPECT_TRUE(found.has_value()) << found.error().detail;
        return script_.asked.size() != before;
    }

    bool knows(std::string_view hub) {
        script_.then(404, std::string(not_found_body));
        const auto found = hubs_.find_device(HubName(hub), DeviceId("nobody"));
        EXPECT_TRUE(found || found.error().detail == provisioning::hub_unknown);
        return found.has_value();
    }

    [[nodiscard]] crypto::SasToken token(std::size_t request) const {
        return crypto::parse_sas(script_.header(request, "Authorization")).value();
    }

    gateway::HubWorld world_;
    LocalHubs local_;
    Script script_;
    HubReach reach_{.local = local_, .send = script_.sender(), .clock = world_.clock};
    provisioning::CurrentInstance instance_{instance_with({})};
    InstanceHubs hubs_{instance_, reach_};
};

} // namespace

TEST_F(HubsOfAnInstance, AsksHubsOfThisProcessItself) {
    link({linked(gateway::HubWorld::host, {}), linked(far, connection_to(far))});
    EXPECT_FALSE(asks_far("hub1.example.org"));
    EXPECT_FALSE(asks_far("HUB1.Example.ORG"));
    EXPECT_TRUE(asks_far(far));
    EXPECT_TRUE(asks_far("HUB2.Example.ORG"));
}

TEST_F(HubsOfAnInstance, KnowsOnlyWhatIsOrWasLinked) {
    EXPECT_FALSE(knows(far));
    link({linked(far, connection_to(far))});
    EXPECT_TRUE(knows(far));

    auto unlinked = instance_with({});
    unlinked.former_hubs = {{.name = HubName(far), .connection_string = connection_to(far)}};
    instance_.set(unlinked);
    EXPECT_TRUE(knows(far)) << "devices can still be moved away";

    link({});
    EXPECT_FALSE(knows(far));
    link({linked(far, {})});
    EXPECT_FALSE(knows(far)) << "without a key";
    link({linked(far, Secret(std::string("no connection string")))});
    EXPECT_FALSE(knows(far));
    link({linked(far, connection_to("hub3.example.org"))});
    EXPECT_FALSE(knows(far)) << "another hub's key is not for this one";
}

TEST_F(HubsOfAnInstance, UsesTheConnectionStringAsItIsNow) {
    const Secret key(std::string(32, '1'));
    const Secret rolled(std::string(32, '2'));
    link({linked(far, connection_to(far, "owner", key))});
    ASSERT_TRUE(knows(far));
    ASSERT_TRUE(knows(far));
    EXPECT_EQ(script_.header(0, "Authorization"), script_.header(1, "Authorization"));
    EXPECT_TRUE(crypto::signed_by(token(1), key));

    link({linked(far, connection_to(far, "dps", rolled))});
    ASSERT_TRUE(knows(far));
    EXPECT_EQ(token(2).policy(), "dps");
    EXPECT_TRUE(crypto::signed_by(token(2), rolled));
}

TEST_F(HubsOfAnInstance, CallsThePortButNamesTheHubWithoutIt) {
    link({linked(far, connection_to("Hub2.example.org:8443"))});
    ASSERT_TRUE(knows(far));
    EXPECT_TRUE(script_.asked[0].url.starts_with("https://Hub2.example.org:8443/devices/nobody?"));
    EXPECT_EQ(token(0).resource(), far);
}

TEST_F(HubsOfAnInstance, SignsOnceAnHour) {
    link({linked(far, connection_to(far))});
    ASSERT_TRUE(knows(far));
    world_.clock.advance(std::chrono::minutes(49));
    ASSERT_TRUE(knows(far));
    EXPECT_EQ(script_.header(1, "Authorization"), script_.header(0, "Authorization"));
    world_.clock.advance(std::chrono::minutes(2));
    ASSERT_TRUE(knows(far));
    EXPECT_NE(script_.header(2, "Authorization"), script_.header(0, "Authorization"));
    EXPECT_EQ(token(2).expiry_unix_seconds,
              unix_seconds(world_.clock.wall() + std::chrono::hours(1)));
    world_.clock.advance(-std::chrono::hours(2)); // the clock was wrong, and is set right
    ASSERT_TRUE(knows(far));
    EXPECT_EQ(token(3).expiry_unix_seconds,
              unix_seconds(world_.clock.wall() + std::chrono::hours(1)));
}

TEST_F(HubsOfAnInstance, LinksNothingThatIsNoHostName) {
    for (const auto* host : {"",
                             ":443",
                             "hub.example:",
                             "hub.example:0",
                             "hub.example:65536",
                             "hub.example:x",
                             "hub.example/path",
                             "user@hub.example",
                             "user:word@hub.example",
                             "hub.example?x",
                             "hub.example#x",
                             "hub example",
                             "[::1",
                             "::1",
                             "[]",
                             "[::1]x",
                             "hub.example:1:2",
                             "-hub.example",
                             "hub.ex\xC3\xA4mple",
                             "hub.example\\x",
                             "hub.example\r\nX: y"}) {
        const auto linked = hubs_.check_link(connection_to(host));
        ASSERT_FALSE(linked.has_value()) << host;
        EXPECT_EQ(linked.error().code, Code::malformed) << host;
    }
    EXPECT_TRUE(script_.asked.empty());
}

TEST_F(HubsOfAnInstance, LinksAddressesAndPorts) {
    for (const auto* host :
         {"hub.example", "hub.example:1", "10.0.0.1:65535", "[::1]:8443", "[fd00::1]", "hub_2"}) {
        script_.then(404, std::string(not_found_body)).then(404, std::string(not_found_body));
        const auto linked = hubs_.check_link(connection_to(host));
        ASSERT_TRUE(linked.has_value()) << host << linked.error().detail;
    }
}

TEST_F(HubsOfAnInstance, SaysWhyAHubCannotBeLinked) {
    struct Case {
        Result<net::HttpReply> answer;
        Code code;
        std::string_view words;
    };

    const auto reply = [](unsigned status, std::string name) {
        return net::HttpReply{
            .status = status, .headers = {{"iothub-errorcode", std::move(name)}}, .body = {}};
    };
    const Case cases[] = {
        {fail(Code::unavailable, "cannot connect to hub2.example.org"), Code::not_found,
         "cannot be reached from here: cannot connect"},
        {fail(Code::deadline_exceeded, "did not answer in time"), Code::not_found, "in time"},
        {fail(Code::forbidden, "may not be called"), Code::not_found, "may not be called"},
        {reply(401, "IotHubUnauthorized"), Code::unauthenticated, "the key is not"},
        {reply(401, "IotHubUnauthorizedAccess"), Code::malformed, "RegistryWrite"},
        {reply(404, ""), Code::not_found, "not known"},
        {reply(301, ""), Code::not_found, "cannot be reached"},
        {reply(200, ""), Code::not_found, "deletes what is not there"},
        {reply(429, "ThrottlingException"), Code::rate_limited, "fewer"},
    };
    for (const Case& one : cases) {
        one.answer ? script_.then(one.answer->status, "", one.answer->headers)
                   : script_.then(one.answer.error());
        const auto linked = hubs_.check_link(connection_to(far));
        ASSERT_FALSE(linked.has_value()) << one.words;
        EXPECT_EQ(linked.error().code, one.code) << one.words;
        EXPECT_TRUE(linked.error().detail.contains(one.words)) << linked.error().detail;
    }
}

TEST_F(HubsOfAnInstance, ChangesNothingByAsking) {
    script_.then(412, "", {{"iothub-errorcode", "PreconditionFailed"}}).then(200, "{}");
    ASSERT_TRUE(hubs_.check_link(connection_to(far)).has_value());
    EXPECT_EQ(script_.calls(), (std::vector<std::string>{"DELETE /devices/muster-link-check",
                                                         "GET /twins/muster-link-check"}));
    EXPECT_EQ(script_.header(0, "If-Match"), "\"muster-changes-nothing\"");
}

} // namespace muster::app
