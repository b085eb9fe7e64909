// Random queries over random twins: what the database answers, page by page, is what a look at
// every twin gives, in whatever way the database found its rows.

#include "hub/documents.h"
#include "query/rows.h"
#include "store/suite.h"

#include <fmt/format.h>

#include <map>
#include <random>

namespace muster::store {

namespace {

constexpr std::uint64_t seed = 20'300'102;
constexpr int rounds = 40;
constexpr int queries_per_round = 75;

class Dice {
  public:
    explicit Dice(std::uint64_t start) : engine_(start) {}

    std::size_t below(std::size_t count) { return engine_() % count; }

    bool chance(std::size_t of) { return below(of) == 0; }

    template <std::size_t count>
    std::string pick(const char* const (&choices)[count]) {
        return choices[below(count)];
    }

  private:
    std::mt19937_64 engine_;
};

/// Texts of queries; few names and values, so that they often meet.
class Writer {
  public:
    explicit Writer(Dice& dice) : dice_(dice) {}

    std::string query() {
        const std::string where = dice_.chance(6) ? "" : " WHERE " + condition(3);
        const std::string top = dice_.chance(6) ? fmt::format("TOP {} ", dice_.below(9)) : "";
        switch (dice_.below(5)) {
        case 0: return "SELECT COUNT() AS n FROM devices" + where;
        case 1:
            return fmt::format("SELECT {0}{1} AS k, COUNT() AS n, SUM({2}), AVG({2}), MIN({2}), "
                               "MAX({2}) FROM devices{3} GROUP BY {1}",
                               top, path(), path(), where);
        case 2: return fmt::format("SELECT {}* FROM devices{}", top, where);
        default:
            return fmt::format("SELECT {}deviceId, {} AS x FROM devices{}", top, path(), where);
        }
    }

  private:
    std::string condition(std::size_t depth) {
        if (depth == 0 || dice_.chance(3)) {
            return comparison();
        }
        switch (dice_.below(6)) {
        case 0: return "NOT (" + condition(depth - 1) + ")";
        case 1:
        case 2: return "(" + condition(depth - 1) + " OR " + condition(depth - 1) + ")";
        default: return condition(depth - 1) + " AND " + condition(depth - 1);
        }
    }

    std::string comparison() {
        switch (dice_.below(9)) {
        case 0: return fmt::format("{} {} {}", path(), in(), array());
        case 1: return fmt::format("{} {} {}", constant(), sign(), path());
        case 2:
            return dice_.pick({"IS_DEFINED(", "IS_NUMBER(", "IS_STRING(", "IS_NULL("}) + path() +
                   ")";
        case 3: return fmt::format("STARTS_WITH({}, {})", path(), constant());
        case 4: return fmt::format("{} + {} {} {}", path(), path(), sign(), constant());
        case 5: return path();
        default: return fmt::format("{} {} {}", path(), sign(), constant());
        }
    }

    std::string path() {
        return dice_.pick({"tags.site",
                           "tags.site",
                           "tags.n",
                           "tags.n",
                           "tags.on",
                           "tags.net.apn",
                           "tags.list[0]",
                           "tags.net",
                           "tags.list",
                           "deviceId",
                           "deviceId",
                           "status",
                           "statusReason",
                           "connectionState",
                           "lastActivityTime",
                           "version",
                           "properties.desired.n",
                           "properties.reported.[[a b]]",
                           "properties.desired.$version",
                           "capabilities.iotEdge",
                           "etag",
                           "parentScopes",
                           "nothing",
                           "authenticationType"});
    }

    std::string constant() {
        return dice_.pick({"'north'",
                           "'south'",
                           "1",
                           "2",
                           "2.5",
                           "3.0",
                           "-1",
                           "true",
                           "false",
                           "null",
                           "'dev-03'",
                           "'dev-1'",
                           "'enabled'",
                           "'disabled'",
                           "'Connected'",
                           "'Disconnected'",
                           "''",
                           "'x'",
                           "9007199254740993",
                           "undefined",
                           "'2030-01-02T03:04:05.0000000Z'"});
    }

    std::string array() {
        std::string text = "[" + constant();
        for (std::size_t i = dice_.below(4); i > 0; --i) {
            text += ", " + constant();
        }
        return text + "]";
    }

    std::string in() { return dice_.pick({"IN", "IN", "IN", "NIN"}); }

    std::string sign() { return dice_.pick({"=", "=", "=", "!=", "<", "<=", ">", ">="}); }

    Dice& dice_;
};

/// The hub, and a copy of it to look at.
class World {
  public:
    World(Stores& stores, Dice& dice) : stores_(stores), dice_(dice) {}

    void change() {
        const std::string id = fmt::format("dev-{:02}", dice_.below(25));
        const auto at = known_.find(id);
        if (at == known_.end()) {
            create(id);
        } else if (dice_.chance(5)) {
            ASSERT_TRUE(stores_.devices().erase(hub_1, DeviceId(id), at->second.device.version));
            known_.erase(at);
        } else if (dice_.chance(3)) {
            update_device(at->second);
        } else {
            update_twin(at->second);
        }
    }

