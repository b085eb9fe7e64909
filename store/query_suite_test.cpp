// Queries over both engines: what they answer, page by page, and that nobody else's token is taken.

#include "hub/documents.h"
#include "store/suite.h"

namespace muster::store {

namespace {

class QuerySuite : public StoreSuite {
  protected:
    void SetUp() override {
        create("a", R"({"site":"north","floor":1,"on":true})");
        create("b", R"({"site":"south","floor":2,"net":{"apn":"iot"}})");
        create("c", R"({"site":"north","floor":3})", hub::DeviceStatus::disabled);
        create("d", R"({"list":["x"],"floor":2.5})");
        create("e", "{}", hub::DeviceStatus::enabled, hub_2);
    }

    void create(std::string_view id, std::string_view tags,
                hub::DeviceStatus status = hub::DeviceStatus::enabled, const HubName& in = hub_1) {
        auto made = device_with_twin(id);
        made.device.status = status;
        made.twin.tags = *parse_json_object(tags);
        ASSERT_TRUE(stores().devices().create(in, made));
    }

    Result<hub::QueryPage> page(std::string_view text, const std::string& continuation = {},
                                std::size_t rows_max = 100, const HubName& in = hub_1) {
        const auto query = query::parse_query(text);
        EXPECT_TRUE(query) << query.error().detail;
        return stores().twin_queries().run(in, *query,
                                           {.continuation = continuation, .rows_max = rows_max});
    }

    /// All rows of all pages, separated by blanks.
    std::string all(std::string_view text, std::size_t rows_max = 100) {
        std::string rows;
        std::string continuation;
        do {
            auto found = page(text, continuation, rows_max);
            if (!found) {
                return describe(found.error());
            }
            EXPECT_LE(found->rows.size(), rows_max);
            for (const JsonObject& row : found->rows) {
                rows += (rows.empty() ? "" : " ") + to_text(row);
            }
            continuation = found->continuation;
        } while (!continuation.empty());
        return rows;
    }

    std::string ids(const std::string& condition) {
        std::string found = all("SELECT deviceId FROM devices WHERE " + condition, 2);
        std::erase_if(found, [](char c) { return c == '"' || c == '{' || c == '}'; });
        for (auto at = found.find("deviceId:"); at != std::string::npos;
             at = found.find("deviceId:")) {
            found.erase(at, 9);
        }
        return found;
    }

