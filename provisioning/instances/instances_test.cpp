#include "provisioning/instances.h"
#include "provisioning/instances/instances_world.h"

#include <regex>
#include <set>

namespace muster::provisioning {
namespace {

struct InstancesTest : testing::Test, InstancesWorld {
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

LinkedHub hub(std::string_view name, const std::string& text = {}) {
    LinkedHub link;
    link.name = HubName(name);
    link.connection_string = Secret(std::string(text));
    return link;
}

LinkedHub linked(std::string_view name) {
    return hub("", connection_string(name));
}

PolicySettings policy(std::string name, std::vector<Right> rights = {Right::enrollment_read}) {
    return {.name = std::move(name), .rights = std::move(rights), .primary = {}, .secondary = {}};
}

// ---- what is refused ----

TEST_F(InstancesTest, RefusesBadSettings) {
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

TEST_F(InstancesTest, RefusesBadPolicies) {
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

TEST_F(InstancesTest, RefusesBadIpRules) {
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

TEST_F(InstancesTest, RefusesBadLinks) {
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
    EXPECT_EQ(refusal({hub("hub-1.example.net")}),
              "hub 'hub-1.example.net' is not linked yet, so its connectionString is required");
    EXPECT_EQ(refusal({hub("hub-2.example.net", connection_string("hub-1.example.net"))}),
              "the connectionString of hub 'hub-2.example.net' leads to 'hub-1.example.net'");
    EXPECT_EQ(refusal({hub("", connection_string("hub-1.example.net", "d3Jvbmc="))}),
              "the hub cannot be linked: the key is not the policy's");
    EXPECT_EQ(refusal({hub("", connection_string("stranger.example.net"))}),
              "the hub cannot be linked: no such hub here");
    EXPECT_EQ(refusal({hub("", "HubName=x")}), "the hub cannot be linked: not a connection string");
}

// ---- creating ----

TEST_F(InstancesTest, CreatesWithDefaults) {
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

TEST_F(InstancesTest, TakesEverythingThatIsSaid) {
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

TEST_F(InstancesTest, NeverGivesAScopeTwice) {
    std::set<std::string> scopes;
    for (int i = 0; i < 20; ++i) {
        random.repeat();
        const std::string name = "dps-" + std::to_string(i);
        EXPECT_TRUE(scopes.insert(make(name)->scope.text()).second);
        ASSERT_TRUE(instances->erase(name, {}, by));
        settle();
    }
}

TEST_F(InstancesTest, KeepsHostsApart) {
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

TEST_F(InstancesTest, LetsOnlyTheConfigurationLinkWithoutAKey) {
    InstanceSettings settings = named("dps-1");
    settings.hubs = {hub("local-hub")};
    EXPECT_EQ(code_of(try_put(settings)), Code::malformed);
    ASSERT_TRUE(instances->put(settings, {}, {"configuration"}));
    // Linked once, it needs none any more.
    settings.hubs->front().weight = 7;
    EXPECT_EQ(put(settings)->hubs.front().weight, 7);
    EXPECT_EQ(hubs.links_checked(), 0);
}

// ---- changing ----

TEST_F(InstancesTest, ChangesWhatIsSaidAndKeepsTheRest) {
    InstanceSettings settings = named("dps-1");
    settings.hubs = {linked("hub-1.example.net")};
    settings.extra_hosts = {"other.example.org"};
    const InstancePtr before = put(settings);

    InstanceSettings change = named("DPS-1");
    change.location = "elsewhere";
    const auto saved = try_put(change);
    ASSERT_TRUE(saved);
    EXPECT_FALSE(saved->created);
    const Instance& after = *saved->instance;
    EXPECT_EQ(after.location, "elsewhere");
    EXPECT_EQ(after.name, "dps-1"); // the first spelling stays
    EXPECT_EQ(after.scope, before->scope);
    EXPECT_EQ(after.host_names, before->host_names);
    EXPECT_EQ(after.policies.front().keys, before->policies.front().keys);
    EXPECT_EQ(after.hubs.size(), 1U);
    EXPECT_NE(after.stamp.etag, before->stamp.etag);
    EXPECT_EQ(after.stamp.version, before->stamp.version + 1);
    EXPECT_EQ(sites->heard, (std::vector<std::string>{"serve dps-1", "changed dps-1"}));
    // Whoever held the instance sees the change; the value he took stays as it was.
    EXPECT_EQ(sites->served.at(after.scope.text())->get()->location, "elsewhere");
    EXPECT_EQ(before->location, "local");
}

TEST_F(InstancesTest, WritesNothingThatChangesNothing) {
    InstanceSettings settings = named("dps-1");
    settings.hubs = {linked("hub-1.example.net")};
    settings.policies = {policy("reader")};
    const InstancePtr before = put(settings);
    const int saves = store.saves();
    const InstancePtr after = put(settings);
    EXPECT_EQ(after->stamp.etag, before->stamp.etag);
    EXPECT_EQ(store.saves(), saves);
    EXPECT_EQ(store.audit().size(), 1U);
    EXPECT_EQ(hubs.links_checked(), 1); // the same connection string is not tried again
}

TEST_F(InstancesTest, HeedsIfMatch) {
    EXPECT_EQ(code_of(try_put(named("dps-1"), if_any)), Code::not_found);
    EXPECT_EQ(code_of(try_put(named("dps-1"), exactly(ETag("x")))), Code::precondition);
    const InstancePtr first = make("dps-1");
    InstanceSettings settings = named("dps-1");
    settings.location = "a";
    EXPECT_EQ(code_of(try_put(settings, exactly(ETag("x")))), Code::precondition);
    const auto second = try_put(settings, exactly(first->stamp.etag));
    ASSERT_TRUE(second);
    settings.location = "b";
    EXPECT_EQ(code_of(try_put(settings, exactly(first->stamp.etag))), Code::precondition);
    EXPECT_TRUE(try_put(settings, if_any));
}

TEST_F(InstancesTest, KeepsIdentity) {
    make("dps-1");
    InstanceSettings elsewhere = named("dps-1");
    elsewhere.tenant = "other";
    EXPECT_EQ(code_of(try_put(elsewhere)), Code::already_exists);
    elsewhere.tenant = "ACME";
    EXPECT_TRUE(try_put(elsewhere));
    InstanceSettings moved = named("dps-1");
    moved.scope = IdScope("0ne00000001");
    EXPECT_EQ(code_of(try_put(moved)), Code::malformed);
    InstanceSettings twin = named("dps-2");
    twin.scope = instances->find("dps-1")->scope;
    EXPECT_EQ(code_of(try_put(twin)), Code::already_exists);
}

TEST_F(InstancesTest, ReplacesPoliciesAsAWhole) {
    InstanceSettings settings = named("dps-1");
    settings.policies = {policy("kept"), policy("dropped")};
    const InstancePtr before = put(settings);
    settings.policies = {policy("fresh"), policy("KEPT", {Right::registration_read})};
    const InstancePtr after = put(settings);
    ASSERT_EQ(after->policies.size(), 2U);
    EXPECT_EQ(after->find_policy("dropped"), nullptr);
    EXPECT_EQ(after->find_policy("kept")->keys, before->find_policy("kept")->keys);
    EXPECT_EQ(after->find_policy("kept")->name, "kept");
    EXPECT_EQ(rights_text(after->find_policy("kept")->rights), "RegistrationStatusRead");
    settings.policies = std::vector<PolicySettings>();
    EXPECT_TRUE(put(settings)->policies.empty());
}

TEST_F(InstancesTest, LinksAndUnlinks) {
    InstanceSettings settings = named("dps-1");
    settings.hubs = {linked("hub-1.example.net"), linked("hub-2.example.net")};
    put(settings);
    // What was read can be written again, without the secret.
    settings.hubs = {hub("HUB-1.example.net")};
    settings.hubs->front().apply_allocation_policy = false;
    const InstancePtr after = put(settings);
    ASSERT_EQ(after->hubs.size(), 1U);
    EXPECT_FALSE(after->hubs.front().apply_allocation_policy);
    EXPECT_EQ(after->hubs.front().connection_string.reveal(),
              connection_string("hub-1.example.net"));
    EXPECT_EQ(hubs.links_checked(), 2);
    // A rolled key is another connection string, and is tried.
    hubs.offer(HubName("hub-1.example.net"), connection_string("hub-1.example.net", "bmV3"));
    settings.hubs = {hub("", connection_string("hub-1.example.net", "bmV3"))};
    put(settings);
    EXPECT_EQ(hubs.links_checked(), 3);
    EXPECT_EQ(store.audit().back().change.after->at("connectionStringsChanged"),
              JsonArray{"hub-1.example.net"});
}

// ---- keys ----

TEST_F(InstancesTest, RotatesOneKeyAndKeepsTheOther) {
    const InstancePtr before = make("dps-1");
    EXPECT_EQ(code_of(instances->rotate_key("dps-2", "x", KeySlot::primary, by)), Code::not_found);
    EXPECT_EQ(code_of(instances->rotate_key("dps-1", "x", KeySlot::primary, by)), Code::not_found);
    const auto keys = [](const InstancePtr& instance) { return instance->policies.front().keys; };

    const auto first =
        instances->rotate_key("DPS-1", "ProvisioningServiceOwner", KeySlot::primary, by);
    ASSERT_TRUE(first);
    EXPECT_NE(keys(*first).primary, keys(before).primary);
    EXPECT_EQ(keys(*first).primary.reveal().size(), 32U);
    EXPECT_EQ(keys(*first).secondary, keys(before).secondary);
    EXPECT_NE((*first)->stamp.etag, before->stamp.etag);

    const auto second =
        instances->rotate_key("dps-1", "provisioningserviceowner", KeySlot::secondary, by);
    ASSERT_TRUE(second);
    EXPECT_EQ(keys(*second).primary, keys(*first).primary);
    EXPECT_NE(keys(*second).secondary, keys(*first).secondary);

    const Change noted = store.audit().back().change;
    EXPECT_EQ(noted.action, "policy.rotate");
    EXPECT_EQ(noted.resource, "policy/provisioningserviceowner");
    EXPECT_EQ(noted.after->at("keysChanged"), JsonArray{"secondary"});
}

// ---- the audit trail ----

TEST_F(InstancesTest, NotesWhoDidWhat) {
    InstanceSettings settings = named("dps-1");
    settings.policies = {policy("reader")};
    const InstancePtr instance = put(settings);
    settings.policies->front().primary = Secret("0123456789abcdef");
    put(settings);
    const auto audit = store.audit();
    ASSERT_EQ(audit.size(), 2U);
    EXPECT_EQ(audit[0].scope, instance->scope.text());
    EXPECT_EQ(audit[0].change.action, "instance.create");
    EXPECT_EQ(audit[0].change.resource, "instance/dps-1");
    EXPECT_EQ(audit[0].change.by.name, "token:ci");
    EXPECT_EQ(audit[0].change.at, control_time);
    EXPECT_FALSE(audit[0].change.before);
    EXPECT_EQ(audit[1].change.action, "instance.update");
    EXPECT_EQ(audit[1].change.after->at("keysChanged"), JsonArray{"reader"});
    EXPECT_EQ(audit[1].text().find("MDEyMzQ1Njc4OWFiY2RlZg"), std::string::npos);
}

// ---- when the store says no ----

TEST_F(InstancesTest, PublishesNothingThatIsNotStored) {
    store.fail_writes(1, Code::unavailable);
    EXPECT_EQ(code_of(try_put(named("dps-1"))), Code::unavailable);
    EXPECT_TRUE(instances->all().empty());
    const InstancePtr instance = make("dps-1");
    InstanceSettings settings = named("dps-1");
    settings.location = "b";
    store.fail_writes(1, Code::unavailable);
    EXPECT_EQ(code_of(try_put(settings)), Code::unavailable);
    EXPECT_EQ(instances->find("dps-1")->location, "local");
    EXPECT_EQ(sites->heard.size(), 1U);
}

TEST_F(InstancesTest, DecidesAgainAfterAConflict) {
    make("dps-1");
    // Somebody else writes the store, once: read again, then both changes are there.
    store.before_next_save([&] {
        Instance other = store.all()->front();
        const std::int64_t version = other.stamp.version++;
        other.quotas.registrations = 7;
        EXPECT_TRUE(store.save(other, Expected{version}));
    });
    InstanceSettings settings = named("dps-1");
    settings.location = "b";
    const InstancePtr instance = put(settings);
    EXPECT_EQ(instance->location, "b");
    EXPECT_EQ(instance->quotas.registrations, 7);
    store.fail_writes(100, Code::conflict);
    settings.location = "c";
    EXPECT_EQ(code_of(try_put(settings)), Code::unavailable);
}

TEST_F(InstancesTest, OutliveTheProcess) {
    InstanceSettings settings = named("dps-1");
    settings.hubs = {linked("hub-1.example.net")};
    const InstancePtr before = put(settings);
    restart();
    const InstancePtr after = instances->find("dps-1");
    ASSERT_NE(after, nullptr);
    EXPECT_EQ(to_document(*after, View::stored), to_document(*before, View::stored));
    EXPECT_EQ(sites->heard, std::vector<std::string>{"serve dps-1"});
}

TEST_F(InstancesTest, AreAlsoServedUnderANewDomain) {
    make("dps-1");
    InstanceSettings second = named("dps-2");
    second.extra_hosts = {"dps-1.new.example"};
    put(second);
    domain = "new.example";
    restart();
    // One name has been given away; nobody loses his.
    EXPECT_EQ(instances->find("dps-1")->host_names, std::vector<std::string>{"dps-1.example.net"});
    EXPECT_EQ(
        instances->find("dps-2")->host_names,
        (std::vector<std::string>{"dps-2.new.example", "dps-2.example.net", "dps-1.new.example"}));
}

} // namespace
} // namespace muster::provisioning
