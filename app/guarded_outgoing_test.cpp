#include "app/guarded_outgoing.h"

#include <gtest/gtest.h>

namespace muster::app {
namespace {

const AllowedInside nothing({});

TEST(AllowedInside, WhatIsOutsideMayBeCalled) {
    EXPECT_TRUE(nothing.permits("93.184.216.34"));
    EXPECT_TRUE(nothing.permits("2606:2800:220:1::1"));
    EXPECT_FALSE(nothing.permits("functions.lan")) << "no address";
    EXPECT_FALSE(nothing.permits(""));
}

TEST(AllowedInside, WhatIsInsideMayNotUnlessListed) {
    const AllowedInside some({"10.1.0.0/16", "fd00:1::/32", "192.168.0.7", "functions.lan"});
    for (const auto* address : {"10.1.2.3", "fd00:1::9", "192.168.0.7", "::ffff:10.1.2.3"}) {
        EXPECT_FALSE(nothing.permits(address)) << address;
        EXPECT_TRUE(some.permits(address)) << address;
    }
    for (const auto* address :
         {"127.0.0.1", "::1", "10.2.0.1", "192.168.0.8", "169.254.1.1", "0.0.0.0", "::", "fe80::1",
          "::ffff:127.0.0.1", "64:ff9b::7f00:1"}) {
        EXPECT_FALSE(some.permits(address)) << address;
    }
}

TEST(AllowedInside, MetadataIsForWhomeverNamesItsVeryAddress) {
    const AllowedInside wide({"0.0.0.0/0", "::/0", "metadata.lan"});
    for (const auto* address :
         {"169.254.169.254", "169.254.170.2", "fd00:ec2::254", "fd20:ce::254", "168.63.129.16",
          "192.0.0.192", "100.100.100.200", "::ffff:169.254.169.254", "FD00:EC2:0::254"}) {
        EXPECT_FALSE(nothing.permits(address)) << address;
        EXPECT_FALSE(nothing.permits_named_host(address)) << address;
        EXPECT_FALSE(wide.permits(address)) << address;
        EXPECT_FALSE(wide.permits_named_host(address)) << address;
        EXPECT_TRUE(AllowedInside({address}).permits(address)) << address;
        EXPECT_TRUE(AllowedInside({address}).permits_named_host(address)) << address;
    }
    EXPECT_TRUE(AllowedInside({"169.254.169.254/32"}).permits("169.254.169.254"));
    EXPECT_FALSE(AllowedInside({"169.254.169.254/31"}).permits("169.254.169.254"));
}

TEST(AllowedInside, ANamedHostMayBeAnywhereElse) {
    const AllowedInside some({"Functions.LAN"});
    EXPECT_TRUE(some.names("functions.lan"));
    EXPECT_TRUE(some.names("FUNCTIONS.lan"));
    EXPECT_FALSE(some.names("other.functions.lan"));
    EXPECT_FALSE(some.names("functions.lan.example.org"));
    EXPECT_FALSE(some.names(""));
    EXPECT_TRUE(some.permits_named_host("127.0.0.1"));
    EXPECT_FALSE(some.permits_named_host("no address"));
}

/// Nothing listens on this port of any machine, so "may be called" ends as unavailable.
Code outcome(const std::vector<std::string>& allow, const std::string& url) {
    GuardedOutgoing outgoing({.allow = allow, .ca_pem = {}});
    const auto reply = outgoing.send({.method = "POST",
                                      .url = url,
                                      .headers = {},
                                      .body = "{}",
                                      .time_max = std::chrono::seconds(5),
                                      .plain_http_allowed = true});
    EXPECT_FALSE(reply) << url;
    return reply ? Code::internal : reply.error().code;
}

TEST(GuardedOutgoing, GoesNowhereInside) {
    for (const auto* url :
         {"https://127.0.0.1:1/", "https://localhost:1/", "https://[::1]:1/", "https://0.0.0.0:1/",
          "https://2130706433:1/", "https://0x7f.1:1/", "https://127.1:1/", "https://0177.0.0.1:1/",
          "https://[::ffff:127.0.0.1]:1/", "https://[::ffff:7f00:1]:1/",
          "https://%31%32%37.0.0.1:1/", "https://169.254.169.254/latest/meta-data/",
          "https://10.0.0.1:1/"}) {
        EXPECT_EQ(outcome({}, url), Code::forbidden) << url;
        EXPECT_EQ(outcome({"10.9.0.0/16", "functions.lan"}, url), Code::forbidden) << url;
    }
}

TEST(GuardedOutgoing, UnlessToldTo) {
    EXPECT_EQ(outcome({"127.0.0.0/8"}, "https://127.0.0.1:1/"), Code::unavailable);
    EXPECT_EQ(outcome({"127.0.0.0/8"}, "https://2130706433:1/"), Code::unavailable);
    EXPECT_EQ(outcome({"localhost"}, "https://localhost:1/"), Code::unavailable);
    EXPECT_EQ(outcome({"localhost"}, "https://LocalHost:1/"), Code::unavailable);
    EXPECT_EQ(outcome({"localhost"}, "https://127.0.0.1:1/"), Code::forbidden)
        << "the name is allowed, not the address";
}

TEST(GuardedOutgoing, PlainHttpIsForWhatIsListed) {
    EXPECT_EQ(outcome({}, "http://example.invalid:1/"), Code::forbidden);
    EXPECT_EQ(outcome({}, "http://127.0.0.1:1/"), Code::forbidden);
    EXPECT_EQ(outcome({"127.0.0.1"}, "http://localhost:1/"), Code::forbidden)
        << "who can say where a name leads next time";
    EXPECT_EQ(outcome({"127.0.0.1"}, "http://127.0.0.1:1/"), Code::unavailable);
    EXPECT_EQ(outcome({"localhost"}, "http://localhost:1/"), Code::unavailable);
    EXPECT_EQ(outcome({"0.0.0.0/0"}, "http://169.254.169.254/"), Code::forbidden);
}

TEST(GuardedOutgoing, SpeaksNothingButHttp) {
    for (const auto* url : {"", "file:///etc/passwd", "gopher://127.0.0.1:1/_x", "localhost:1",
                            "https://me:SeCrEt@localhost:1/", "https:///", "ftp://localhost/"}) {
        EXPECT_EQ(outcome({"localhost", "127.0.0.1"}, url), Code::malformed) << url;
    }
}

} // namespace
} // namespace muster::app
