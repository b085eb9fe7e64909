#include "app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::app {
namespace {

using ::testing::HasSubstr;

/// The line numbers of what is put below the hub begin with 4.
std::string file(const std::string& below_hub) {
    return "[[hub]]\nname = \"hub-1\"\nhost = \"hub-1.example.org\"\n" + below_hub +
           "\n[[instance]]\nid_scope = \"0ne00112233\"\nhosts = [\"dps.example.org\"]\n";
}

std::string mistake(const std::string& below_hub) {
    const auto config = parse_config(file(below_hub), "m.toml");
    return config ? "(no mistake)" : config.error().detail;
}

constexpr const char* whole = R"(  [[hub.endpoint]]
  name = "alarms"
  type = "webhook"
  url = "https://back.end/events?code=s3cr3t"
  signing_key_file = "/etc/muster/alarms.key"

  [[hub.endpoint]]
  name = "bus"
  type = "nats"
  servers = ["nats://n1:4222", "tls://n2:4222"]
  subject = "plant.{device}"
  stream = "PLANT"
  user = "muster"
  password_file = "/etc/muster/nats.password"
  ca_file = "/etc/muster/ca.pem"
  certificate_file = "/etc/muster/nats.pem"
  key_file = "/etc/muster/nats.key"

  [[hub.route]]
  name = "hot"
  source = "telemetry"
  condition = "level = \"high\" OR $body.t > 80\n\tOR x = 'a\\'b'"
  endpoint = "alarms"

  [[hub.route]]
  name = "all"
  endpoint = "bus"
  enabled = false

  [[hub.route]]
  name = "log"
  endpoint = "events"
)";

constexpr const char* hook = "[[hub.endpoint]]\nname = \"hook\"\ntype = \"webhook\"\n"
                             "url = \"https://a/\"\n";

TEST(ConfigRouting, IsRead) {
    const auto config = parse_config(file(whole), "m.toml");
    ASSERT_TRUE(config) << config.error().detail;
    const HubConfig& hub = config->hubs.front();
    ASSERT_EQ(hub.endpoints.size(), 2U);
    const auto& webhook = std::get<WebhookConfig>(hub.endpoints[0].target);
    EXPECT_EQ(webhook.url.reveal(), "https://back.end/events?code=s3cr3t");
    EXPECT_EQ(webhook.signing_key_file, "/etc/muster/alarms.key");
    const auto& nats = std::get<NatsConfig>(hub.endpoints[1].target);
    EXPECT_EQ(nats.servers.size(), 2U);
    EXPECT_EQ(nats.subject, "plant.{device}");
    EXPECT_EQ(nats.user, "muster");
    ASSERT_EQ(hub.routes.size(), 3U);
    EXPECT_EQ(hub.routes[0].route.source, hub::EventSource::telemetry);
    EXPECT_EQ(hub.routes[0].route.condition, "level = \"high\" OR $body.t > 80\n\tOR x = 'a\\'b'");
    EXPECT_TRUE(hub.routes[0].route.enabled);
    EXPECT_EQ(hub.routes[1].route.source, std::nullopt);
    EXPECT_FALSE(hub.routes[1].route.enabled);
}

TEST(ConfigRouting, IsWrittenAsItIsRead) {
    const auto config = parse_config(file(whole), "m.toml");
    ASSERT_TRUE(config);
    const std::string written = format_config(*config);
    const auto again = parse_config(written, "again.toml");
    ASSERT_TRUE(again) << again.error().detail << '\n' << written;
    EXPECT_EQ(format_config(*again), written);
    EXPECT_EQ(again->hubs[0].routes[0].route.condition, config->hubs[0].routes[0].route.condition);
    EXPECT_EQ(std::get<NatsConfig>(again->hubs[0].endpoints[1].target).key_file,
              "/etc/muster/nats.key");
}

