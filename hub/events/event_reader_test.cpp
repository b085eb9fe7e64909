#include "hub/events/event_reader.h"
#include "hub/events/fake_store.h"
#include "hub/fakes.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>

namespace muster::hub {
namespace {

class EventReading : public testing::Test {
  protected:
    /// Events of one device each, so that they come to lie in different partitions.
    void append(const std::vector<std::string>& devices,
                EventSource source = EventSource::telemetry) {
        std::vector<Event> events;
        for (const std::string& device : devices) {
            events.push_back({.source = source, .identity = DeviceId(device), .body = "x"});
        }
        ASSERT_TRUE(log.append(std::move(events)));
    }

    EventPage page(const EventFilter& filter, std::int64_t after,
                   const EventPageBounds& bounds = {}) {
        auto read = read_page(log, filter, after, bounds);
        EXPECT_TRUE(read.has_value());
        return std::move(*read);
    }

    static std::string sequences(const EventPage& page) {
        std::string text;
        for (const Event& event : page.events) {
            text += (text.empty() ? "" : " ") + std::to_string(event.sequence);
        }
        return text + " to " + std::to_string(page.position);
    }

    static EventSettings settings() {
        EventSettings settings;
        settings.retention.events_max = 1000;
        settings.streams_max = 1;
        return settings;
    }

    ManualClock clock{from_unix_seconds(1'893'456'000)};
    fakes::ManualScheduler timers;
    fakes::Events store;
    EventLog log{HubName("hub-1"), settings(), store, timers, clock};
};

TEST_F(EventReading, APageKnowsHowFarItLooked) {
    append({"a", "b", "c"});
    EXPECT_EQ(sequences(page({}, 0)), "1 2 3 to 3");
    EXPECT_EQ(sequences(page({}, 0, {.count_max = 2})), "1 2 to 2");
    EXPECT_EQ(sequences(page({}, 2)), "3 to 3");
    EXPECT_EQ(sequences(page({}, 3)), " to 3");
    EXPECT_EQ(sequences(page({}, 7)), " to 7") << "whoever is ahead of the log stays there";
}

TEST_F(EventReading, APageIsBoundedInBytes) {
    append({"a", "b", "c"});
    const std::size_t each = bytes_of(store.read(HubName("hub-1"), {})->front());
    EXPECT_EQ(sequences(page({}, 0, {.bytes_max = each})), "1 to 1");
    EXPECT_EQ(sequences(page({}, 0, {.bytes_max = each + 1})), "1 2 to 2");
}

TEST_F(EventReading, WhatIsNotWantedIsPassedOver) {
    append({"a", "b"});
    append({"a"}, EventSource::twin_change);
    append({"a"});
    const EventFilter twins{.partition = {}, .sources = {EventSource::twin_change}};
    EXPECT_EQ(sequences(page(twins, 0)), "3 to 4");
    EXPECT_EQ(sequences(page(twins, 3)), " to 4");
    const int of_b = partition_of(DeviceId("b"), partitions_default);
    ASSERT_NE(of_b, partition_of(DeviceId("a"), partitions_default));
    EXPECT_EQ(sequences(page({.partition = of_b, .sources = {}}, 0)), "2 to 4");
}

TEST_F(EventReading, APageLooksAtOnlySoMuch) {
    append(std::vector<std::string>(900, "a"));
    const EventFilter twins{.partition = {}, .sources = {EventSource::twin_change}};
    EXPECT_EQ(sequences(page(twins, 0, {.count_max = 10})), " to 160") << "16 reads of 10";
}

TEST_F(EventReading, SaysWhatRetentionTook) {
    for (int round = 0; round < 3; ++round) {
        append(std::vector<std::string>(500, "a"));
    }
    EXPECT_EQ(page({}, 100).lost, 400);
    EXPECT_EQ(page({}, 500).lost, 0);
    EXPECT_EQ(page({}, 0).lost, 0);
    EXPECT_EQ(page({}, 100, {.count_max = 1}).events.front().sequence, 501);
}

TEST_F(EventReading, AFailingStoreIsReported) {
    append({"a"});
    store.failure = Error{.code = Code::unavailable, .detail = "away"};
    EXPECT_FALSE(read_page(log, {}, 0, {}).has_value());
}

// ---- the log ----

TEST_F(EventReading, ADeviceStaysInItsPartition) {
    // Known values: other versions and other machines must agree.
    EXPECT_EQ(partition_of(DeviceId("dev-01"), 32), partition_of(DeviceId("dev-01"), 32));
    std::set<int> used;
    for (int number = 0; number < 1000; ++number) {
        const DeviceId device("device-" + std::to_string(number));
        const int partition = partition_of(device, partitions_max);
        EXPECT_GE(partition, 0);
        EXPECT_LT(partition, partitions_max);
        EXPECT_EQ(partition_of(device, 1), 0);
        used.insert(partition);
    }
    EXPECT_EQ(used.size(), static_cast<std::size_t>(partitions_max));
}

TEST_F(EventReading, AModuleIsWhereItsDeviceIs) {
    const auto batch =
        log.prepare({{.identity = DeviceId("b")}, {.identity = {DeviceId("b"), ModuleId("cam")}}});
    EXPECT_EQ(batch.events[0].partition, batch.events[1].partition);
    EXPECT_EQ(batch.events[0].enqueued, clock.wall());
}

TEST_F(EventReading, APositionForOnePartitionPrecedesTheOneForAll) {
    append({"a", "b", "c"});
    const EventGroup group{EventGroup::Kind::consumer, "c"};
    ASSERT_TRUE(log.save_position(group, std::nullopt, 1));
    ASSERT_TRUE(log.save_position(group, 3, 2));
    const auto positions = log.positions(group).value();
    EXPECT_EQ(position_in(positions, std::nullopt), 1);
    EXPECT_EQ(position_in(positions, 3), 2);
    EXPECT_EQ(position_in(positions, 0), 1);
    EXPECT_EQ(position_in({}, 0), std::nullopt);
    EXPECT_FALSE(log.save_position(group, partitions_default, 1).has_value());
    EXPECT_FALSE(log.save_position(group, -1, 1).has_value());
}

TEST_F(EventReading, StreamSlotsOutliveNothing) {
    EventLog::StreamSlot slot;
    {
        EventLog short_lived{HubName("hub-1"), settings(), store, timers, clock};
        slot = short_lived.take_stream_slot().value();
        EXPECT_FALSE(short_lived.take_stream_slot().has_value());
    }
    slot.reset(); // does not touch what is gone
    auto first = log.take_stream_slot();
    EXPECT_TRUE(first.has_value());
    first->reset();
    EXPECT_TRUE(log.take_stream_slot().has_value());
}

TEST_F(EventReading, SourcesHaveTheNamesOfTheReference) { // iothub D.2
    EXPECT_EQ(name_of(EventSource::connection_state), "deviceConnectionStateEvents");
    for (const auto source : {EventSource::telemetry, EventSource::twin_change,
                              EventSource::lifecycle, EventSource::connection_state}) {
        EXPECT_EQ(parse_event_source(name_of(source)), source);
    }
    EXPECT_EQ(parse_event_source("TELEMETRY"), EventSource::telemetry);
    EXPECT_FALSE(parse_event_source("").has_value());
    EXPECT_FALSE(parse_event_source("digitalTwinChangeEvents").has_value());
}

} // namespace
} // namespace muster::hub
