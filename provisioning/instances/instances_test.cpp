#include "provisioning/instances.h"
#include "provisioning/instances/instances_world.h"

#include <atomic>
#include <thread>

namespace muster::provisioning {
namespace {

struct InstancesTest : testing::Test, InstancesWorld {};

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
    settings.hubs = {hub_link("HUB-1.example.net")};
    settings.hubs->front().apply_allocation_policy = false;
    const InstancePtr after = put(settings);
    ASSERT_EQ(after->hubs.size(), 1U);
    EXPECT_FALSE(after->hubs.front().apply_allocation_policy);
    EXPECT_EQ(after->hubs.front().connection_string.reveal(),
              connection_string("hub-1.example.net"));
    EXPECT_EQ(hubs.links_checked(), 2);
    // A rolled key is another connection string, and is tried.
    hubs.offer(HubName("hub-1.example.net"), connection_string("hub-1.example.net", "bmV3"));
    settings.hubs = {hub_link("", connection_string("hub-1.example.net", "bmV3"))};
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

TEST_F(InstancesTest, StayUniqueAmongThreads) {
    constexpr int threads = 8;
    constexpr int names = 5;
    std::atomic<int> created = 0;
    SharedRandom shared(7);
    Instances crowded({.store = store,
                       .hubs = hubs,
                       .workers = workers,
                       .timers = timers,
                       .clock = clock,
                       .random = shared,
                       .domain = domain,
                       .other_hosts = {}});
    {
        std::vector<std::jthread> operators;
        for (int i = 0; i < threads; ++i) {
            operators.emplace_back([&, i] {
                for (int j = 0; j < names; ++j) {
                    InstanceSettings settings = named("dps-" + std::to_string((i + j) % names));
                    settings.location = std::to_string(i);
                    const auto saved = crowded.put(settings, {}, by);
                    EXPECT_TRUE(saved) << saved.error().detail;
                    created += saved && saved->created ? 1 : 0;
                }
            });
        }
    }
    EXPECT_EQ(created, names);
    EXPECT_EQ(crowded.all().size(), static_cast<std::size_t>(names));
    EXPECT_EQ(store.all()->size(), static_cast<std::size_t>(names));
}

} // namespace
} // namespace muster::provisioning
