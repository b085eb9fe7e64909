#include "store/suite.h"

#include <atomic>
#include <span>

namespace muster::store {

namespace {

class DeviceSuite : public StoreSuite {
  protected:
    hub::DeviceStore& devices() { return stores().devices(); }

    Result<void> create(std::string_view id, const HubName& in = hub_1) {
        return devices().create(in, device_with_twin(id));
    }

    Result<void> erase(std::string_view id, std::int64_t expected) {
        return devices().erase(hub_1, DeviceId(std::string(id)), expected);
    }

    Result<void> update_twin(std::string_view id, const hub::Twin& twin, std::int64_t expected) {
        return devices().update_twin(hub_1, DeviceId(std::string(id)), twin, expected);
    }

    std::string found(std::string_view id, const HubName& in = hub_1) {
        return describe(devices().find(in, DeviceId(std::string(id))));
    }
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Engines, DeviceSuite, every_engine, engine_name);

TEST_P(DeviceSuite, WhatIsCreatedComesBackWhole) {
    auto made = device_with_twin("dev-1");
    made.device.status = hub::DeviceStatus::disabled;
    made.device.status_reason = "quarantine";
    made.device.iot_edge = true;
    made.device.parent_scopes = {"ms-azure-iot-edge://parent"};
    made.twin.model_id = "dtmi:com:example;1";
    made.twin.reported.values = {{"deep", {{"list", {1, "two", nullptr}}}}};
    EXPECT_EQ(found("dev-1"), "nothing");
    ASSERT_TRUE(devices().create(hub_1, made));
    reopen();
    EXPECT_EQ(found("dev-1"), describe(made));
    EXPECT_EQ(describe(devices().find_device(hub_1, DeviceId("dev-1"))), describe(made.device));
}

TEST_P(DeviceSuite, DeviceIdsAreCaseSensitive) {
    ASSERT_TRUE(create("dev"));
    EXPECT_EQ(found("DEV"), "nothing");
    ASSERT_TRUE(create("DEV"));
    EXPECT_EQ(ids_of(devices().list(hub_1, "", 10)), "DEV dev");
}

TEST_P(DeviceSuite, AnIdIsTakenOnce) {
    ASSERT_TRUE(create("dev"));
    auto other = device_with_twin("dev");
    other.device.generation_id = "another";
    other.twin = twin(5);
    EXPECT_EQ(code_of(devices().create(hub_1, other)), Code::already_exists);
    EXPECT_EQ(found("dev"), describe(device_with_twin("dev")));
    EXPECT_EQ(devices().counts(hub_1)->devices, 1);
}

TEST_P(DeviceSuite, OneHubDoesNotSeeAnother) {
    ASSERT_TRUE(create("dev"));
    EXPECT_EQ(found("dev", hub_2), "nothing");
    EXPECT_EQ(ids_of(devices().list(hub_2, "", 10)), "");
    EXPECT_EQ(devices().counts(hub_2)->devices, 0);
    EXPECT_EQ(code_of(devices().erase(hub_2, DeviceId("dev"), 1)), Code::conflict);
    EXPECT_EQ(code_of(devices().update_device(hub_2, device("dev", 2), 1)), Code::conflict);
    EXPECT_EQ(code_of(devices().update_twin(hub_2, DeviceId("dev"), twin(2), 1)), Code::conflict);
    ASSERT_TRUE(create("dev", hub_2));
    ASSERT_TRUE(erase("dev", 1));
    EXPECT_EQ(found("dev", hub_2), describe(device_with_twin("dev")));
}

TEST_P(DeviceSuite, IdentityAndTwinHaveVersionsOfTheirOwn) {
    ASSERT_TRUE(create("dev"));
    ASSERT_TRUE(devices().update_device(hub_1, device("dev", 2), 1));
    ASSERT_TRUE(update_twin("dev", twin(2), 1));
    ASSERT_TRUE(update_twin("dev", twin(3), 2));
    reopen();
    EXPECT_EQ(found("dev"), describe(device("dev", 2)) + describe(twin(3)));
}

TEST_P(DeviceSuite, AStaleVersionChangesNothing) {
    EXPECT_EQ(code_of(devices().update_device(hub_1, device("dev", 2), 1)), Code::conflict);
    EXPECT_EQ(code_of(update_twin("dev", twin(2), 1)), Code::conflict);
    EXPECT_EQ(code_of(erase("dev", 1)), Code::conflict);
    ASSERT_TRUE(create("dev"));
    EXPECT_EQ(code_of(devices().update_device(hub_1, device("dev", 9), 0)), Code::conflict);
    EXPECT_EQ(code_of(devices().update_device(hub_1, device("dev", 9), 2)), Code::conflict);
    EXPECT_EQ(code_of(update_twin("dev", twin(9), 0)), Code::conflict);
    EXPECT_EQ(code_of(update_twin("dev", twin(9), 2)), Code::conflict);
    EXPECT_EQ(code_of(erase("dev", 0)), Code::conflict);
    EXPECT_EQ(code_of(erase("dev", 2)), Code::conflict);
    EXPECT_EQ(found("dev"), describe(device_with_twin("dev")));
    EXPECT_EQ(devices().counts(hub_1)->devices, 1);
}

TEST_P(DeviceSuite, ErasureTakesTwinAndSessionAlong) {
    ASSERT_TRUE(create("dev"));
    ASSERT_TRUE(create("stays"));
    ASSERT_TRUE(update_twin("dev", twin(2), 1));
    ASSERT_TRUE(stores().sessions().save(hub_1, DeviceId("dev"), {{"a/#", 1}}));
    ASSERT_TRUE(erase("dev", 1));
    reopen();
    EXPECT_EQ(found("dev"), "nothing");
    EXPECT_EQ(code_of(update_twin("dev", twin(3), 2)), Code::conflict);
    ASSERT_TRUE(create("dev"));
    EXPECT_EQ(found("dev"), describe(device_with_twin("dev")));
    EXPECT_EQ(describe(stores().sessions().load(hub_1, DeviceId("dev"))), "[]");
    EXPECT_EQ(found("stays"), describe(device_with_twin("stays")));
}

TEST_P(DeviceSuite, ListsComeInTheOrderOfIds) {
    for (const std::string_view id : {"b", "A", "a", "$x", "10", "9"}) {
        ASSERT_TRUE(create(id));
    }
    ASSERT_TRUE(create("aa", hub_2));
    EXPECT_EQ(ids_of(devices().list(hub_1, "", 100)), "$x 10 9 A a b");
    EXPECT_EQ(ids_of(devices().list(hub_1, "9", 2)), "A a");
    EXPECT_EQ(ids_of(devices().list(hub_1, "b", 2)), "");
    EXPECT_EQ(ids_of(devices().list(hub_1, "", 0)), "");
}

TEST_P(DeviceSuite, TheCountFollowsCreationAndErasure) {
    EXPECT_EQ(devices().counts(hub_1)->devices, 0);
    ASSERT_TRUE(create("a"));
    ASSERT_TRUE(create("b"));
    ASSERT_TRUE(create("c", hub_2));
    EXPECT_FALSE(create("a"));
    EXPECT_FALSE(erase("a", 2));
    EXPECT_EQ(devices().counts(hub_1)->devices, 2);
    ASSERT_TRUE(erase("a", 1));
    reopen();
    EXPECT_EQ(devices().counts(hub_1)->devices, 1);
    EXPECT_EQ(devices().counts(hub_2)->devices, 1);
}

// ---- modules ----

TEST_P(DeviceSuite, ModulesAreKeptWithTheirDevice) {
    auto camera = module_with_twin("dev", "cam");
    camera.device.managed_by = "me";
    EXPECT_EQ(code_of(devices().create(hub_1, camera)), Code::not_found);
    ASSERT_TRUE(create("dev"));
    ASSERT_TRUE(create("dev-2"));
    ASSERT_TRUE(devices().create(hub_1, camera));
    ASSERT_TRUE(devices().create(hub_1, module_with_twin("dev", "arm")));
    EXPECT_EQ(code_of(devices().create(hub_1, camera)), Code::already_exists);
    EXPECT_EQ(code_of(devices().create(hub_2, camera)), Code::not_found);
    reopen();
    EXPECT_EQ(describe(devices().find(hub_1, camera.device.identity())), describe(camera));
    EXPECT_EQ(ids_of(devices().list(hub_1, "", 10)), "dev dev-2");
    EXPECT_EQ(describe(devices().modules(hub_1, DeviceId("dev"))),
              describe(std::vector{module_with_twin("dev", "arm").device, camera.device}));
    EXPECT_EQ(describe(devices().modules(hub_1, DeviceId("dev-2"))), "[]");
    EXPECT_EQ(describe(devices().counts(hub_1)), "2 devices, 0 disabled, 2 modules");

    ASSERT_TRUE(devices().update_twin(hub_1, camera.device.identity(), twin(2), 1));
    EXPECT_EQ(found("dev"), describe(device_with_twin("dev")));
    ASSERT_TRUE(devices().erase(hub_1, camera.device.identity(), 1));
    EXPECT_EQ(describe(devices().counts(hub_1)), "2 devices, 0 disabled, 1 modules");
}

TEST_P(DeviceSuite, ErasureTakesModulesAlong) {
    ASSERT_TRUE(create("dev"));
    ASSERT_TRUE(create("dev-2"));
    const auto camera = module_with_twin("dev", "cam");
    const auto other = module_with_twin("dev-2", "cam");
    ASSERT_TRUE(devices().create(hub_1, camera));
    ASSERT_TRUE(devices().create(hub_1, other));
    ASSERT_TRUE(stores().sessions().save(hub_1, camera.device.identity(), {{"a/#", 1}}));
    ASSERT_TRUE(erase("dev", 1));
    reopen();
    EXPECT_EQ(describe(devices().find(hub_1, camera.device.identity())), "nothing");
    EXPECT_EQ(describe(devices().find(hub_1, other.device.identity())), describe(other));
    EXPECT_EQ(describe(devices().counts(hub_1)), "1 devices, 0 disabled, 1 modules");
    ASSERT_TRUE(create("dev"));
    ASSERT_TRUE(devices().create(hub_1, camera));
    EXPECT_EQ(describe(stores().sessions().load(hub_1, camera.device.identity())), "[]");
}

TEST_P(DeviceSuite, ADeviceAndItsModulesAreCreatedTogetherOrNotAtAll) {
    const std::vector family{device_with_twin("edge"), module_with_twin("edge", "$edgeAgent"),
                             module_with_twin("edge", "$edgeHub")};
    ASSERT_TRUE(devices().create(hub_1, family));
    reopen();
    EXPECT_EQ(describe(devices().counts(hub_1)), "1 devices, 0 disabled, 2 modules");
    EXPECT_EQ(code_of(devices().create(hub_1, family)), Code::already_exists);
    EXPECT_EQ(describe(devices().counts(hub_1)), "1 devices, 0 disabled, 2 modules");
}

TEST_P(DeviceSuite, TheDisabledAreCounted) {
    auto off = device_with_twin("off");
    off.device.status = hub::DeviceStatus::disabled;
    ASSERT_TRUE(devices().create(hub_1, off));
    ASSERT_TRUE(create("on"));
    EXPECT_EQ(describe(devices().counts(hub_1)), "2 devices, 1 disabled, 0 modules");
    hub::Device turned = device("on", 2);
    turned.status = hub::DeviceStatus::disabled;
    ASSERT_TRUE(devices().update_device(hub_1, turned, 1));
    EXPECT_FALSE(devices().update_device(hub_1, turned, 1));
    EXPECT_EQ(describe(devices().counts(hub_1)), "2 devices, 2 disabled, 0 modules");
    ASSERT_TRUE(devices().update_device(hub_1, device("on", 3), 2));
    ASSERT_TRUE(erase("off", 1));
    reopen();
    EXPECT_EQ(describe(devices().counts(hub_1)), "1 devices, 0 disabled, 0 modules");
}

TEST_P(DeviceSuite, OfManyWhoCreateTheSameOneWins) {
    std::atomic<int> winners = 0;
    race(16, [&](int) {
        const auto created = create("same");
        winners += created ? 1 : 0;
        EXPECT_TRUE(created || created.error().code == Code::already_exists);
    });
    EXPECT_EQ(winners, 1);
    EXPECT_EQ(devices().counts(hub_1)->devices, 1);
}

TEST_P(DeviceSuite, NoTwinChangeIsLostBetweenManyWriters) {
    constexpr int writers = 8;
    constexpr int changes = 10;
    ASSERT_TRUE(create("dev"));
    race(writers, [&](int) {
        for (int done = 0; done < changes;) {
            const auto current = devices().find(hub_1, DeviceId("dev"));
            ASSERT_TRUE(current && *current);
            const std::int64_t version = (*current)->twin.version;
            done += update_twin("dev", twin(version + 1), version) ? 1 : 0;
        }
    });
    EXPECT_EQ(found("dev"), describe(device("dev")) + describe(twin(1 + writers * changes)));
}

// ---- events that come with a change ----

namespace {

hub::EventBatch told(std::string_view device) {
    return {.events = {hub_event(device), hub_event(device)}, .retention = {}};
}

} // namespace

TEST_P(DeviceSuite, AChangeAndItsEventsAreOne) {
    const hub::DeviceWithTwin made = device_with_twin("dev");
    const DeviceId id("dev");
    hub::EventBatch created = told("dev");
    ASSERT_TRUE(devices().create(hub_1, std::span(&made, 1), created));
    EXPECT_EQ(created.last_sequence(), 2);
    hub::EventBatch changed = told("dev");
    ASSERT_TRUE(devices().update_twin(hub_1, id, twin(2), 1, changed));
    EXPECT_EQ(changed.events.front().sequence, 3);
    hub::EventBatch erased = told("dev");
    ASSERT_TRUE(devices().erase(hub_1, id, 1, erased));
    reopen();
    EXPECT_EQ(
        describe(stores().events().read(hub_1, {})),
        describe(std::vector<hub::Event>{created.events[0], created.events[1], changed.events[0],
                                         changed.events[1], erased.events[0], erased.events[1]}));
}

TEST_P(DeviceSuite, WhatDoesNotHappenIsNotTold) {
    const hub::DeviceWithTwin made = device_with_twin("dev");
    const DeviceId id("dev");
    ASSERT_TRUE(devices().create(hub_1, made));
    hub::EventBatch note = told("dev");
    EXPECT_FALSE(devices().create(hub_1, std::span(&made, 1), note));
    EXPECT_FALSE(devices().update_twin(hub_1, id, twin(3), 2, note));
    EXPECT_FALSE(devices().erase(hub_1, id, 7, note));
    EXPECT_EQ(note.last_sequence(), 0);
    EXPECT_EQ(describe(stores().events().extent(hub_1, {})), "1..0");
}

TEST_P(DeviceSuite, RetentionCountsWhatComesWithChanges) {
    ASSERT_TRUE(devices().create(hub_1, device_with_twin("dev")));
    for (std::int64_t version = 1; version < 6; ++version) {
        hub::EventBatch note = told("dev");
        note.retention.events_max = 3;
        ASSERT_TRUE(
            devices().update_twin(hub_1, DeviceId("dev"), twin(version + 1), version, note));
    }
    EXPECT_EQ(describe(stores().events().extent(hub_1, {})), "8..10");
}

} // namespace muster::store
