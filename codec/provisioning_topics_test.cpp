#include "codec/topics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace muster::topics {
namespace {

using namespace std::string_literals;

const std::string register_topic = "$dps/registrations/PUT/iotdps-register/?";
const std::string status_topic = "$dps/registrations/GET/iotdps-get-operationstatus/?";

TEST(ProvisioningUser, refuses_what_names_no_scope_or_registration) {
    for (const auto* user_name :
         {"", "/", "0ne1", "0ne1/", "0ne1/registrations", "0ne1/registrations/",
          "/registrations/dev-1", "/registrations/dev-1/api-version=2019-03-31",
          "0ne1/registrations//api-version=2019-03-31", "0ne1/Registrations/dev-1",
          "0ne1/devices/dev-1/api-version=2019-03-31", "hub.example.org/dev-1/?api-version=2021"}) {
        const auto user = parse_provisioning_user(user_name);
        ASSERT_FALSE(user.has_value()) << user_name;
        EXPECT_EQ(user.error().code, Code::malformed) << user_name;
    }
}

struct UserCase {
    std::string user_name;
    ProvisioningUser user;
};

// DPS-DEVICE-34: ClientVersion absent, encoded or odd; parameters in any order.
TEST(ProvisioningUser, reads_what_each_client_sends) {
    const UserCase cases[] = {
        {"0ne1/registrations/dev-1/api-version=2019-03-31&ClientVersion=azure-iot-provisioning-"
         "device%2F1.9.1",
         {"0ne1", "dev-1", "2019-03-31", "azure-iot-provisioning-device/1.9.1"}}, // Node
        {"0ne1/registrations/dev-1/api-version=2021-06-01&ClientVersion=1.15.0",
         {"0ne1", "dev-1", "2021-06-01", "1.15.0"}}, // C
        {"0ne1/registrations/dev-1/api-version=2019-03-31", {"0ne1", "dev-1", "2019-03-31", ""}},
        {"0ne1/registrations/dev-1/ClientVersion=a&api-version=2019-03-31",
         {"0ne1", "dev-1", "2019-03-31", "a"}},
        {"0ne1/registrations/dev-1/api-version=2019-03-31&ClientVersion=a/b;c=d?e 100%",
         {"0ne1", "dev-1", "2019-03-31", "a/b;c=d?e 100%"}},
        {"0ne1/registrations/dev-1/api-version=2019-03-31&ClientVersion=%ff",
         {"0ne1", "dev-1", "2019-03-31", "%ff"}},
        {"0ne1/registrations/dev-1/ClientVersion&new=parameter", {"0ne1", "dev-1", "", ""}},
        {"0ne1/registrations/a:b_C.9/", {"0ne1", "a:b_C.9", "", ""}},
        {"0ne1/registrations/dev-1", {"0ne1", "dev-1", "", ""}},
    };
    for (const auto& [user_name, expected] : cases) {
        const auto user = parse_provisioning_user(user_name);
        ASSERT_TRUE(user.has_value()) << user_name;
        EXPECT_EQ(*user, expected) << user_name;
    }
}

TEST(ProvisioningTopic, refuses_everything_else) {
    for (const auto& topic : {""s,
                              "$dps"s,
                              "$dps/registrations/res/200/?$rid=1"s,
                              register_topic,
                              register_topic + "$rid",
                              register_topic + "$rid=",
                              register_topic + "rid=1",
                              register_topic + "&",
                              register_topic + "$RID=1",
                              register_topic + "$rid=a$b",
                              register_topic + "$rid=" + std::string(rid_bytes_max + 1, 'a'),
                              "$dps/registrations/PUT/iotdps-register?$rid=1"s,
                              "$dps/registrations/put/iotdps-register/?$rid=1"s,
                              "/$dps/registrations/PUT/iotdps-register/?$rid=1"s,
                              status_topic + "$rid=1",
                              status_topic + "operationId=5.x",
                              status_topic + "$rid=1&operationId=",
                              status_topic + "$rid=1&operationId=%",
                              status_topic + "$rid=1&operationId=%4",
                              status_topic + "$rid=1&operationId=%zz",
                              status_topic + "$rid=1&operationId=%ff",
                              "$iothub/twin/GET/?$rid=1"s}) {
        const auto parsed = parse_provisioning_topic(topic);
        ASSERT_FALSE(parsed.has_value()) << topic;
        EXPECT_EQ(parsed.error().code, Code::malformed) << topic;
    }
}

// DPS-DEVICE-40: $rid byte for byte, whatever form the client gives it.
TEST(ProvisioningTopic, keeps_the_rid_as_it_came) {
    for (const auto& rid : {"1"s, "27ad4fd8-8249-49d2-ab3d-8c745864f1f5"s, "%41%zz"s, "a=b"s,
                            "A b"s, std::string(rid_bytes_max, 'r')}) {
        const auto topic = parse_provisioning_topic(register_topic + "$rid=" + rid);
        ASSERT_TRUE(topic.has_value()) << rid;
        EXPECT_EQ(*topic, ProvisioningTopic(RegisterTopic{.rid = rid}));
    }
}

TEST(ProvisioningTopic, reads_a_status_query_with_its_parameters_in_any_order) {
    const ProvisioningTopic expected = StatusTopic{.rid = "7", .operation_id = "5.x.y"};
    for (const auto* query : {"$rid=7&operationId=5.x.y", "operationId=5.x.y&$rid=7",
                              "$rid=7&operationId=5%2Ex%2ey", "$rid=7&new=1&operationId=5.x.y&"}) {
        const auto topic = parse_provisioning_topic(status_topic + query);
        ASSERT_TRUE(topic.has_value()) << query;
        EXPECT_EQ(*topic, expected) << query;
    }
}

// DPS-DEVICE-39: $rid first, exactly two '$', no other or duplicate key.
TEST(ProvisioningResponse, has_the_one_shape_that_every_client_reads) {
    EXPECT_EQ(provisioning_response(202, "1", 3),
              "$dps/registrations/res/202/?$rid=1&retry-after=3");
    EXPECT_EQ(provisioning_response(200, "a-b", std::nullopt),
              "$dps/registrations/res/200/?$rid=a-b");
    const auto topic = provisioning_response(401, "x", 3);
    EXPECT_EQ(std::ranges::count(topic, '$'), 2);
}

TEST(ProvisioningResponse, to_the_longest_rid_still_fits_a_topic) {
    EXPECT_LT(provisioning_response(202, std::string(rid_bytes_max, 'r'), 4'294'967'295U).size(),
              65'535U);
}

} // namespace
} // namespace muster::topics
