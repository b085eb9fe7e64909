#include "net/socket.h"

#include <gtest/gtest.h>

#include <netinet/in.h>

namespace muster::net {

TEST(Endpoint, IsShownAsPeopleWriteIt) {
    EXPECT_EQ(numeric_endpoint("127.0.0.1", 443)->text(), "127.0.0.1:443");
    EXPECT_EQ(numeric_endpoint("::1", 8883)->text(), "[::1]:8883");
    EXPECT_EQ(numeric_endpoint("::ffff:10.1.2.3", 80)->text(), "10.1.2.3:80");
}

TEST(Endpoint, TakesAddressesInDigitsOnly) {
    for (const std::string text :
         {"", "localhost", "1.2.3", "1.2.3.4.5", "127.1", "[::1]", "::g"}) {
        const Result<Endpoint> endpoint = numeric_endpoint(text, 1);
        ASSERT_FALSE(endpoint.has_value()) << text;
        EXPECT_EQ(endpoint.error().code, Code::malformed);
    }
}

TEST(Resolve, TakesAddressesAsTheyAre) {
    const Result<std::vector<Endpoint>> found = resolve("127.0.0.3", 5);
    ASSERT_TRUE(found.has_value());
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().text(), "127.0.0.3:5");
}

TEST(Resolve, SaysWhichNameHasNoAddress) {
    const Result<std::vector<Endpoint>> found = resolve("nobody.invalid", 5);
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().code, Code::unavailable);
    EXPECT_TRUE(found.error().detail.contains("nobody.invalid")) << found.error().detail;
}

TEST(ListenOn, SharesOneChosenPortAmongItsSockets) {
    const Result<std::vector<Socket>> sockets = listen_on("127.0.0.1", 0, 3);
    ASSERT_TRUE(sockets.has_value());
    const std::uint16_t port = local_endpoint(sockets->front())->port();
    EXPECT_NE(port, 0);
    for (const Socket& socket : *sockets) {
        EXPECT_EQ(local_endpoint(socket)->port(), port);
    }
}

TEST(ListenOn, ServesBothFamiliesOnTheIpv6Wildcard) {
    const Result<std::vector<Socket>> sockets = listen_on("::", 0, 1);
    if (!sockets) {
        GTEST_SKIP() << "no IPv6 here: " << sockets.error().detail;
    }
    const std::uint16_t port = local_endpoint(sockets->front())->port();
    const Socket client(::socket(AF_INET, SOCK_STREAM, 0));
    const Endpoint endpoint = numeric_endpoint("127.0.0.1", port).value();
    EXPECT_EQ(::connect(client.get(), endpoint.raw(), endpoint.length), 0);
}

TEST(ListenOn, RefusesAPortThatASharingListenerOfOursHolds) {
    const Result<std::vector<Socket>> first = listen_on("127.0.0.1", 0, 2);
    ASSERT_TRUE(first.has_value());
    const Endpoint taken = local_endpoint(first->front()).value();
    const Result<std::vector<Socket>> second = listen_on("127.0.0.1", taken.port(), 2);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, Code::unavailable);
    EXPECT_EQ(second.error().detail, taken.text() + " is in use by another program");
}

} // namespace muster::net
