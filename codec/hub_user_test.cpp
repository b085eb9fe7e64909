#include "codec/topics.h"

#include <gtest/gtest.h>

#include <string>

namespace muster::topics {
namespace {

TEST(HubUser, refuses_what_names_no_host_or_device) {
    for (const auto* user_name :
         {"", "/", "hub.example.org", "hub.example.org/", "/dev-1/?api-version=2021-04-12",
          "hub.example.org/?api-version=2021-04-12", "hub.example.org//?api-version=2021-04-12",
          "hub.example.org/dev-1//?api-version=2021-04-12", "hub.example.org//cam/?a=b",
          "hub.example.org/dev-1/cam/more/?api-version=2021-04-12", "hub.example.org:/dev-1",
          "hub.example.org:https/dev-1", ":8883/dev-1", "[::1/dev-1"}) {
        const auto user = parse_hub_user(user_name);
        ASSERT_FALSE(user.has_value()) << user_name;
        EXPECT_EQ(user.error().code, Code::malformed) << user_name;
    }
}

struct UserCase {
    std::string user_name;
    HubUser user;
};

// IOTHUB-3: with and without each parameter, and the bare form.
TEST(HubUser, reads_what_each_client_sends) {
    const UserCase cases[] = {
        {"hub1.example.org/dev-01/?api-version=2021-04-12&DeviceClientType=azure-iot-device%2F1.18",
         {"hub1.example.org", "dev-01", "", "2021-04-12", "", "azure-iot-device/1.18"}}, // Node
        {"hub1.example.org/dev-01/?api-version=2020-09-30&DeviceClientType=iothubclient%2f1.10.0"
         "%20(native%3b%20Linux)&model-id=dtmi%3aa%3bb%3b1",
         {"hub1.example.org", "dev-01", "", "2020-09-30", "dtmi:a;b;1",
          "iothubclient/1.10.0 (native; Linux)"}}, // C
        {"hub1.example.org/dev-01/cam/?api-version=2020-09-30",
         {"hub1.example.org", "dev-01", "cam", "2020-09-30", "", ""}},
        {"hub1.example.org/dev-01/?DeviceClientType=x&auth-chain=a%3Bb&api-version=2020-09-30",
         {"hub1.example.org", "dev-01", "", "2020-09-30", "", "x"}}, // C#
        {"hub1.example.org/dev-01", {"hub1.example.org", "dev-01", "", "", "", ""}},
        {"hub1.example.org/dev-01/", {"hub1.example.org", "dev-01", "", "", "", ""}},
        {"hub1.example.org/dev-01/cam", {"hub1.example.org", "dev-01", "cam", "", "", ""}},
        {"hub1.example.org/dev-01?api-version=2020-09-30",
         {"hub1.example.org", "dev-01", "", "2020-09-30", "", ""}},
        {"HUB1.Example.org:8883/Dev-01/?api-version=2020-09-30",
         {"hub1.example.org", "Dev-01", "", "2020-09-30", "", ""}},
        {"[::1]:8883/dev-01", {"[::1]", "dev-01", "", "", "", ""}},
        {"127.0.0.2/dev-01", {"127.0.0.2", "dev-01", "", "", "", ""}},
        {"h/d?x/?api-version=1", {"h", "d?x", "", "1", "", ""}},     // '?' is legal in an id
        {"h/d%2F1/?api-version=1", {"h", "d%2F1", "", "1", "", ""}}, // ids are never decoded
        {"h/d/?DeviceClientType=100%&model-id=%ff", {"h", "d", "", "", "%ff", "100%"}},
    };
    for (const auto& [user_name, expected] : cases) {
        const auto user = parse_hub_user(user_name);
        ASSERT_TRUE(user.has_value()) << user_name;
        EXPECT_EQ(*user, expected) << user_name;
    }
}

} // namespace
} // namespace muster::topics
