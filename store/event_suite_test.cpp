#include "store/suite.h"

#include <mutex>
#include <set>

namespace muster::store {

namespace {

constexpr hub::EventRetention keep_all{};
constexpr std::size_t bytes_unbounded = SIZE_MAX;

class EventSuite : public StoreSuite {
  protected:
    hub::EventStore& events() { return stores().events(); }

    /// Appends so many and returns the sequences given out.
    std::vector<std::int64_t> append(std::size_t count,
                                     const hub::EventRetention& retention = keep_all,
                                     WallTime enqueued = WallTime{}, const HubName& to = hub_1) {
        hub::EventBatch batch{.events = {count, hub_event("dev", enqueued)},
                              .retention = retention};
        EXPECT_TRUE(events().append(to, batch));
        std::vector<std::int64_t> sequences;
        for (const hub::Event& appended : batch.events) {
            sequences.push_back(appended.sequence);
        }
        return sequences;
    }

    std::string stored(std::int64_t after = 0, std::size_t count_max = 100'000,
                       const HubName& in = hub_1) {
        return sequences_of(events().read(
            in, {.after = after, .count_max = count_max, .bytes_max = bytes_unbounded}));
    }

    static std::string sequences_of(const Result<std::vector<hub::Event>>& page) {
        EXPECT_TRUE(page);
        std::string text;
        for (const hub::Event& found : *page) {
            text += (text.empty() ? "" : " ") + std::to_string(found.sequence);
        }
        return text;
    }

    std::int64_t last(const HubName& in = hub_1) { return events().extent(in, {})->last; }

    void append_to(int partition, std::size_t count) {
        hub::EventBatch batch{.events = {count, hub_event("dev")}, .retention = keep_all};
        for (hub::Event& event : batch.events) {
            event.partition = partition;
        }
        EXPECT_TRUE(events().append(hub_1, batch));
    }

    Result<void> save(std::string_view name, std::int64_t sequence,
                      std::optional<int> partition = std::nullopt) {
        return events().save_position(
            hub_1, consumer(name),
            {.partition = partition, .sequence = sequence, .saved = from_unix_seconds(sequence)},
            3);
    }

    static hub::EventGroup consumer(std::string_view name) {
        return {hub::EventGroup::Kind::consumer, std::string(name)};
    }

