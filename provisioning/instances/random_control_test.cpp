// Random sequences of what operators do, with failures and restarts in between. Always: what is
// published is what the store would load, and no secret stands in an audit trail.

#include "base/encoding.h"
#include "crypto/keys.h"
#include "provisioning/instances/instances_world.h"

#include <set>

namespace muster::provisioning {
namespace {

constexpr std::uint64_t first_seed = 20'300'101;
constexpr int worlds = 40;
constexpr int steps = 80;

crypto::Identity fleet_ca() {
    SystemRandom random;
    return crypto::issue({.common_name = "Fleet CA",
                          .purpose = crypto::Purpose::certificate_authority,
                          .dns_names = {},
                          .ip_addresses = {},
                          .not_before = control_time - std::chrono::hours(1),
                          .not_after = control_time + std::chrono::hours(1),
                          .path_length = {}},
                         nullptr, random)
        .value();
}

class RandomControl : public InstancesWorld {
  public:
    explicit RandomControl(std::uint64_t seed) : choices_(seed) { ca_ = fleet_ca().certificate; }

    void step() {
        if (one_in(8)) {
            store.fail_writes(1, one_in(2) ? Code::unavailable : Code::conflict);
        }
        switch (below(10)) {
        case 0:
        case 1:
        case 2: (void)try_put(random_settings()); break;
        case 3: (void)instances->erase(name(), match(), by); break;
        case 4:
            (void)instances->rotate_key(name(), policy_name(),
                                        one_in(2) ? KeySlot::primary : KeySlot::secondary, by);
            break;
        case 5:
            (void)instances->put_certificate(
                name(), {.name = ca_name(), .certificate = *ca_, .verified = one_in(2)}, match(),
                by);
            break;
        case 6: (void)instances->new_verification_code(name(), ca_name(), match(), by); break;
        case 7: (void)instances->erase_certificate(name(), ca_name(), match(), by); break;
        case 8: workers.run_one(); break;
        case 9: one_in(4) ? restart() : settle(); break;
        }
        clock.advance(std::chrono::seconds(1));
        remember_secrets();
    }

    /// Of every instance, by scope: as published, and as a new process would find it.
    void expect_stored_is_published() {
        std::map<std::string, std::string> published;
        for (const InstancePtr& instance : instances->all()) {
            published[instance->scope.text()] = to_text(to_document(*instance, View::stored));
            const bool is_served = sites->served.contains(instance->scope.text());
            EXPECT_EQ(is_served, instance->state == InstanceState::active);
        }
        std::map<std::string, std::string> stored;
        for (const Instance& instance : store.all().value()) {
            stored[instance.scope.text()] = to_text(to_document(instance, View::stored));
        }
        EXPECT_EQ(published, stored);
        for (const auto& [scope, current] : sites->served) {
            EXPECT_EQ(to_text(to_document(*current->get(), View::stored)), stored[scope]);
        }
    }

    void expect_unique_names() {
        std::set<std::string> seen;
        for (const InstancePtr& instance : instances->all()) {
            EXPECT_TRUE(seen.insert(to_lower(instance->name)).second);
            for (const std::string& host : instance->host_names) {
                EXPECT_TRUE(seen.insert(host).second) << host;
            }
        }
    }

    void expect_no_secret_in_audit() {
        EXPECT_FALSE(secrets_.empty());
        for (const FakeAuditEntry& entry : store.audit()) {
            const std::string text = entry.text();
            for (const std::string& secret : secrets_) {
                ASSERT_EQ(text.find(secret), std::string::npos) << text;
            }
        }
    }

  private:
    std::size_t below(std::size_t bound) {
        return static_cast<unsigned char>(choices_.bytes(1).front()) % bound;
    }

    bool one_in(std::size_t count) { return below(count) == 0; }

    std::string name() { return std::string(one_in(3) ? "DPS-" : "dps-") + digit(4); }

    std::string policy_name() { return one_in(2) ? "provisioningserviceowner" : "p" + digit(3); }

    std::string ca_name() { return "ca-" + digit(3); }

    std::string digit(std::size_t bound) { return std::to_string(below(bound)); }

    IfMatch match() {
        const InstancePtr known = instances->find(name());
        return one_in(3) && known ? exactly(known->stamp.etag) : one_in(3) ? if_any : IfMatch();
    }

    InstanceSettings random_settings() {
        InstanceSettings settings = named(name());
        if (one_in(2)) {
            settings.location = "hall " + digit(5);
        }
        if (one_in(3)) {
            settings.extra_hosts = {"host-" + digit(4) + ".example.org"};
        }
        if (one_in(3)) {
            settings.hubs = random_links();
        }
        if (one_in(3)) {
            settings.policies = random_policies();
        }
        if (one_in(4)) {
            settings.ip_rules = {{.name = "r", .mask = "10." + digit(200) + ".0.0/16"}};
        }
        if (one_in(4)) {
            settings.quotas = Quotas{.enrollments = static_cast<std::int64_t>(below(9)) - 1};
        }
        return settings;
    }

    std::vector<LinkedHub> random_links() {
        std::vector<LinkedHub> links;
        while (!one_in(3)) {
            LinkedHub link;
            const std::string hub = "hub-" + std::to_string(1 + below(3)) + ".example.net";
            if (one_in(4)) {
                link.name = HubName(hub);
            } else {
                link.connection_string = Secret(connection_string(hub));
            }
            link.weight = static_cast<int>(below(5));
            links.push_back(std::move(link));
        }
        return links;
    }

    std::vector<PolicySettings> random_policies() {
        std::vector<PolicySettings> policies;
        for (std::size_t i = 0; i < below(4); ++i) {
            PolicySettings policy{
                .name = "p" + digit(3),
                .rights = {one_in(2) ? Right::enrollment_write : Right::registration_read},
                .primary = {},
                .secondary = {}};
            if (one_in(2)) {
                policy.primary = crypto::new_key(random, 32);
            }
            policies.push_back(std::move(policy));
        }
        return policies;
    }

    void remember_secrets() {
        for (const InstancePtr& instance : instances->all()) {
            for (const AccessPolicy& policy : instance->policies) {
                remember(policy.keys.primary);
                remember(policy.keys.secondary);
            }
            for (const LinkedHub& hub : instance->hubs) {
                secrets_.insert(std::string(hub.connection_string.reveal()));
            }
        }
        secrets_.erase("");
    }

    void remember(const Secret& key) {
        const std::string bytes(key.reveal());
        secrets_.insert({crypto::encode_key(key), hex_encode_lower(bytes), bytes});
    }

    SeededRandom choices_;
    std::optional<crypto::Certificate> ca_;
    std::set<std::string> secrets_;
};

TEST(RandomControl, KeepsWhatIsStoredAndWhatIsPublishedTheSame) {
    for (std::uint64_t seed = first_seed; seed < first_seed + worlds; ++seed) {
        SCOPED_TRACE(seed);
        RandomControl control(seed);
        for (int i = 0; i < steps; ++i) {
            control.step();
            control.expect_stored_is_published();
            control.expect_unique_names();
            if (testing::Test::HasFailure()) {
                return;
            }
        }
        control.expect_no_secret_in_audit();
        control.restart();
        control.expect_stored_is_published();
        control.settle();
        for (const InstancePtr& instance : control.instances->all()) {
            EXPECT_EQ(instance->state, InstanceState::active);
        }
        control.expect_stored_is_published();
    }
}

} // namespace
} // namespace muster::provisioning
