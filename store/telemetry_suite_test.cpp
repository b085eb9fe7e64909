#include "store/suite.h"

#include <mutex>
#include <set>

namespace muster::store {

namespace {

constexpr hub::Retention keep_all{};

class TelemetrySuite : public StoreSuite {
  protected:
    hub::TelemetryStore& telemetry() { return stores().telemetry(); }

    /// Appends so many and returns the sequences given out.
    std::vector<std::int64_t> append(std::size_t count, const hub::Retention& retention = keep_all,
                                     WallTime enqueued = WallTime{}, const HubName& to = hub_1) {
        std::vector<hub::Message> messages(count, message("dev", enqueued));
        EXPECT_TRUE(telemetry().append(to, messages, retention));
        std::vector<std::int64_t> sequences;
        for (const hub::Message& appended : messages) {
            sequences.push_back(appended.sequence);
        }
        return sequences;
    }

    std::string stored(std::int64_t after = 0, std::size_t count_max = 100'000,
                       const HubName& in = hub_1) {
        const auto messages = telemetry().read(in, after, count_max);
        EXPECT_TRUE(messages);
        std::string text;
        for (const hub::Message& found : *messages) {
            text += (text.empty() ? "" : " ") + std::to_string(found.sequence);
        }
        return text;
    }

    std::size_t stored_count() { return telemetry().read(hub_1, 0, 100'000)->size(); }
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Engines, TelemetrySuite, every_engine, engine_name);

TEST_P(TelemetrySuite, WhatIsAppendedComesBackWholeAndInOrder) {
    std::vector<hub::Message> messages{message("b", from_unix_seconds(5)),
                                       message("a", from_unix_seconds(4))};
    messages[1].body = std::string(200'000, '\xfe');
    messages[1].properties = {{std::string("\xff\0", 2), "\n"}};
    messages[1].model_id = "\xff not text";
    ASSERT_TRUE(telemetry().append(hub_1, messages, keep_all));
    EXPECT_EQ(messages[0].sequence, 1);
    EXPECT_EQ(messages[1].sequence, 2);
    reopen();
    EXPECT_EQ(describe(telemetry().read(hub_1, 0, 10)), describe(messages));
}

TEST_P(TelemetrySuite, SequencesCountPerHubAcrossRestarts) {
    EXPECT_EQ(telemetry().last_sequence(hub_1), 0);
    EXPECT_EQ(append(2), (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(append(1, keep_all, {}, hub_2), (std::vector<std::int64_t>{1}));
    reopen();
    EXPECT_EQ(append(1), (std::vector<std::int64_t>{3}));
    EXPECT_EQ(telemetry().last_sequence(hub_1), 3);
    EXPECT_EQ(telemetry().last_sequence(hub_2), 1);
    EXPECT_EQ(stored(0, 10, hub_2), "1");
}

TEST_P(TelemetrySuite, SequencesGoOnWhenEverythingIsGone) {
    append(3, {.messages_max = 0, .age_max = std::chrono::hours(1)});
    EXPECT_EQ(stored(), "");
    reopen();
    EXPECT_EQ(telemetry().last_sequence(hub_1), 3);
    EXPECT_EQ(append(1), (std::vector<std::int64_t>{4}));
    EXPECT_EQ(stored(), "4");
}

TEST_P(TelemetrySuite, ReadingGoesOnAfterTheLastOneSeen) {
    append(5);
    EXPECT_EQ(stored(0, 2), "1 2");
    EXPECT_EQ(stored(2, 2), "3 4");
    EXPECT_EQ(stored(4, 2), "5");
    EXPECT_EQ(stored(5, 2), "");
    EXPECT_EQ(stored(-7, 1), "1");
    EXPECT_EQ(stored(0, 0), "");
}

TEST_P(TelemetrySuite, AppendingNothingIsNothing) {
    EXPECT_TRUE(append(0).empty());
    EXPECT_EQ(telemetry().last_sequence(hub_1), 0);
}

TEST_P(TelemetrySuite, TheOldestGoWhenThereAreTooMany) {
    const hub::Retention three{.messages_max = 3};
    append(2, three);
    EXPECT_EQ(stored(), "1 2");
    append(2, three);
    EXPECT_EQ(stored(), "2 3 4");
    append(5, three);
    EXPECT_EQ(stored(), "7 8 9");
    append(1, three, {}, hub_2);
    EXPECT_EQ(stored(), "7 8 9");
}

TEST_P(TelemetrySuite, TheOldestGoWhenTheyAreTooOld) {
    const hub::Retention an_hour{.age_max = std::chrono::hours(1)};
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

TEST_P(TelemetrySuite, AClockThatStepsBackDropsNothingYoung) {
    const hub::Retention an_hour{.age_max = std::chrono::hours(1)};
    const WallTime start = from_unix_seconds(1'900'000'000);
    append(1, an_hour, start);
    append(1, an_hour, start - std::chrono::hours(5));
    append(1, an_hour, start);
    EXPECT_EQ(stored(), "1 2 3");
    append(1, an_hour, start + std::chrono::hours(2));
    EXPECT_EQ(stored(), "4");
}

TEST_P(TelemetrySuite, NoAppendDropsMuchMoreThanItBrings) {
    append(1000);
    const hub::Retention ten{.messages_max = 10};
    append(1, ten);
    EXPECT_EQ(stored_count(), 1001U - 257U);
    append(1, ten);
    EXPECT_EQ(stored_count(), 1002U - 2 * 257U);
    append(1, ten);
    append(1, ten);
    EXPECT_EQ(stored(), "995 996 997 998 999 1000 1001 1002 1003 1004");
}

TEST_P(TelemetrySuite, ManyAppendWithoutGapOrRepetition) {
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