TEST(ConfigRouting, NamesAreCheckedAndUnique) {
    EXPECT_EQ(mistake(hook), "(no mistake)");
    EXPECT_THAT(mistake("[[hub.endpoint]]\ntype = \"webhook\"\nurl = \"https://a/\"\n"),
                HasSubstr("hub.endpoint.name: is missing"));
    EXPECT_THAT(mistake("[[hub.endpoint]]\nname = \"a b\"\ntype = \"webhook\"\n"
                        "url = \"https://a/\"\n"),
                HasSubstr("m.toml:5: hub.endpoint.name: must be at most 64 letters"));
    EXPECT_THAT(mistake("[[hub.endpoint]]\nname = \"events\"\ntype = \"webhook\"\n"
                        "url = \"https://a/\"\n"),
                HasSubstr("which is there already"));
    EXPECT_THAT(mistake(std::string(hook) + hook), HasSubstr("m.toml:8: two endpoints are named"));
    const std::string route = "[[hub.route]]\nname = \"r\"\nendpoint = \"hook\"\n";
    EXPECT_THAT(mistake(hook + route + route), HasSubstr("m.toml:11: two routes are named 'r'"));
    EXPECT_THAT(mistake(route),
                HasSubstr("m.toml:4: route 'r' leads to 'hook', which is no endpoint of this hub"));
}

TEST(ConfigRouting, ConditionsAreReadAtTheStart) {
    const std::string route = "[[hub.route]]\nname = \"r\"\nendpoint = \"events\"\n";
    EXPECT_EQ(mistake(route + "condition = \"x = 'a'\"\n"), "(no mistake)");
    EXPECT_THAT(mistake(route + "condition = \"x == 'a'\"\n"),
                HasSubstr("m.toml:7: hub.route.condition: line 1, column 4"));
    EXPECT_THAT(mistake(route + "source = \"DeviceMessages\"\n"),
                HasSubstr("m.toml:7: hub.route.source: must be all, telemetry"));
    EXPECT_EQ(mistake("events = \"lifecycle\"\n" + route + "source = \"lifecycle\"\n"),
              "(no mistake)");
    EXPECT_THAT(mistake(route + "source = \"lifecycle\"\n"),
                HasSubstr("m.toml:4: route 'r' is for lifecycle, and hub.events does not have"));
    EXPECT_THAT(mistake(route + "where = \"\"\n"), HasSubstr("hub.route.where: no such setting"));
}

TEST(ConfigRouting, WebhooksAreAtUrls) {
    for (const auto* url : {"", "back.end", "ftp://back.end/", "https://", "//back.end/",
                            "https://user:s3cr3t@back.end/"}) {
        const std::string said =
            mistake(std::string("[[hub.endpoint]]\nname = \"a\"\ntype = \"webhook\"\nurl = \"") +
                    url + "\"\n");
        EXPECT_THAT(said, HasSubstr("m.toml:7: hub.endpoint.url:")) << url;
        EXPECT_THAT(said, ::testing::Not(HasSubstr("s3cr3t")));
    }
    EXPECT_THAT(mistake("[[hub.endpoint]]\nname = \"a\"\ntype = \"kafka\"\n"),
                HasSubstr("hub.endpoint.type: must be webhook or nats"));
}

TEST(ConfigRouting, NatsIsChecked) {
    const std::string nats = "[[hub.endpoint]]\nname = \"a\"\ntype = \"nats\"\n";
    const std::string good = nats + "servers = \"nats://n:4222\"\n";
    EXPECT_EQ(mistake(good), "(no mistake)");
    EXPECT_THAT(mistake(nats), HasSubstr("hub.endpoint.servers: must name 1 to 8 servers"));
    for (const auto* server : {"n:4222", "http://n:4222", "nats://me:s3cr3t@n", "nats://n/x"}) {
        const std::string said = mistake(nats + "servers = [\"" + server + "\"]\n");
        EXPECT_THAT(said, HasSubstr("hub.endpoint.servers: must be like")) << server;
        EXPECT_THAT(said, ::testing::Not(HasSubstr("s3cr3t")));
    }
    EXPECT_THAT(mistake(good + "subject = \"a.*\"\n"),
                HasSubstr("hub.endpoint.subject: '*' is no"));
    EXPECT_THAT(mistake(good + "stream = \"a.b\"\n"), HasSubstr("hub.endpoint.stream: must be"));
    EXPECT_THAT(mistake(good + "user = \"me\"\n"), HasSubstr("goes together with 'password_file'"));
    EXPECT_THAT(mistake(good + "key_file = \"k\"\n"), HasSubstr("goes together with 'key_file'"));
    EXPECT_THAT(mistake(good + "url = \"x\"\n"), HasSubstr("hub.endpoint.url: no such setting"));
}

} // namespace
} // namespace muster::app
