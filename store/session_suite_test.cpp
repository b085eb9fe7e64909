#include "store/suite.h"

namespace muster::store {

namespace {

class SessionSuite : public StoreSuite {
  protected:
    hub::SessionStore& sessions() { return stores().sessions(); }

    void create(std::string_view id, const HubName& in = hub_1) {
        ASSERT_TRUE(stores().devices().create(in, device_with_twin(id)));
    }

    std::string loaded(std::string_view id, const HubName& in = hub_1) {
        return describe(sessions().load(in, DeviceId(std::string(id))));
    }
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Engines, SessionSuite, every_engine, engine_name);

TEST_P(SessionSuite, SubscriptionsComeBackInOrder) { // IOTHUB-6
    create("dev");
    EXPECT_EQ(loaded("dev"), "[]");
    ASSERT_TRUE(sessions().save(hub_1, DeviceId("dev"),
                                {{"$iothub/twin/res/#", 0},
                                 {"devices/dev/messages/devicebound/#", 1},
                                 {"a=b&c%20/\xff", 2}}));
    reopen();
    EXPECT_EQ(loaded("dev"), "[$iothub/twin/res/# 0; devices/dev/messages/devicebound/# 1; "
                             "a=b&c%20/\xff 2; ]");
}

TEST_P(SessionSuite, SavingReplacesAllAndAnEmptyListRemoves) {
    create("dev");
    ASSERT_TRUE(sessions().save(hub_1, DeviceId("dev"), {{"a", 0}, {"b", 1}}));
    ASSERT_TRUE(sessions().save(hub_1, DeviceId("dev"), {{"c", 1}}));
    EXPECT_EQ(loaded("dev"), "[c 1; ]");
    ASSERT_TRUE(sessions().save(hub_1, DeviceId("dev"), {}));
    EXPECT_EQ(loaded("dev"), "[]");
    ASSERT_TRUE(sessions().save(hub_1, DeviceId("dev"), {}));
}

TEST_P(SessionSuite, OneHubDoesNotSeeAnother) {
    create("dev");
    create("dev", hub_2);
    ASSERT_TRUE(sessions().save(hub_1, DeviceId("dev"), {{"a", 0}}));
    EXPECT_EQ(loaded("dev", hub_2), "[]");
    ASSERT_TRUE(sessions().save(hub_2, DeviceId("dev"), {}));
    EXPECT_EQ(loaded("dev"), "[a 0; ]");
}

TEST_P(SessionSuite, WhoDoesNotExistHasNoSession) {
    EXPECT_EQ(code_of(sessions().save(hub_1, DeviceId("dev"), {{"a", 0}})), Code::not_found);
    EXPECT_EQ(loaded("dev"), "[]");
    create("dev");
    EXPECT_EQ(loaded("dev"), "[]");
    ASSERT_TRUE(sessions().save(hub_1, DeviceId("nobody"), {}));
}

} // namespace muster::store
