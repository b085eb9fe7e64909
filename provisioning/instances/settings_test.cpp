// What may be said of an instance, and what a new one is made of.

#include "provisioning/instances/instances_world.h"

#include <regex>
#include <set>

namespace muster::provisioning {
namespace {

struct InstanceSettingsTest : testing::Test, InstancesWorld {
    /// The settings are refused as malformed and nothing has happened.
    std::string malformed(const InstanceSettings& settings) {
        const int saves = store.saves();
        const auto outcome = try_put(settings);
        EXPECT_EQ(code_of(outcome), Code::malformed) << detail_of(outcome);
        EXPECT_EQ(store.saves(), saves);
        return detail_of(outcome);
    }

    std::string malformed(void (*change)(InstanceSettings&)) {
        InstanceSettings settings = named("dps-1");
        change(settings);
        return malformed(settings);
    }
};

// ---- what is refused ----

TEST_F(InstanceSettingsTest, RefusesBadSettings) {
    malformed([](auto& settings) { settings.name = "1234"; });
    malformed([](auto& settings) { settings.name = ""; });
    malformed([](auto& settings) { settings.tenant = "ends-with."; });
    malformed([](auto& settings) { settings.scope = IdScope("1ne00000000"); });
    malformed([](auto& settings) { settings.location = "a\nb"; });
    malformed([](auto& settings) { settings.location = ""; });
    malformed([](auto& settings) { settings.tags = JsonObject{{"a", std::string(40'000, 'x')}}; });
    malformed([](auto& settings) {
        settings.tags.emplace();
        for (int i = 0; i < 51; ++i) {
            (*settings.tags)[std::to_string(i)] = "x";
        }
    });
    malformed([](auto& settings) { settings.extra_hosts = {"has space"}; });
    malformed([](auto& settings) { settings.extra_hosts = {"host:443"}; });
    malformed([](auto& settings) { settings.extra_hosts.emplace(101, "a"); });
    malformed([](auto& settings) { settings.default_policy = AllocationPolicy::custom; });
    malformed([](auto& settings) { settings.quotas = Quotas{.enrollments = -1}; });
    malformed([](auto& settings) { settings.quotas = Quotas{.enrollment_groups = -1}; });
    malformed([](auto& settings) { settings.quotas = Quotas{.registrations = -1}; });
    EXPECT_TRUE(instances->all().empty());
    EXPECT_TRUE(sites->heard.empty());
}

TEST_F(InstanceSettingsTest, RefusesBadPolicies) {
    malformed([](auto& settings) { settings.policies = {policy("")}; });
    malformed([](auto& settings) { settings.policies = {policy("a b")}; });
    malformed([](auto& settings) { settings.policies = {policy("none", {})}; });
    malformed([](auto& settings) { settings.policies = {policy("a"), policy("A")}; });
    malformed([](auto& settings) {
        settings.policies = {policy("a")};
        settings.policies->front().primary = Secret("too short");
    });
    malformed([](auto& settings) {
        settings.policies = {policy("a")};
        settings.policies->front().secondary = Secret(std::string(65, 'x'));
    });
    malformed([](auto& settings) {
        settings.policies.emplace();
        for (int i = 0; i < 65; ++i) {
            settings.policies->push_back(policy("p" + std::to_string(i)));
        }
    });
}

TEST_F(InstanceSettingsTest, RefusesBadIpRules) {
    const auto rule = [](std::string name, std::string mask) {
        return IpRule{.name = std::move(name), .mask = std::move(mask)};
    };
    InstanceSettings settings = named("dps-1");
    settings.ip_rules = {rule("", "10.0.0.0/8")};
    malformed(settings);
    settings.ip_rules = {rule("a", "10.0.0.0/33")};
    EXPECT_NE(malformed(settings).find("'a'"), std::string::npos);
    settings.ip_rules = {rule("a", "10.0.0.0/8"), rule("A", "11.0.0.0/8")};
    malformed(settings);
    settings.ip_rules.emplace();
    for (int i = 0; i < 101; ++i) {
        settings.ip_rules->push_back(rule(std::to_string(i), "::/0"));
    }
    malformed(settings);
    settings.ip_rules->pop_back();
    EXPECT_TRUE(try_put(settings));
}

TEST_F(InstanceSettingsTest, RefusesBadLinks) {
    const auto refusal = [&](std::vector<LinkedHub> links) {
        InstanceSettings settings = named("dps-1");
        settings.hubs = std::move(links);
        return malformed(settings);
    };
    LinkedHub heavy = linked("hub-1.example.net");
    for (const int weight : {0, -1, 1001}) {
        heavy.weight = weight;
        refusal({heavy});
    }
    // dps-service 10.2, word for word
    EXPECT_EQ(refusal({linked("hub-1.example.net"), linked("hub-1.example.net")}),
              "Cannot have duplicate iot hubs in description");
    EXPECT_EQ(refusal({hub_link("hub-1.example.net")}),
              "hub 'hub-1.example.net' is not linked yet, so its connectionString is required");
    EXPECT_EQ(refusal({hub_link("hub-2.example.net", connection_string("hub-1.example.net"))}),
              "the connectionString of hub 'hub-2.example.net' leads to 'hub-1.example.net'");
    EXPECT_EQ(refusal({hub_link("", connection_string("hub-1.example.net", "d3Jvbmc="))}),
              "the hub cannot be linked: the key is not the policy's");
    EXPECT_EQ(refusal({hub_link("", connection_string("stranger.example.net"))}),
              "the hub cannot be linked: no such hub here");
    EXPECT_EQ(refusal({hub_link("", "HubName=x")}),
              "the hub cannot be linked: not a connection string");
}

// ---- creating ----

TEST_F(InstanceSettingsTest, CreatesWithDefaults) {
    const auto saved = try_put(named("Dps-1"));
    ASSERT_TRUE(saved);
    EXPECT_TRUE(saved->created);
    const Instance& instance = *saved->instance;
    EXPECT_EQ(instance.name, "Dps-1");
    EXPECT_EQ(instance.tenant, "acme");
    EXPECT_TRUE(std::regex_match(instance.scope.text(), std::regex("0ne[0-9A-F]{8}")));
    EXPECT_EQ(instance.host_names, std::vector<std::string>{"dps-1.example.net"});
    EXPECT_EQ(instance.state, InstanceState::active);
    EXPECT_EQ(instance.stamp.created, control_time);
    ASSERT_EQ(instance.policies.size(), 1U);
    const AccessPolicy& owner = instance.policies.front();
    EXPECT_EQ(owner.name, "provisioningserviceowner");
    EXPECT_EQ(rights_text(owner.rights), "ServiceConfig, DeviceConnect, EnrollmentWrite");
    EXPECT_EQ(owner.keys.primary.reveal().size(), 32U);
    EXPECT_EQ(owner.keys.secondary.reveal().size(), 32U);
    EXPECT_NE(owner.keys.primary, owner.keys.secondary);

    EXPECT_EQ(sites->heard, std::vector<std::string>{"serve Dps-1"});
    EXPECT_EQ(instances->find("dPS-1"), instances->all().front());
    EXPECT_EQ(instances->find("dps"), nullptr);
}

TEST_F(InstanceSettingsTest, TakesEverythingThatIsSaid) {
    InstanceSettings settings = named("dps-1");
    settings.tenant.clear();
    settings.scope = IdScope("0ne00CONF01");
    settings.location = "hall 4";
    settings.tags = JsonObject{{"a", "b"}};
    settings.extra_hosts = {"Other.example.org", "dps-1.example.net", "other.example.ORG", "::1"};
    settings.default_policy = AllocationPolicy::geo_latency;
    settings.policies = {policy("writer", {Right::enrollment_write})};
    settings.policies->front().primary = Secret("0123456789abcdef");
    settings.ip_rules = {{.name = "a", .mask = "10.0.0.0/8"}};
    settings.public_network_access = false;
    settings.shared_key_access = false;
    settings.quotas = Quotas{.enrollments = 5};
    settings.hubs = {linked("hub-1.example.net")};
    settings.hubs->front().weight = 1000;
    settings.hubs->front().location = "here";

    const InstancePtr instance = put(settings);
    EXPECT_EQ(instance->tenant, "default");
    EXPECT_EQ(instance->scope.text(), "0ne00CONF01");
    EXPECT_EQ(instance->location, "hall 4");
    EXPECT_EQ(instance->tags, *settings.tags);
    EXPECT_EQ(instance->host_names,
              (std::vector<std::string>{"dps-1.example.net", "other.example.org", "::1"}));
    EXPECT_EQ(instance->default_policy, AllocationPolicy::geo_latency);
    ASSERT_EQ(instance->policies.size(), 1U); // given: no owner beside it
    EXPECT_EQ(instance->policies.front().keys.primary.reveal(), "0123456789abcdef");
    EXPECT_EQ(instance->policies.front().keys.secondary.reveal().size(), 32U);
    EXPECT_FALSE(instance->public_network_access);
    EXPECT_FALSE(instance->shared_key_access);
    EXPECT_EQ(instance->quotas.enrollments, 5);
    const LinkedHub* link = instance->find_hub(HubName("hub-1.example.net"));
    ASSERT_NE(link, nullptr);
    EXPECT_EQ(link->weight, 1000);
    EXPECT_EQ(link->location, "here");
    EXPECT_EQ(link->connection_string.reveal(), connection_string("hub-1.example.net"));
}

TEST_F(InstanceSettingsTest, NeverGivesAScopeTwice) {
    std::set<std::string> scopes;
    for (int i = 0; i < 20; ++i) {
        random.repeat();
        const std::string name = "dps-" + std::to_string(i);
        EXPECT_TRUE(scopes.insert(make(name)->scope.text()).second);
        ASSERT_TRUE(instances->erase(name, {}, by));
        settle();
    }
}

TEST_F(InstanceSettingsTest, KeepsHostsApart) {
    InstanceSettings first = named("one-1");
    first.extra_hosts = {"shared.example.org"};
    put(first);
    const auto taken = [&](std::string host, const Principal& who) {
        InstanceSettings second = named("two-2");
        second.extra_hosts = {std::move(host)};
        return code_of(instances->put(second, {}, who));
    };
    const Principal configuration{"configuration"};
    EXPECT_EQ(taken("SHARED.example.org", by), Code::already_exists);
    EXPECT_EQ(taken("hub.local", by), Code::already_exists);
    EXPECT_EQ(taken("hub.local", configuration), Code::already_exists);
    EXPECT_EQ(taken("one-1.example.net", configuration), Code::already_exists);
    // The names below the domain are for instances of that name, the configuration's apart.
    EXPECT_EQ(taken("three-3.example.net", by), Code::malformed);
    EXPECT_EQ(taken("three-3.example.net", configuration), std::nullopt);
    EXPECT_EQ(code_of(try_put(named("three-3"))), Code::already_exists);
    // Whoever has one may say so again.
    EXPECT_EQ(taken("three-3.example.net", by), std::nullopt);
}

TEST_F(InstanceSettingsTest, LetsOnlyTheConfigurationLinkWithoutAKey) {
    InstanceSettings settings = named("dps-1");
    settings.hubs = {hub_link("local-hub")};
    EXPECT_EQ(code_of(try_put(settings)), Code::malformed);
    ASSERT_TRUE(instances->put(settings, {}, {"configuration"}));
    // Linked once, it needs none any more.
    settings.hubs->front().weight = 7;
    EXPECT_EQ(put(settings)->hubs.front().weight, 7);
    EXPECT_EQ(hubs.links_checked(), 0);
}

} // namespace
} // namespace muster::provisioning
