#include "gateway/sites.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <thread>

namespace muster::gateway {
namespace {

TEST(Sites, NormalisesHosts) {
    // DPS-DEVICE-29, DPS-SERVICE-5: `Host: name:443`
    EXPECT_EQ(normal_host("DPS.Example.NET:443"), "dps.example.net");
    EXPECT_EQ(normal_host("dps.example.net."), "dps.example.net");
    EXPECT_EQ(normal_host("dps.example.net.:443"), "dps.example.net");
    EXPECT_EQ(normal_host("127.0.0.77:443"), "127.0.0.77");
    EXPECT_EQ(normal_host("[::1]:443"), "::1");
    EXPECT_EQ(normal_host("[::1]"), "::1");
    EXPECT_EQ(normal_host("::1"), "::1");
    EXPECT_EQ(normal_host("[broken"), "[broken");
    EXPECT_EQ(normal_host(""), "");
}

/// An instance on the move, and its site.
struct Served {
    Served(const std::string& scope, std::vector<std::string> hosts)
        : instance(value(scope, std::move(hosts))) {}

    static provisioning::Instance value(const std::string& scope, std::vector<std::string> hosts) {
        provisioning::Instance made;
        made.scope = IdScope(scope);
        made.host_names = std::move(hosts);
        return made;
    }

    [[nodiscard]] SitePtr site() const {
        return std::make_shared<const ProvisioningSite>(ProvisioningSite{.instance = &instance});
    }

    void rename(Sites& sites, std::vector<std::string> hosts) {
        const auto before = instance.get();
        instance.set(value(before->scope.text(), std::move(hosts)));
        sites.rename(*before, *instance.get());
    }

    provisioning::CurrentInstance instance;
};

TEST(Sites, FindsByScopeExactlyAndByHostWithoutCase) {
    const Served one("0ne00TEST01", {"dps.example.net", "::1"});
    Sites sites;
    sites.add(one.site());

    ASSERT_NE(sites.provisioning_of(IdScope("0ne00TEST01")), nullptr);
    EXPECT_EQ(sites.provisioning_of(IdScope("0ne00TEST01"))->instance, &one.instance);
    EXPECT_EQ(sites.provisioning_of(IdScope("0NE00TEST01")), nullptr);
    EXPECT_NE(sites.provisioning_at("DPS.example.net:443"), nullptr);
    EXPECT_NE(sites.provisioning_at("[::1]:443"), nullptr);
    EXPECT_EQ(sites.provisioning_at("other.example.net"), nullptr);
    EXPECT_EQ(sites.provisioning_at(""), nullptr);
    EXPECT_EQ(sites.hub_at("dps.example.net"), nullptr);
}

TEST(Sites, FollowsTheHostNamesOfAnInstance) {
    Served one("0ne00TEST01", {"a.example.net", "b.example.net"});
    Sites sites;
    sites.add(one.site());
    one.rename(sites, {"b.example.net", "c.example.net"});
    EXPECT_EQ(sites.provisioning_at("a.example.net"), nullptr);
    EXPECT_NE(sites.provisioning_at("b.example.net"), nullptr);
    EXPECT_NE(sites.provisioning_at("c.example.net"), nullptr);
}

TEST(Sites, ForgetsAnInstanceButNotThoseWhoUseIt) {
    const Served one("0ne00TEST01", {"a.example.net"});
    const Served two("0ne00TEST02", {"b.example.net"});
    Sites sites;
    sites.add(one.site());
    sites.add(two.site());
    const auto held = sites.provisioning_at("a.example.net");
    sites.remove(IdScope("0ne00TEST01"));
    EXPECT_EQ(sites.provisioning_of(IdScope("0ne00TEST01")), nullptr);
    EXPECT_EQ(sites.provisioning_at("a.example.net"), nullptr);
    EXPECT_NE(sites.provisioning_at("b.example.net"), nullptr);
    EXPECT_EQ(held->instance, &one.instance);
}

TEST(Sites, LetsNoInstanceTakeTheNameOfAnother) {
    const Served victim("0ne00TEST01", {"dps.example.net"});
    Served thief("0ne00TEST02", {"dps.example.net", "thief.example.net"});
    Sites sites;
    sites.add(victim.site());
    sites.add(thief.site());
    EXPECT_EQ(sites.provisioning_at("dps.example.net")->instance, &victim.instance);
    thief.rename(sites, {"DPS.example.net."});
    EXPECT_EQ(sites.provisioning_at("dps.example.net")->instance, &victim.instance);
    EXPECT_EQ(sites.provisioning_at("thief.example.net"), nullptr);

    thief.rename(sites, {});
    sites.remove(IdScope("0ne00TEST02"));
    EXPECT_EQ(sites.provisioning_at("dps.example.net")->instance, &victim.instance);
}

/// A site that ends waits for its work; whoever asks for another one meanwhile does not.
TEST(Sites, EndWithoutKeepingOthersWaiting) {
    const Served one("0ne00TEST01", {"dps.example.net"});
    Sites sites;
    auto* site = new ProvisioningSite{.instance = &one.instance};
    bool was_answered = false;
    sites.add(SitePtr(site, [&](const ProvisioningSite* ended) {
        auto asked = std::async(std::launch::async, [&] { return sites.hub_at("hub"); });
        was_answered = asked.wait_for(std::chrono::seconds(5)) == std::future_status::ready;
        delete ended;
        if (!was_answered) {
            std::abort(); // or the destructor of `asked` waits forever
        }
    }));
    sites.remove(IdScope("0ne00TEST01"));
    EXPECT_TRUE(was_answered);
}

TEST(Sites, MayChangeWhileTheyAreRead) {
    const Served stays("0ne00TEST01", {"stays.example.net"});
    Sites sites;
    sites.add(stays.site());
    std::atomic<bool> done = false;
    std::thread reader([&] {
        while (!done) {
            EXPECT_NE(sites.provisioning_at("stays.example.net"), nullptr);
            const auto other = sites.provisioning_of(IdScope("0ne00TEST02"));
            EXPECT_TRUE(other == nullptr || other->instance->scope().text() == "0ne00TEST02");
        }
    });
    Served moves("0ne00TEST02", {"a.example.net"});
    for (int i = 0; i < 200; ++i) {
        sites.add(moves.site());
        moves.rename(sites, {std::to_string(i) + ".example.net"});
        sites.remove(IdScope("0ne00TEST02"));
    }
    done = true;
    reader.join();
}

} // namespace
} // namespace muster::gateway