    std::string matching(std::string_view condition, const std::string& after = {},
                         std::size_t count_max = 100) {
        const auto parsed = query::parse_condition(condition, query::Dialect::twin);
        const auto found = stores().twin_queries().matching(hub_1, &*parsed, query::Source::devices,
                                                            after, count_max);
        std::string text;
        for (const hub::IdentityId& id : found->ids) {
            text += id.text() + " ";
        }
        return text + (found->is_last ? "." : "after " + found->after);
    }
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Engines, QuerySuite, every_engine, engine_name);

TEST_P(QuerySuite, FindsByTagsIdsAndStatus) {
    EXPECT_EQ(ids("tags.site = 'north'"), "a c");
    EXPECT_EQ(ids("'north' = tags.site AND tags.floor > 1"), "c");
    EXPECT_EQ(ids("tags.site IN ['south', 'north', 'north', 5]"), "a b c");
    EXPECT_EQ(ids("tags.site IN ['south'] OR tags.floor = 2.5"), "b d");
    EXPECT_EQ(ids("tags.floor = 2.5"), "d");
    EXPECT_EQ(ids("tags.floor = 2.0"), "b");
    EXPECT_EQ(ids("tags.on"), "a");
    EXPECT_EQ(ids("tags.net.apn = 'iot'"), "b");
    EXPECT_EQ(ids("tags.list[0] = 'x'"), "d");
    EXPECT_EQ(ids("deviceId = 'b'"), "b");
    EXPECT_EQ(ids("deviceId IN ['d', 'a', 'nobody', 'e', 7]"), "a d");
    EXPECT_EQ(ids("deviceId >= 'b' AND deviceId < 'd'"), "b c");
    EXPECT_EQ(ids("deviceId > 'b' AND deviceId <= 'd'"), "c d");
    EXPECT_EQ(ids("STARTS_WITH(deviceId, 'c')"), "c");
    EXPECT_EQ(ids("deviceId = 5"), "");
    EXPECT_EQ(ids("status = 'disabled'"), "c");
    EXPECT_EQ(ids("status = 'enabled'"), "a b d");
    EXPECT_EQ(ids("connectionState = 'Connected'"), "");
    EXPECT_EQ(ids("connectionState = 'Disconnected'"), "a b c d");
    EXPECT_EQ(ids("NOT IS_DEFINED(tags.site)"), "d");
    EXPECT_EQ(ids("version >= 1"), "a b c d");
}

TEST_P(QuerySuite, SeesEveryChangeAtOnce) {
    auto changed = twin(2);
    changed.tags = *parse_json_object(R"({"site":"west"})");
    ASSERT_TRUE(stores().devices().update_twin(hub_1, DeviceId("a"), changed, 1));
    EXPECT_EQ(ids("tags.site = 'north'"), "c");
    EXPECT_EQ(ids("tags.site = 'west'"), "a");
    EXPECT_EQ(all("SELECT COUNT() AS n FROM devices WHERE tags.floor = 1"), R"({"n":0})");
    auto device = *stores().devices().find_device(hub_1, DeviceId("c"));
    device->status = hub::DeviceStatus::enabled;
    ASSERT_TRUE(stores().devices().update_device(hub_1, *device, device->version));
    EXPECT_EQ(ids("status = 'disabled'"), "");
    ASSERT_TRUE(stores().devices().erase(hub_1, DeviceId("c"), device->version));
    reopen();
    EXPECT_EQ(ids("tags.site = 'north'"), "");
    create("c", R"({"site":"east"})");
    EXPECT_EQ(ids("IS_DEFINED(tags.site)"), "a b c");
}

TEST_P(QuerySuite, ShowsWholeTwinsAsTheServiceDoes) {
    const auto found = stores().devices().find(hub_1, DeviceId("a"));
    const auto rows = page("SELECT * FROM devices WHERE deviceId = 'a'");
    ASSERT_TRUE(rows && rows->rows.size() == 1);
    EXPECT_EQ(to_text(rows->rows.front()),
              to_text(to_document(hub::TwinView{
                  .device = (*found)->device, .twin = (*found)->twin, .presence = {}})));
}

TEST_P(QuerySuite, CountsAndGroups) {
    EXPECT_EQ(all("SELECT COUNT() AS n FROM devices"), R"({"n":4})");
    EXPECT_EQ(all("SELECT COUNT() AS n FROM devices.modules"), R"({"n":0})");
    EXPECT_EQ(all("SELECT COUNT() AS n FROM devices WHERE tags.site = 'north'"), R"({"n":2})");
    EXPECT_EQ(all("SELECT COUNT() AS n FROM devices WHERE tags.site IN ['north', 'south']"),
              R"({"n":3})");
    EXPECT_EQ(all("SELECT COUNT() AS n FROM devices WHERE tags.floor > 1"), R"({"n":3})");
    EXPECT_EQ(
        all("SELECT COUNT() AS n, SUM(tags.floor) AS s FROM devices WHERE tags.site = 'north'"),
        R"({"n":2,"s":4})");
    EXPECT_EQ(all("SELECT tags.site AS site, COUNT() AS n FROM devices GROUP BY tags.site", 1),
              R"({"n":1} {"site":"north","n":2} {"site":"south","n":1})");
    EXPECT_EQ(all("SELECT TOP 2 tags.site AS site FROM devices GROUP BY tags.site", 1),
              R"({} {"site":"north"})");
}

// IOTHUB-25: a continuation if and only if there is more.
TEST_P(QuerySuite, EndsWithAPageWithoutContinuation) {
    const auto first = page("SELECT deviceId FROM devices WHERE tags.floor < 3", {}, 2);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->rows.size(), 2U);
    ASSERT_FALSE(first->continuation.empty());
    const auto second =
        page("select DEVICEID from devices where tags.floor<3.0", first->continuation, 2);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->rows.size(), 1U);
    EXPECT_TRUE(second->continuation.empty());
    EXPECT_TRUE(page("SELECT * FROM devices", {}, 4)->continuation.empty());
    EXPECT_TRUE(
        page("SELECT * FROM devices WHERE tags.site = 'north'", {}, 2)->continuation.empty());
    EXPECT_TRUE(page("SELECT TOP 2 * FROM devices", {}, 2)->continuation.empty());
    EXPECT_EQ(page("SELECT TOP 3 * FROM devices",
                   page("SELECT TOP 3 * FROM devices", {}, 2)->continuation, 2)
                  ->rows.size(),
              1U);
    EXPECT_EQ(page("SELECT TOP 0 * FROM devices")->rows.size(), 0U);
}

