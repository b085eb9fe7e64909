#include "gateway/control/connection_string.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

TEST(ConnectionString, IsReadFieldByField) {
    const auto parsed = parse_connection_string(
        "HostName=hub-1.example.net;SharedAccessKeyName=iothubowner;SharedAccessKey=a2V5PT0=");
    EXPECT_EQ(parsed.host_name, "hub-1.example.net");
    EXPECT_EQ(parsed.policy, "iothubowner");
    EXPECT_EQ(parsed.key, "a2V5PT0=");
    EXPECT_FALSE(parsed.is_masked());
}

TEST(ConnectionString, FieldsComeInAnyOrderAndCase) {
    const auto parsed = parse_connection_string(
        " sharedaccesskey = **** ;DeviceId=dev;hostname=hub-1.example.net;;nothing");
    EXPECT_EQ(parsed.host_name, "hub-1.example.net");
    EXPECT_EQ(parsed.policy, "");
    EXPECT_TRUE(parsed.is_masked());
}

TEST(ConnectionString, OtherTextsHaveNoFields) {
    for (const auto* text : {"", ";", "=", ";;=;", "hub-1.example.net", "Host Name=a"}) {
        const auto parsed = parse_connection_string(text);
        EXPECT_TRUE(parsed.host_name.empty() && parsed.policy.empty() && parsed.key.empty())
            << text;
        EXPECT_FALSE(parsed.is_masked()) << text;
    }
}

} // namespace
} // namespace muster::gateway
