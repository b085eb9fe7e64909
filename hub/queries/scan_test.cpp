#include "hub/documents.h"
#include "hub/queries/scan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace muster::hub {
namespace {

/// So many devices, `dev-0000` and on; each costs a millisecond to fetch.
class Many final : public Candidates {
  public:
    Many(std::size_t count, ManualClock& clock) : count_(count), clock_(clock) {}

    Result<std::vector<TwinRowTexts>> next(const std::string& after,
                                           std::size_t count_max) override {
        largest_step = std::max(largest_step, count_max);
        std::vector<TwinRowTexts> rows;
        const std::size_t begin =
            after.empty() ? 0 : static_cast<std::size_t>(std::stoi(after.substr(4))) + 1;
        for (std::size_t i = begin; i < count_ && rows.size() < count_max; ++i) {
            clock_.advance(std::chrono::milliseconds(1));
            Device device;
            device.id = DeviceId(fmt::format("dev-{:04}", i));
            const Twin twin = new_twin({{"n", i}}, {}, {}, WallTime{});
            rows.push_back({.id = device.id.text(),
                            .facts = facts_text(device),
                            .twin = to_text(to_stored_document(twin)),
                            .presence = {}});
        }
        return rows;
    }

    std::size_t largest_step = 0;

  private:
    std::size_t count_;
    ManualClock& clock_;
};

class ScanTest : public testing::Test {
  protected:
    Result<QueryPage> page(std::string_view text, const std::string& continuation = {},
                           std::size_t rows_max = 100) {
        return run_query({hub, many, clock, limits}, *query::parse_query(text),
                         {.continuation = continuation, .rows_max = rows_max});
    }

    const HubName hub{"hub1.example.org"};
    ManualClock clock{from_unix_seconds(1'893'553'445)};
    Many many{3000, clock};
    ScanLimits limits{.rows_per_step = 50};
};

TEST_F(ScanTest, EndsAPageThatTakesLong) {
    constexpr std::string_view text =
        "SELECT deviceId FROM devices WHERE tags.n = 10 OR tags.n > 2990";
    const auto first = page(text);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->rows.size(), 1U); // 200 ms and one find later
    ASSERT_FALSE(first->continuation.empty());
    auto next = page(text, first->continuation);
    EXPECT_TRUE(next->rows.empty()); // two seconds with nothing found
    std::size_t rows = 1;
    while (!next->continuation.empty()) {
        next = page(text, next->continuation);
        rows += next->rows.size();
    }
    EXPECT_EQ(rows, 10U);
    EXPECT_EQ(many.largest_step, 50U);
}

TEST_F(ScanTest, LooksAtSoManyTwinsForOnePage) {
    limits.rows_max = 120;
    const auto found = page("SELECT * FROM devices WHERE false");
    EXPECT_TRUE(found->rows.empty());
    EXPECT_FALSE(found->continuation.empty());
}

TEST_F(ScanTest, GivesUpAnAggregateThatTakesTooLong) {
    EXPECT_EQ(to_text(page("SELECT COUNT() AS n FROM devices WHERE tags.n >= 0")->rows.front()),
              R"({"n":3000})");
    limits.aggregate_time_max = std::chrono::milliseconds(1500);
    const auto refused = page("SELECT COUNT() AS n FROM devices WHERE tags.n >= 0");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::too_large);
    EXPECT_TRUE(refused.error().detail.starts_with("the query was given up after"));
}

TEST_F(ScanTest, EnumeratesPageByPage) {
    const auto condition = query::parse_condition("tags.n >= 2998", query::Dialect::twin);
    std::string after;
    std::vector<std::string> ids;
    for (bool is_last = false; !is_last;) {
        const auto found = matching_identities({hub, many, clock, limits}, &*condition, after, 1);
        ASSERT_TRUE(found);
        for (const IdentityId& id : found->ids) {
            ids.push_back(id.text());
        }
        after = found->after;
        is_last = found->is_last;
    }
    EXPECT_EQ(ids, (std::vector<std::string>{"dev-2998", "dev-2999"}));
}

} // namespace
} // namespace muster::hub