TEST_P(QuerySuite, TakesNoContinuationButItsOwn) {
    const std::string token = page("SELECT * FROM devices", {}, 1)->continuation;
    EXPECT_EQ(code_of(page("SELECT deviceId FROM devices", token)), Code::malformed);
    EXPECT_EQ(code_of(page("SELECT * FROM devices", token, 1, hub_2)), Code::malformed);
    for (const std::string& forged : {std::string("x"), token + "A", token.substr(1),
                                      std::string(5000, 'A'), std::string("=")}) {
        EXPECT_EQ(code_of(page("SELECT * FROM devices", forged)), Code::malformed) << forged;
    }
    EXPECT_TRUE(page("SELECT * FROM devices", token, 1));
}

TEST_P(QuerySuite, EnumeratesWhoMatches) {
    EXPECT_EQ(matching("tags.site = 'north'"), "a c .");
    EXPECT_EQ(matching("tags.floor > 0", {}, 3), "a b c after c");
    EXPECT_EQ(matching("tags.floor > 0", "c", 3), "d .");
    EXPECT_EQ(matching("tags.floor > 0", "d", 3), ".");
    const auto everybody =
        stores().twin_queries().matching(hub_1, nullptr, query::Source::devices, "", 100);
    EXPECT_EQ(everybody->ids.size(), 4U);
    EXPECT_TRUE(everybody->is_last);
}

TEST_P(QuerySuite, RemembersPresence) {
    const WallTime noon = from_unix_seconds(1'900'000'000);
    const hub::Live::Presence connected{
        .connected = true, .connection_updated = noon, .last_activity = noon};
    const std::vector<hub::PresenceChange> changes{
        {DeviceId("a"), connected}, {DeviceId("b"), connected}, {DeviceId("nobody"), connected}};
    ASSERT_TRUE(stores().presences().save(hub_1, changes));
    EXPECT_EQ(ids("connectionState = 'Connected'"), "a b");
    EXPECT_EQ(ids("connectionState = 'Connected' AND tags.site = 'south'"), "b");
    EXPECT_EQ(ids("lastActivityTime > '2030'"), "a b");
    ASSERT_TRUE(stores().presences().disconnect_all(hub_1, noon + std::chrono::seconds(5)));
    reopen();
    EXPECT_EQ(ids("connectionState = 'Connected'"), "");
    const auto remembered = stores().presences().find(hub_1, DeviceId("a"));
    ASSERT_TRUE(remembered && *remembered);
    EXPECT_FALSE((*remembered)->connected);
    EXPECT_EQ((*remembered)->last_activity, noon);
    EXPECT_EQ((*remembered)->connection_updated, noon + std::chrono::seconds(5));
    EXPECT_EQ(*stores().presences().find(hub_1, DeviceId("nobody")), std::nullopt);
    ASSERT_TRUE(stores().devices().erase(hub_1, DeviceId("a"), 1));
    EXPECT_EQ(*stores().presences().find(hub_1, DeviceId("a")), std::nullopt);
}

} // namespace muster::store
