#include "hub/configurations/configuration_documents.h"
#include "store/suite.h"

namespace muster::store {

namespace {

using hub::Configuration;
using hub::ConfigurationId;
using hub::ConfigurationMetrics;
using hub::ConfigurationRevisions;

class ConfigurationSuite : public StoreSuite {
  protected:
    hub::ConfigurationStore& configurations() { return stores().configurations(); }

    static Configuration configuration(std::string_view id, std::int64_t version = 1) {
        Configuration made;
        made.id = ConfigurationId(std::string(id));
        made.version = version;
        made.labels = {{"team", "ops"}};
        made.kind = hub::ContentKind::modules;
        made.content = {{"modulesContent", JsonObject()}};
        made.condition = "tags.site = 'north'";
        made.priority = version * 10;
        made.metric_queries = {{"all", "select * from devices"}};
        made.created = from_unix_seconds(1'900'000'000);
        made.updated = made.created + std::chrono::seconds(version);
        return made;
    }

    ConfigurationRevisions revisions() { return configurations().revisions(hub_1).value(); }
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Engines, ConfigurationSuite, every_engine, engine_name);

TEST_P(ConfigurationSuite, OneComesBackWhole) {
    const Configuration made = configuration("c");
    ASSERT_TRUE(configurations().create(hub_1, made, 10));
    reopen();
    const auto found = configurations().find(hub_1, made.id);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ(to_stored_document(**found), to_stored_document(made));
    EXPECT_FALSE(configurations().find(hub_2, made.id)->has_value());
}

TEST_P(ConfigurationSuite, IdsAreTakenOnceAndVersionsOnce) {
    ASSERT_TRUE(configurations().create(hub_1, configuration("c"), 2));
    EXPECT_EQ(code_of(configurations().create(hub_1, configuration("c"), 2)), Code::already_exists);
    ASSERT_TRUE(configurations().create(hub_1, configuration("b"), 2));
    EXPECT_EQ(code_of(configurations().create(hub_1, configuration("d"), 2)), Code::quota_exceeded);
    EXPECT_EQ(ids_of(configurations().all(hub_1)), "b c");
    EXPECT_EQ(code_of(configurations().save(hub_1, configuration("c", 2), 2)), Code::conflict);
    EXPECT_TRUE(configurations().save(hub_1, configuration("c", 2), 1));
    EXPECT_EQ(code_of(configurations().erase(hub_1, ConfigurationId("c"), 1)), Code::conflict);
    EXPECT_TRUE(configurations().erase(hub_1, ConfigurationId("c"), 2));
    EXPECT_EQ(ids_of(configurations().all(hub_1)), "b");
    EXPECT_EQ(ids_of(configurations().all(hub_2)), "");
}

TEST_P(ConfigurationSuite, ChangesAreCountedAndRefusalsAreNot) {
    EXPECT_EQ(revisions(), (ConfigurationRevisions{}));
    ASSERT_TRUE(configurations().create(hub_1, configuration("c"), 1));
    EXPECT_FALSE(configurations().create(hub_1, configuration("d"), 1));
    ASSERT_TRUE(configurations().save(hub_1, configuration("c", 2), 1));
    EXPECT_FALSE(configurations().save(hub_1, configuration("c", 2), 1));
    EXPECT_EQ(revisions(), (ConfigurationRevisions{.changed = 2, .applied = 0}));
    ASSERT_TRUE(configurations().set_applied(hub_1, 2));
    ASSERT_TRUE(configurations().set_applied(hub_1, 1)); // never backwards
    ASSERT_TRUE(configurations().erase(hub_1, ConfigurationId("c"), 2));
    reopen();
    EXPECT_EQ(revisions(), (ConfigurationRevisions{.changed = 3, .applied = 2}));
}

TEST_P(ConfigurationSuite, MetricsAreNoChange) {
    const ConfigurationMetrics counted{.targeted = 3, .applied = 2, .custom = {{"all", 7}}};
    ASSERT_TRUE(configurations().create(hub_1, configuration("c"), 1));
    ASSERT_TRUE(configurations().save_metrics(hub_1, ConfigurationId("c"), counted));
    ASSERT_TRUE(configurations().save_metrics(hub_1, ConfigurationId("nobody"), counted));
    EXPECT_EQ(revisions().changed, 1);
    ASSERT_TRUE(configurations().save(hub_1, configuration("c", 2), 1));
    reopen();
    const auto found = configurations().find(hub_1, ConfigurationId("c")).value().value();
    EXPECT_EQ(found.version, 2);
    EXPECT_EQ(found.metrics, counted);
    EXPECT_FALSE(configurations().find(hub_1, ConfigurationId("nobody"))->has_value());
}

} // namespace muster::store
