#include "app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr const char* smallest = R"([[hub]]
name = "hub-1"
host = "hub-1.example.org"

[[instance]]
id_scope = "0ne00112233"
hosts = ["dps.example.org"]
)";

std::string mistake_in(const std::string& text) {
    const auto config = parse_config(text, "m.toml");
    return config ? "(no mistake)" : config.error().detail;
}

TEST(Config, the_smallest_file_links_every_hub) {
    const auto config = parse_config(smallest, "m.toml");
    ASSERT_TRUE(config) << config.error().detail;
    ASSERT_EQ(config->instances.size(), 1U);
    ASSERT_EQ(config->instances[0].links.size(), 1U);
    EXPECT_EQ(config->instances[0].links[0].hub, "hub-1");
    EXPECT_EQ(config->instances[0].links[0].weight, 1);
    EXPECT_EQ(config->https_port, 443);
    EXPECT_EQ(config->mqtt_port, 8883);
    EXPECT_THAT(config->listen, ElementsAre("127.0.0.1"));
}

struct BadFile {
    const char* text;
    const char* said; // with the file and the line
};

TEST(Config, every_mistake_is_named_with_its_line) {
    const std::string rest = smallest;
    const BadFile files[] = {
        {"[server\n", "m.toml:1: "},
        {"[server]\nhttps_port = 70000\n",
         "m.toml:2: server.https_port: must be a whole number from 1 to 65535"},
        {"[server]\nhttps_port = \"443\"\n", "m.toml:2: server.https_port"},
        {"[server]\n\nlisten = \"here\"\n", "m.toml:3: server.listen: 'here' is not an IP address"},
        {"[server]\nlisten = [1]\n", "m.toml:2: server.listen: must hold strings"},
        {"[server]\nlog_level = \"loud\"\n", "m.toml:2: server.log_level: must be debug"},
        {"[server]\nprot = 1\n", "m.toml:2: server.prot: no such setting"},
        {"serve = 1\n", "m.toml:1: (top).serve: no such setting"},
        {"hub = 1\n", "m.toml:1: (top).hub: must be an array of tables"},
        {"[[hub]]\nname = \"a\"\nhost = \"nodot\"\n", "m.toml:3: hub.host: must contain a dot"},
        {"[[hub]]\nhost = \"a.b\"\n", "hub.name: is missing"},
        {"[[instance]]\nid_scope = \"no scope\"\nhosts = \"a.b\"\n", "m.toml:2: instance.id_scope"},
        {"[[instance]]\nid_scope = \"0ne00112233\"\n",
         "instance.hosts: must name at least one host"},
        {"[[instance]]\nid_scope = \"0ne00112233\"\nhosts = \"a.b\"\n"
         "default_allocation_policy = \"custom\"\n",
         "m.toml:4: instance.default_allocation_policy"},
        {"[[instance]]\nid_scope = \"0ne00112233\"\nhosts = \"a.b\"\n[[instance.link]]\n"
         "hub = \"x\"\nweight = 1001\n",
         "m.toml:6: instance.link.weight"},
        {"[[hub]]\nname = \"a\"\nhost = \"a.b\"\nlocation = \"nearby\"\n",
         "m.toml:4: hub.location: 'nearby' is neither 'latitude,longitude' in degrees nor"},
        {"[[hub]]\nname = \"a\"\nhost = \"a.b\"\nevents = [\"lifecycle\", \"news\"]\n",
         "m.toml:4: hub.events: must be of twin-changes, lifecycle and connections"},
        {"[[hub]]\nname = \"a\"\nhost = \"a.b\"\npartitions = 33\n", "m.toml:4: hub.partitions"},
        {"[[instance]]\nid_scope = \"0ne00112233\"\nhosts = \"a.b\"\n[[instance.link]]\n"
         "hub = \"x\"\ndevices_max = 0\n",
         "m.toml:6: instance.link.devices_max"},
        {"[[network]]\nlocation = \"westeurope\"\n", "network.cidr: is missing"},
        {"[[network]]\ncidr = \"10.0.0.0/33\"\nlocation = \"westeurope\"\n",
         "m.toml:2: network.cidr: '10.0.0.0/33' is not an IP network"},
        {"[[network]]\ncidr = \"10.0.0.0/8\"\nlocation = \"91,0\"\n",
         "m.toml:3: network.location: '91,0' is latitude must be"},
        {"[[network]]\ncidr = \"10.0.0.0/8\"\n", "m.toml:1: network.location: is missing"},
        {"[[network]]\ncidr = \"10.0.0.0/8\"\nlatencies = { \"gone\" = 1 }\n",
         "m.toml:3: network.latencies: 'gone' is neither the name of a [[hub]]"},
        {"[[network]]\ncidr = \"10.0.0.0/8\"\nlatencies = { \"a.b\" = -1 }\n",
         "m.toml:3: network.latencies.a.b: must be a number from 0 to 60000"},
        {"[[network]]\ncidr = \"10.0.0.0/8\"\nlatencies = { \"a.b\" = nan }\n",
         "m.toml:3: network.latencies.a.b"},
        {"[[network]]\ncidr = \"10.0.0.0/8\"\nlatencies = { \"a.b\" = true }\n",
         "m.toml:3: network.latencies.a.b"},
        {"[[network]]\ncidr = \"10.0.0.0/8\"\nlatencies = { \"a.b\" = 1, \"A.B\" = 2 }\n",
         "m.toml:3: network.latencies: names the hub 'a.b' twice"},
        {"[[network]]\ncidr = \"10.0.0.0/8\"\nlatencies = 5\n",
         "m.toml:3: network.latencies: must be a table"},
        {"[outgoing]\nallow = [\"10.0.0.0/8\", \"http://hub\"]\n",
         "m.toml:2: outgoing.allow: 'http://hub' is neither an IP network nor a host name"},
        {"[outgoing]\nallow = \"10.0.0\"\n", "m.toml:2: outgoing.allow: '10.0.0' is neither"},
        {"[outgoing]\nca = \"x\"\n", "m.toml:2: outgoing.ca: no such setting"},
        {"[server]\ngeo_database = 1\n", "m.toml:2: server.geo_database: must be a string"},
    };
    for (const BadFile& file : files) {
        EXPECT_THAT(mistake_in(file.text), HasSubstr(file.said)) << file.text;
    }
}