    /// Row by row, as they are.
    std::vector<std::string> naive(const query::Query& query) const {
        std::vector<std::string> rows;
        query::Aggregation aggregation(query);
        for (const auto& [id, view] : known_) {
            const JsonObject document = to_document(view);
            const query::DocumentFacts facts(document);
            if (query.where && !query::matches(*query.where, facts)) {
                continue;
            }
            if (query.aggregates()) {
                EXPECT_TRUE(aggregation.take(facts));
            } else {
                rows.push_back(to_text(query.items.empty() ? document : projection(query, facts)));
            }
        }
        for (const JsonObject& group :
             query.aggregates() ? aggregation.rows() : std::vector<JsonObject>()) {
            rows.push_back(to_text(group));
        }
        rows.resize(std::min<std::size_t>(rows.size(), query.top.value_or(rows.size())));
        return rows;
    }

    Result<std::vector<std::string>> answered(const query::Query& query, std::size_t rows_max) {
        std::vector<std::string> rows;
        std::string continuation;
        do {
            auto page = stores_.twin_queries().run(
                hub_1, query, {.continuation = continuation, .rows_max = rows_max});
            if (!page) {
                return std::unexpected(page.error());
            }
            for (const JsonObject& row : page->rows) {
                rows.push_back(to_text(row));
            }
            continuation = page->continuation;
        } while (!continuation.empty());
        return rows;
    }

  private:
    JsonObject tags() {
        JsonObject tags;
        for (std::size_t i = dice_.below(5); i > 0; --i) {
            const Json value = *parse_json(
                dice_.pick({R"("north")", R"("south")", "1", "2", "2.5", "3", "-1", "true", "false",
                            R"({"apn":"x"})", R"(["x",1])", R"("")", "9007199254740992"}));
            tags[dice_.pick({"site", "n", "on", "net", "list"})] = value;
        }
        return tags;
    }

    static hub::Live::Presence presence() {
        const WallTime now = from_unix_seconds(1'893'553'445);
        return {.connected = true, .connection_updated = now, .last_activity = now};
    }

    void create(const std::string& id) {
        auto made = device_with_twin(id);
        made.twin.tags = tags();
        ASSERT_TRUE(stores_.devices().create(hub_1, made));
        auto& view = known_[id];
        view = {.device = made.device, .twin = made.twin, .presence = {}};
        if (dice_.chance(3)) {
            view.presence = presence();
            const std::vector<hub::PresenceChange> changes{{DeviceId(id), view.presence}};
            ASSERT_TRUE(stores_.presences().save(hub_1, changes));
        }
    }

    void update_device(hub::TwinView& view) {
        hub::Device& device = view.device;
        device.status = device.status == hub::DeviceStatus::enabled ? hub::DeviceStatus::disabled
                                                                    : hub::DeviceStatus::enabled;
        device.status_reason = dice_.chance(2) ? "north" : "";
        ++device.version;
        ASSERT_TRUE(stores_.devices().update_device(hub_1, device, device.version - 1));
    }

    void update_twin(hub::TwinView& view) {
        hub::Twin& twin = view.twin;
        if (dice_.chance(2)) {
            twin.tags = tags();
        } else {
            twin.desired.values["n"] = dice_.below(4);
            twin.reported.values["a b"] = "north";
            ++twin.desired.version;
        }
        ++twin.version;
        ASSERT_TRUE(stores_.devices().update_twin(hub_1, view.device.id, twin, twin.version - 1));
    }

    Stores& stores_;
    Dice& dice_;
    std::map<std::string, hub::TwinView> known_;
};

} // namespace

TEST(QueryProperty, TheDatabaseAnswersWhatALookAtEveryTwinGives) {
    Dice dice(seed);
    const auto engine = make_sqlite_engine();
    World world(engine->stores(), dice);
    Writer writer(dice);
    std::size_t rows_seen = 0;
    for (int round = 0; round < rounds; ++round) {
        for (int change = 0; change < 12; ++change) {
            ASSERT_NO_FATAL_FAILURE(world.change());
        }
        for (int each = 0; each < queries_per_round; ++each) {
            const std::string text = writer.query();
            const std::size_t rows_max = 1 + dice.below(8);
            SCOPED_TRACE(
                fmt::format("seed {}, round {}, {} rows a page: {}", seed, round, rows_max, text));
            const auto query = query::parse_query(text);
            ASSERT_TRUE(query) << query.error().detail;
            const auto answered = world.answered(*query, rows_max);
            ASSERT_TRUE(answered) << answered.error().detail;
            ASSERT_EQ(*answered, world.naive(*query));
            rows_seen += answered->size();
        }
    }
    EXPECT_GT(rows_seen, 5000U); // the queries do find something
}

} // namespace muster::store
