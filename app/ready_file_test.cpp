#include "app/ready_file.h"
#include "base/file.h"
#include "base/json.h"
#include "crypto/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstdlib>

namespace muster::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ReadyFileTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = "/tmp/muster-ready-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }

    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path folder_;
};

ReadyFile example() {
    const Secret key("0123456789abcdef");
    ReadyFile ready;
    ready.id_scope = "0ne00112233";
    ready.provisioning_host = "dps.example.org";
    ready.provisioning_address = "127.0.0.1";
    ready.https_port = 8443;
    ready.ca_file = "/data/ca.pem";
    ready.service_connection_string = connection_string("dps.example.org", "owner", key);
    ready.hubs.push_back(
        {"hub-1", "127.0.0.2", connection_string("127.0.0.2", "iothubowner", key)});
    return ready;
}

TEST_F(ReadyFileTest, has_the_members_that_tools_read_and_is_private) {
    const auto path = folder_ / "ready.json";
    ASSERT_TRUE(write_ready_file(path, example()));
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);

    const auto text = read_file(path, 4096);
    ASSERT_TRUE(text);
    const auto document = parse_json_object(*text);
    ASSERT_TRUE(document);
    for (const char* member : {"idScope", "provisioningHost", "provisioningAddress", "httpsPort",
                               "mqttPort", "caFile", "serviceConnectionString", "hubs"}) {
        EXPECT_NE(find_member(*document, member), nullptr) << member;
    }
    const JsonObject& hub = document->at("hubs").as_array()[0].as_object();
    EXPECT_EQ(hub.at("connectionString").as_string(),
              "HostName=127.0.0.2;SharedAccessKeyName=iothubowner;"
              "SharedAccessKey=MDEyMzQ1Njc4OWFiY2RlZg==");
}

TEST_F(ReadyFileTest, is_read_back) {
    const auto path = folder_ / "ready.json";
    ASSERT_TRUE(write_ready_file(path, example()));
    const auto ready = read_ready_file(path);
    ASSERT_TRUE(ready) << ready.error().detail;
    EXPECT_EQ(ready->https_port, 8443);
    EXPECT_EQ(ready->hubs.at(0).host_name, "127.0.0.2");
    EXPECT_EQ(ready->service_connection_string, example().service_connection_string);
}

TEST_F(ReadyFileTest, a_broken_file_is_said_to_be_broken) {
    const auto path = folder_ / "ready.json";
    for (const char* text : {"", "[]", "{}", R"({"idScope":1})",
                             R"({"idScope":"a","provisioningHost":"b","provisioningAddress":"c",
                                 "caFile":"d","httpsPort":0,"mqttPort":1,
                                 "serviceConnectionString":"x","hubs":[]})"}) {
        ASSERT_TRUE(write_file_atomically(path, text, 0600));
        const auto ready = read_ready_file(path);
        ASSERT_FALSE(ready) << text;
        EXPECT_EQ(ready.error().code, Code::malformed);
    }
    EXPECT_FALSE(read_ready_file(folder_ / "absent.json"));
}

TEST(ConnectionStrings, are_read_in_any_order_and_case) {
    const auto connection = parse_connection_string(
        "sharedaccesskey=MDEyMzQ1Njc4OWFiY2RlZg==;HOSTNAME=a.b;SharedAccessKeyName=p");
    ASSERT_TRUE(connection) << connection.error().detail;
    EXPECT_EQ(connection->host, "a.b");
    EXPECT_EQ(connection->policy, "p");
    EXPECT_EQ(connection->key.reveal(), "0123456789abcdef");
}

TEST(ConnectionStrings, a_mistake_does_not_show_the_key) {
    for (const char* text :
         {"", "HostName=a.b", "HostName=a.b;SharedAccessKeyName=p;SharedAccessKey=c2VjcmV0!",
          "SharedAccessKeyName=p;SharedAccessKey=MDEyMzQ1Njc4OWFiY2RlZg=="}) {
        const auto connection = parse_connection_string(text);
        ASSERT_FALSE(connection) << text;
        EXPECT_EQ(connection.error().code, Code::malformed);
        EXPECT_THAT(connection.error().detail, Not(HasSubstr("c2Vj")));
        EXPECT_THAT(connection.error().detail, Not(HasSubstr("MDEy")));
    }
}

} // namespace
} // namespace muster::app