TEST(Config, several_mistakes_are_reported_together) {
    const std::string said = mistake_in("[server]\nhttps_port = 0\nmqtt_port = 0\n");
    EXPECT_THAT(said, HasSubstr("m.toml:2: "));
    EXPECT_THAT(said, HasSubstr("m.toml:3: "));
}

TEST(Config, contradictions_are_refused) {
    const std::string hub = "[[hub]]\nname = \"h\"\nhost = \"h.b\"\n";
    const std::string instance = "[[instance]]\nid_scope = \"0ne00112233\"\nhosts = \"a.b\"\n";
    EXPECT_THAT(mistake_in(hub), HasSubstr("no [[instance]]"));
    EXPECT_THAT(mistake_in(instance), HasSubstr("no [[hub]]"));
    EXPECT_THAT(mistake_in(hub + hub + instance), HasSubstr("m.toml:4: two hubs are named 'h'"));
    EXPECT_THAT(mistake_in(hub + instance + instance), HasSubstr("m.toml:7: two instances"));
    EXPECT_THAT(mistake_in(hub + instance + "[[instance.link]]\nhub = \"z\"\n"),
                HasSubstr("m.toml:7: instance '0ne00112233' links to 'z', which is no [[hub]]"));
    EXPECT_THAT(mistake_in(hub + "[[instance]]\nid_scope = \"0ne00112233\"\nhosts = \"h.b\"\n"),
                HasSubstr("m.toml:4: host 'h.b' is used twice"));
    EXPECT_THAT(mistake_in("[server]\nhttps_port = 1\nmqtt_port = 1\n" + hub + instance),
                HasSubstr("are the same"));
}

TEST(Config, flags_are_held_to_the_same_rules) {
    auto config = default_config(IdScope("0ne00112233"), {}, {}).value();
    EXPECT_FALSE(find_contradiction(config));
    config.https_port = config.mqtt_port;
    EXPECT_THAT(find_contradiction(config)->what, HasSubstr("are the same"));
    config.https_port = 443;
    config.listen = {"localhost"};
    EXPECT_THAT(find_contradiction(config)->what, HasSubstr("'localhost' is not an IP address"));
}

TEST(Config, what_is_written_is_read_back) {
    auto config = default_config(IdScope("0ne0A1B2C3D"), {"127.0.5.1"}, {"Box.Example.org"});
    ASSERT_TRUE(config);
    config->instances[0].certificates.push_back({"root", "/etc/root.pem", false});
    config->instances[0].links[1].weight = 7;
    config->hubs[0].events = {"twin-changes", "connections"};
    config->hubs[0].partitions = 8;
    const auto again = parse_config(format_config(*config), "m.toml");
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(format_config(*again), format_config(*config));
    EXPECT_EQ(again->instances[0].links[1].weight, 7);
    EXPECT_EQ(again->hubs[0].events, config->hubs[0].events);
    EXPECT_EQ(again->hubs[0].partitions, 8);
    EXPECT_FALSE(again->instances[0].certificates[0].verified);
}

TEST(Config, networks_say_where_they_are_or_how_far_from_hubs) {
    const auto config = parse_config(std::string(smallest) + R"([[network]]
cidr = "10.1.0.0/16"
location = "West Europe"
latencies = { "hub-1" = 12, "Hub-9.Example.Org" = 3.5 }
)",
                                     "m.toml");
    ASSERT_TRUE(config) << config.error().detail;
    ASSERT_EQ(config->networks.size(), 1U);
    const NetworkPlace& network = config->networks[0];
    EXPECT_EQ(network.cidr, "10.1.0.0/16");
    EXPECT_EQ(network.location, provisioning::parse_location("westeurope").value());
    EXPECT_THAT(network.latencies_ms, ElementsAre(Pair(HubName("hub-1.example.org"), 12.0),
                                                  Pair(HubName("hub-9.example.org"), 3.5)));
    EXPECT_EQ(network.line, 8U);
}