    std::size_t stored_count() {
        return events().read(hub_1, {.count_max = 100'000, .bytes_max = bytes_unbounded})->size();
    }
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Engines, EventSuite, every_engine, engine_name);

TEST_P(EventSuite, WhatIsAppendedComesBackWholeAndInOrder) {
    hub::EventBatch batch{
        .events = {hub_event("b", from_unix_seconds(5)), hub_event("a", from_unix_seconds(4))},
        .retention = keep_all};
    hub::Event& odd = batch.events[1];
    odd.source = hub::EventSource::twin_change;
    odd.identity.module = ModuleId("cam");
    odd.partition = 31;
    odd.body = std::string(200'000, '\xfe');
    odd.properties = {{std::string("\xff\0", 2), "\n"}};
    odd.model_id = "\xff not text";
    ASSERT_TRUE(events().append(hub_1, batch));
    EXPECT_EQ(batch.events[0].sequence, 1);
    EXPECT_EQ(batch.events[1].sequence, 2);
    reopen();
    EXPECT_EQ(describe(events().read(hub_1, {})), describe(batch.events));
}

TEST_P(EventSuite, SequencesCountPerHubAcrossRestarts) {
    EXPECT_EQ(last(), 0);
    EXPECT_EQ(append(2), (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(append(1, keep_all, {}, hub_2), (std::vector<std::int64_t>{1}));
    reopen();
    EXPECT_EQ(append(1), (std::vector<std::int64_t>{3}));
    EXPECT_EQ(last(), 3);
    EXPECT_EQ(last(hub_2), 1);
    EXPECT_EQ(stored(0, 10, hub_2), "1");
}

TEST_P(EventSuite, SequencesGoOnWhenEverythingIsGone) {
    append(3, {.events_max = 0, .age_max = std::chrono::hours(1)});
    EXPECT_EQ(stored(), "");
    reopen();
    EXPECT_EQ(last(), 3);
    EXPECT_EQ(append(1), (std::vector<std::int64_t>{4}));
    EXPECT_EQ(stored(), "4");
}

TEST_P(EventSuite, ReadingGoesOnAfterTheLastOneSeen) {
    append(5);
    EXPECT_EQ(stored(0, 2), "1 2");
    EXPECT_EQ(stored(2, 2), "3 4");
    EXPECT_EQ(stored(4, 2), "5");
    EXPECT_EQ(stored(5, 2), "");
    EXPECT_EQ(stored(-7, 1), "1");
    EXPECT_EQ(stored(0, 0), "");
}

TEST_P(EventSuite, AppendingNothingIsNothing) {
    EXPECT_TRUE(append(0).empty());
    EXPECT_EQ(last(), 0);
}

TEST_P(EventSuite, TheOldestGoWhenThereAreTooMany) {
    const hub::EventRetention three{.events_max = 3};
    append(2, three);
    EXPECT_EQ(stored(), "1 2");
    append(2, three);
    EXPECT_EQ(stored(), "2 3 4");
    append(5, three);
    EXPECT_EQ(stored(), "7 8 9");
    append(1, three, {}, hub_2);
    EXPECT_EQ(stored(), "7 8 9");
}

TEST_P(EventSuite, TheOldestGoWhenTheyAreTooOld) {
    const hub::EventRetention an_hour{.age_max = std::chrono::hours(1)};
    const WallTime start = from_unix_seconds(1'900'000'000);
    append(2, an_hour, start);
    append(1, an_hour, start + std::chrono::minutes(30));
    append(1, an_hour, start + std::chrono::minutes(60));
    EXPECT_EQ(stored(), "1 2 3 4");
    append(1, an_hour, start + std::chrono::minutes(61));
    EXPECT_EQ(stored(), "3 4 5");
    append(1, an_hour, start + std::chrono::hours(24));
    EXPECT_EQ(stored(), "6");
}

TEST_P(EventSuite, TheOldestGoWhenTheyAreTooLarge) {
    const auto each = static_cast<std::int64_t>(bytes_of(hub_event("dev")));
    const hub::EventRetention three{.bytes_max = 3 * each};
    append(3, three);
    EXPECT_EQ(stored(), "1 2 3");
    append(1, three);
    EXPECT_EQ(stored(), "2 3 4");
    reopen();
    append(2, three);
    EXPECT_EQ(stored(), "4 5 6");
    append(1, {.bytes_max = 3 * each - 1});
    EXPECT_EQ(stored(), "6 7");
    append(1, {.bytes_max = each - 1});
    EXPECT_EQ(stored(), "") << "the bound holds, whatever came last";
    append(1, three);
    EXPECT_EQ(stored(), "9");
}

TEST_P(EventSuite, APageIsBoundedInBytes) {
    const std::size_t each = bytes_of(hub_event("dev"));
    append(4);
    EXPECT_EQ(sequences_of(events().read(hub_1, {.bytes_max = each})), "1");
    EXPECT_EQ(sequences_of(events().read(hub_1, {.bytes_max = each + 1})), "1 2");
    EXPECT_EQ(sequences_of(events().read(hub_1, {.after = 3, .bytes_max = 1})), "4");
    EXPECT_EQ(sequences_of(events().read(hub_1, {.bytes_max = 0})), "");
}

TEST_P(EventSuite, APartitionIsReadByItself) {
    append_to(0, 2);
    append_to(3, 2);
    append_to(0, 1);
    reopen();
    EXPECT_EQ(sequences_of(events().read(hub_1, {.partition = 0})), "1 2 5");
    EXPECT_EQ(sequences_of(events().read(hub_1, {.after = 1, .partition = 0, .count_max = 1})),
              "2");
    EXPECT_EQ(sequences_of(events().read(hub_1, {.after = 3, .partition = 3})), "4");
    EXPECT_EQ(sequences_of(events().read(hub_1, {.partition = 1})), "");
    EXPECT_EQ(sequences_of(events().read(hub_2, {.partition = 0})), "");
}

TEST_P(EventSuite, TheExtentIsKnownOfAllAndOfEach) {
    EXPECT_EQ(describe(events().extent(hub_1, {})), "1..0");
    EXPECT_EQ(describe(events().extent(hub_1, 2)), "1..0");
    append_to(0, 2);
    append_to(3, 2);
    append_to(0, 1);
    EXPECT_EQ(describe(events().extent(hub_1, {})), "1..5");
    EXPECT_EQ(describe(events().extent(hub_1, 0)), "1..5");
    EXPECT_EQ(describe(events().extent(hub_1, 3)), "3..4");
    EXPECT_EQ(describe(events().extent(hub_1, 1)), "6..5");
    append(1, {.events_max = 2});
    EXPECT_EQ(describe(events().extent(hub_1, {})), "5..6");
    EXPECT_EQ(describe(events().extent(hub_1, 3)), "7..6");
}

TEST_P(EventSuite, PositionsAreKeptAsTheyWereSaved) {
    append(9);
    EXPECT_TRUE(save("billing", 4));
    EXPECT_TRUE(save("billing", 7, 2));
    EXPECT_TRUE(save("billing", 0, 0));
    EXPECT_TRUE(save("billing", 3)) << "backwards, too";
    EXPECT_TRUE(save("alarms", 9));
    reopen();
    const std::string billing = "[all@3 saved 3000000; 0@0 saved 0; 2@7 saved 7000000; ]";
    EXPECT_EQ(describe(events().positions(hub_1, consumer("billing"))), billing);
    EXPECT_EQ(describe(events().groups(hub_1, hub::EventGroup::Kind::consumer)),
              "[alarms[all@9 saved 9000000; ]; billing" + billing + "; ]");
    EXPECT_EQ(describe(events().positions(hub_1, consumer("nobody"))), "[]");
    EXPECT_EQ(describe(events().positions(hub_2, consumer("billing"))), "[]");
    EXPECT_EQ(describe(events().groups(hub_1, hub::EventGroup::Kind::endpoint)), "[]");
}

TEST_P(EventSuite, NoPositionIsBeyondTheNewestEvent) {
    append(2);
    EXPECT_EQ(code_of(save("a", 3)), Code::malformed);
    EXPECT_EQ(code_of(save("a", -1)), Code::malformed);
    EXPECT_EQ(describe(events().groups(hub_1, hub::EventGroup::Kind::consumer)), "[]");
    EXPECT_TRUE(save("a", 2));
    EXPECT_EQ(code_of(save("a", 3)), Code::malformed);
}

TEST_P(EventSuite, GroupsAreBoundedInNumber) {
    append(1);
    for (const auto* name : {"a", "b", "c"}) {
        EXPECT_TRUE(save(name, 1));
    }
    EXPECT_EQ(code_of(save("d", 1)), Code::quota_exceeded);
    EXPECT_TRUE(save("c", 1, 5)) << "no new one";
    const hub::EventGroup endpoint{hub::EventGroup::Kind::endpoint, "d"};
    EXPECT_TRUE(events().save_position(hub_1, endpoint, {.sequence = 1}, 1)) << "of another kind";
    EXPECT_TRUE(events().erase_positions(hub_1, consumer("c")));
    EXPECT_EQ(code_of(events().erase_positions(hub_1, consumer("c"))), Code::not_found);
    EXPECT_EQ(describe(events().positions(hub_1, consumer("c"))), "[]");
    EXPECT_TRUE(save("d", 1));
    EXPECT_EQ(describe(events().positions(hub_1, endpoint)), "[all@1 saved 0; ]");
}

TEST_P(EventSuite, AClockThatStepsBackDropsNothingYoung) {
    const hub::EventRetention an_hour{.age_max = std::chrono::hours(1)};
    const WallTime start = from_unix_seconds(1'900'000'000);
    append(1, an_hour, start);
    append(1, an_hour, start - std::chrono::hours(5));
    append(1, an_hour, start);
    EXPECT_EQ(stored(), "1 2 3");
    append(1, an_hour, start + std::chrono::hours(2));
    EXPECT_EQ(stored(), "4");
}

TEST_P(EventSuite, NoAppendDropsMuchMoreThanItBrings) {
    append(1000);
    const hub::EventRetention ten{.events_max = 10};
    append(1, ten);
    EXPECT_EQ(stored_count(), 1001U - 257U);
    append(1, ten);
    EXPECT_EQ(stored_count(), 1002U - 2 * 257U);
    append(1, ten);
    append(1, ten);
    EXPECT_EQ(stored(), "995 996 997 998 999 1000 1001 1002 1003 1004");
}

TEST_P(EventSuite, ManyAppendWithoutGapOrRepetition) {
    std::mutex mutex;
    std::set<std::int64_t> given;
    race(8, [&](int) {
        for (int round = 0; round < 10; ++round) {
            const auto sequences = append(3);
            EXPECT_EQ(sequences[2], sequences[0] + 2); // together, in the given order
            const std::scoped_lock lock(mutex);
            given.insert(sequences.begin(), sequences.end());
        }
    });
    EXPECT_EQ(given.size(), 240U);
    EXPECT_EQ(*given.rbegin(), 240);
    EXPECT_EQ(stored_count(), 240U);
}

} // namespace muster::store
