#include "store/suite.h"

namespace muster::store {

namespace {

class UsageSuite : public StoreSuite {
  protected:
    hub::UsageStore& usage() { return stores().usage(); }
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Engines, UsageSuite, every_engine, engine_name);

TEST_P(UsageSuite, IsKeptForEachHub) {
    EXPECT_EQ(*usage().load(hub_1), std::nullopt);
    ASSERT_TRUE(usage().save(hub_1, {.day = 21'000, .messages = 17}));
    ASSERT_TRUE(usage().save(hub_2, {.day = 21'000, .messages = 18}));
    reopen();
    EXPECT_EQ(*usage().load(hub_1), (hub::Usage{.day = 21'000, .messages = 17}));
    EXPECT_EQ(*usage().load(hub_2), (hub::Usage{.day = 21'000, .messages = 18}));
}

TEST_P(UsageSuite, TheLatestCounts) {
    ASSERT_TRUE(usage().save(hub_1, {.day = 21'000, .messages = 300'000'000}));
    ASSERT_TRUE(usage().save(hub_1, {.day = 21'001, .messages = 0}));
    EXPECT_EQ(*usage().load(hub_1), (hub::Usage{.day = 21'001, .messages = 0}));
}

} // namespace muster::store
