#include "gateway/sites.h"

#include <gtest/gtest.h>

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

TEST(Sites, FindsByScopeExactlyAndByHostWithoutCase) {
    provisioning::Instance instance;
    instance.scope = IdScope("0ne00TEST01");
    instance.host_names = {"dps.example.net", "::1"};
    Sites sites;
    sites.add({.instance = &instance});

    ASSERT_NE(sites.provisioning_of(IdScope("0ne00TEST01")), nullptr);
    EXPECT_EQ(sites.provisioning_of(IdScope("0ne00TEST01"))->instance, &instance);
    EXPECT_EQ(sites.provisioning_of(IdScope("0NE00TEST01")), nullptr);
    EXPECT_NE(sites.provisioning_at("DPS.example.net:443"), nullptr);
    EXPECT_NE(sites.provisioning_at("[::1]:443"), nullptr);
    EXPECT_EQ(sites.provisioning_at("other.example.net"), nullptr);
    EXPECT_EQ(sites.provisioning_at(""), nullptr);
    EXPECT_EQ(sites.hub_at("dps.example.net"), nullptr);
}

} // namespace
} // namespace muster::gateway