TEST(Config, nothing_inside_may_be_called_unless_it_is_said) {
    const auto silent = parse_config(smallest, "m.toml");
    ASSERT_TRUE(silent);
    EXPECT_THAT(silent->outgoing.allow, ElementsAre());
    const auto config =
        parse_config(std::string(smallest) +
                         "[outgoing]\nallow = [\"10.0.0.0/8\", \"::1\", \"Hub.Example.Org\"]\n",
                     "m.toml");
    ASSERT_TRUE(config) << config.error().detail;
    EXPECT_THAT(config->outgoing.allow, ElementsAre("10.0.0.0/8", "::1", "hub.example.org"));
}

TEST(Config, places_are_written_and_read_back) {
    auto config = default_config(IdScope("0ne0A1B2C3D"), {}, {}).value();
    config.geo_database = "/var/lib/GeoLite2-City.mmdb";
    config.outgoing = {.allow = {"10.0.0.0/8", "hub.example.org"}, .ca_file = "/etc/ca.pem"};
    config.hubs[0].location = "West Europe";
    config.hubs[0].ca_file = "/etc/devices.pem";
    config.hubs[0].modules_max = 7;
    config.hubs[0].message_deliveries_max = 3;
    config.hubs[0].message_minutes = 90;
    config.instances[0].links[1].devices_max = 5000;
    config.networks.push_back(
        {.cidr = "10.1.0.0/16",
         .location = provisioning::GeoPoint{-33.868, 0.0000001},
         .latencies_ms = {{HubName("hub-9.example.org"), 0.25}, {HubName("127.0.0.2"), 12}}});
    const auto again = parse_config(format_config(config), "m.toml");
    ASSERT_TRUE(again) << again.error().detail << format_config(config);
    EXPECT_EQ(format_config(*again), format_config(config));
    EXPECT_EQ(again->geo_database, config.geo_database);
    EXPECT_EQ(again->outgoing.allow, config.outgoing.allow);
    EXPECT_EQ(again->outgoing.ca_file, config.outgoing.ca_file);
    EXPECT_EQ(again->hubs[0].location, "West Europe");
    EXPECT_EQ(again->hubs[0].ca_file, config.hubs[0].ca_file);
    EXPECT_EQ(again->hubs[0].modules_max, 7U);
    EXPECT_EQ(again->hubs[0].message_deliveries_max, 3);
    EXPECT_EQ(again->hubs[0].message_minutes, 90);
    EXPECT_EQ(again->instances[0].links[1].devices_max, 5000);
    EXPECT_EQ(again->networks[0].location, config.networks[0].location);
    EXPECT_EQ(again->networks[0].latencies_ms, config.networks[0].latencies_ms);
}

TEST(DefaultConfig, loopback_hubs_are_named_by_the_next_addresses) {
    const auto config = default_config(IdScope("0ne00112233"), {}, {});
    ASSERT_TRUE(config);
    EXPECT_THAT(config->instances[0].hosts, ElementsAre("127.0.0.1"));
    EXPECT_EQ(config->hubs[0].host.text(), "127.0.0.2");
    EXPECT_EQ(config->hubs[1].host.text(), "127.0.0.3");
    EXPECT_THAT(addresses_of(*config), ElementsAre("127.0.0.1", "127.0.0.2", "127.0.0.3"));
    EXPECT_THAT(names_of(*config), ElementsAre("127.0.0.1", "*.muster.internal", "127.0.0.2",
                                               "127.0.0.3", "localhost"));
}

TEST(DefaultConfig, elsewhere_hubs_are_named_below_the_host) {
    const auto config = default_config(IdScope("0ne00112233"), {"0.0.0.0"}, {"DPS.example.org"});
    ASSERT_TRUE(config);
    EXPECT_THAT(config->instances[0].hosts, ElementsAre("dps.example.org"));
    EXPECT_EQ(config->hubs[1].host.text(), "hub-2.dps.example.org");
    EXPECT_THAT(addresses_of(*config), ElementsAre("0.0.0.0"));
    EXPECT_THAT(names_of(*config),
                ElementsAre("dps.example.org", "*.dps.example.org", "hub-1.dps.example.org",
                            "hub-2.dps.example.org", "localhost"));
}

TEST(DefaultConfig, does_not_guess_a_name) {
    const auto config = default_config(IdScope("0ne00112233"), {"192.0.2.7"}, {});
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error().detail, HasSubstr("needs --host NAME"));
}

TEST(Addresses, are_told_apart) {
    EXPECT_TRUE(is_ip_address("127.0.0.1"));
    EXPECT_TRUE(is_ip_address("::1"));
    EXPECT_FALSE(is_ip_address("hub.example.org"));
    EXPECT_FALSE(is_ip_address("127.0.0"));
    EXPECT_TRUE(is_loopback_address("127.9.9.9"));
    EXPECT_TRUE(is_loopback_address("::1"));
    EXPECT_FALSE(is_loopback_address("10.0.0.1"));
    EXPECT_TRUE(is_any_address("0.0.0.0"));
    EXPECT_TRUE(is_any_address("::"));
}

} // namespace
} // namespace muster::app
