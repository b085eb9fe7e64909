// Queries over HTTPS, as the clients put them.

#include "gateway/hub_world.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

class HubQueryTest : public testing::Test {
  protected:
    HubQueryTest() {
        for (const char* id : {"a", "b", "c"}) {
            const auto put = world.ask({.method = "PUT",
                                        .target = std::string("/devices/") + id,
                                        .body = std::string(R"({"deviceId":")") + id + "\"}"});
            EXPECT_EQ(put.status, 200U) << put.body;
        }
        world.ask(
            {.method = "PATCH", .target = "/twins/b", .body = R"({"tags":{"site":"north"}})"});
    }

    HttpReply query(const std::string& text,
                    const std::vector<std::pair<std::string, std::string>>& headers = {},
                    std::string_view policy = "iothubowner") {
        HttpAsk request{.method = "POST",
                        .target = "/devices/query",
                        .body = to_text(JsonObject{{"query", text}})};
        for (const auto& [name, value] : headers) {
            request.headers.push_back({name, value});
        }
        return world.ask(std::move(request), policy);
    }

    HubWorld world;
};

// IOTHUB-25: the two headers.
TEST_F(HubQueryTest, AnswersPageByPage) {
    const std::string text = "SELECT deviceId FROM devices WHERE deviceId IN ['a','b','c']";
    const auto first = query(text, {{"x-ms-max-item-count", "2"}});
    ASSERT_EQ(first.status, 200U) << first.body;
    EXPECT_EQ(first.body, R"([{"deviceId":"a"},{"deviceId":"b"}])");
    EXPECT_EQ(first.header("x-ms-item-type"), "Raw");
    EXPECT_EQ(first.header("Content-Type"), "application/json; charset=utf-8");
    const std::string token(first.header("x-ms-continuation"));
    ASSERT_FALSE(token.empty());
    const auto second = query(text, {{"x-ms-max-item-count", "2"}, {"x-ms-continuation", token}});
    EXPECT_EQ(second.body, R"([{"deviceId":"c"}])");
    EXPECT_EQ(second.header("x-ms-continuation"), "");
    EXPECT_EQ(query("SELECT deviceId FROM devices", {{"x-ms-continuation", token}}).status, 400U);
}

TEST_F(HubQueryTest, NamesTheKindOfItsRows) {
    const auto twins = query("select * from devices where tags.site = 'north'");
    EXPECT_EQ(twins.header("x-ms-item-type"), "Twin");
    EXPECT_EQ(twins.body, "[" + world.ask({.method = "GET", .target = "/twins/b"}).body + "]");
    const auto count = query("SELECT COUNT() AS total FROM devices");
    EXPECT_EQ(count.header("x-ms-item-type"), "Raw");
    EXPECT_TRUE(count.body.starts_with(R"([{"total":)")) << count.body;
    const auto jobs = query("SELECT * FROM devices.jobs WHERE deviceId = 'a'");
    EXPECT_EQ(jobs.header("x-ms-item-type"), "DeviceJob");
    EXPECT_EQ(jobs.body, "[]");
    EXPECT_EQ(query("SELECT * FROM devices WHERE false").body, "[]");
}

TEST_F(HubQueryTest, RefusesWithThePlace) {
    const auto reply = query("SELECT * FROM devices WHERE tags.site == 'north'");
    EXPECT_EQ(reply.status, 400U);
    EXPECT_EQ(reply.header("iothub-errorcode"), "ArgumentInvalid");
    EXPECT_TRUE(reply.body.contains("line 1, column 40: expected a value but found '='"))
        << reply.body;
    EXPECT_EQ(query("SELECT * FROM devices", {{"x-ms-max-item-count", "many"}}).status, 400U);
    EXPECT_EQ(query("SELECT * FROM devices", {{"x-ms-max-item-count", "0"}}).status, 400U);
    EXPECT_EQ(query("SELECT * FROM devices", {{"x-ms-max-item-count", "100000"}}).status, 200U);
    EXPECT_EQ(query("").status, 400U);
    EXPECT_EQ(query(std::string(8200, ' ')).status, 400U);
    EXPECT_EQ(query("SELECT * FROM devices", {}, "registryRead").status, 401U);
    EXPECT_EQ(world.ask({.method = "POST", .target = "/devices/query", .body = "[]"}).status, 400U);
}

} // namespace
} // namespace muster::gateway
