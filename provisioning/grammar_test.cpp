#include "provisioning/grammar.h"

#include <gtest/gtest.h>

#include <string>

namespace muster::provisioning {
namespace {

std::string of(std::size_t count) {
    return std::string(count, 'a');
}

TEST(Grammar, InstanceNames) {
    for (const std::string& bad :
         {std::string(), of(2), of(51), std::string("123"), std::string("-abc"),
          std::string("abc-"), std::string("a_b"), std::string("a.b.c"), std::string("a b"),
          std::string("abc\n"), std::string("äöü"), std::string("abc\0", 4)}) {
        EXPECT_FALSE(is_instance_name(bad)) << bad;
    }
    for (const std::string& good : {of(3), of(50), std::string("12a"), std::string("1-2"),
                                    std::string("My-DPS-01"), std::string("0ne00test01")}) {
        EXPECT_TRUE(is_instance_name(good)) << good;
    }
}

TEST(Grammar, TenantNames) {
    for (const std::string& bad : {std::string(), of(91), std::string("a."), std::string("a/b"),
                                   std::string("a b"), std::string("ä")}) {
        EXPECT_FALSE(is_tenant_name(bad)) << bad;
    }
    for (const std::string& good :
         {of(1), of(90), std::string("rg-1_(x).y"), std::string("..-"), std::string("1")}) {
        EXPECT_TRUE(is_tenant_name(good)) << good;
    }
}

TEST(Grammar, PolicyAndCertificateNames) {
    for (const std::string& bad : {std::string(), of(257), std::string("a b"), std::string("a/b"),
                                   std::string("a\"b"), std::string("a%b")}) {
        EXPECT_FALSE(is_policy_name(bad)) << bad;
        EXPECT_FALSE(is_certificate_name(bad)) << bad;
    }
    EXPECT_TRUE(is_policy_name("a_B-1.c@d"));
    EXPECT_TRUE(is_certificate_name("a_B-1.c"));
    EXPECT_FALSE(is_certificate_name("a@b"));
    EXPECT_TRUE(is_policy_name(of(256)));
}

TEST(Grammar, HostNames) {
    for (const std::string& bad :
         {std::string(), std::string("."), std::string("a..b"), std::string("-a"),
          std::string("a-"), std::string("a:443"), std::string("a/b"), of(64), std::string("[::1]"),
          std::string("a b"), of(60) + '.' + of(60) + '.' + of(60) + '.' + of(60) + '.' + of(60)}) {
        EXPECT_FALSE(is_host_name(bad)) << bad;
    }
    for (const auto* good : {"localhost", "dps.example.net", "10.0.0.1", "::1", "A-b.c1", "_x.y"}) {
        EXPECT_TRUE(is_host_name(good)) << good;
    }
}

TEST(Grammar, Labels) {
    for (const std::string& bad :
         {std::string(), std::string("a\nb"), std::string("\x7f"), std::string("\xC2\x85"),
          std::string("\xFF"), of(6), std::string("a\0", 2)}) {
        EXPECT_FALSE(is_label(bad, 5)) << bad;
    }
    EXPECT_TRUE(is_label("äöüßé", 5));
    EXPECT_FALSE(is_label("äöüßéa", 5));
    EXPECT_TRUE(is_label("\xC3\x85 ok", 5)); // a continuation byte that is no control
    EXPECT_TRUE(is_label("🙂🙂🙂🙂🙂", 5));
}

TEST(Grammar, Reasons) {
    EXPECT_TRUE(check_reason(""));
    EXPECT_TRUE(check_reason(of(256)));
    for (const std::string& bad : {of(257), std::string("a\nb"), std::string("\xFF")}) {
        const auto checked = check_reason(bad);
        EXPECT_TRUE(!checked && checked.error().code == Code::malformed) << bad;
    }
}

} // namespace
} // namespace muster::provisioning
