#include "hub/fixture.h"
#include "hub/messages/feedback_desk.h"

#include <set>

namespace muster::hub {

namespace {

class FeedbackDeskTest : public HubTest {
  protected:
    void end_messages(std::size_t count) {
        QueueChange change;
        change.feedback.assign(count, {.sequence = 0,
                                       .identity = DeviceId("dev-01"),
                                       .generation_id = {},
                                       .message_id = {},
                                       .at = clock.wall()});
        const auto queue = stores.messages.load_queue(settings().name, DeviceId("dev-01"));
        ASSERT_TRUE(stores.messages.save_queue(settings().name, DeviceId("dev-01"), change,
                                               queue->version));
    }

    FeedbackDesk& desk = hub.feedback();
};

} // namespace

TEST_F(FeedbackDeskTest, ThereMayBeNothing) {
    const auto batch = desk.receive();
    ASSERT_TRUE(batch);
    EXPECT_FALSE(*batch);
}

TEST_F(FeedbackDeskTest, BatchesAreBoundedAndDoNotOverlap) {
    end_messages(70);
    const auto first = desk.receive();
    const auto second = desk.receive();
    ASSERT_TRUE(first && *first && second && *second);
    EXPECT_EQ((*first)->records.size(), 64U);
    EXPECT_EQ((*second)->records.size(), 6U);
    EXPECT_EQ((*second)->records.front().sequence, 65);
    EXPECT_FALSE(*desk.receive());
    EXPECT_TRUE(desk.complete((*first)->lock_token));
    EXPECT_EQ(stores.messages.records().size(), 6U);
    EXPECT_EQ(code_of(desk.complete((*first)->lock_token)), Code::precondition);
    EXPECT_TRUE(desk.abandon((*second)->lock_token));
    EXPECT_EQ(code_of(desk.abandon((*second)->lock_token)), Code::precondition);
    EXPECT_EQ((*desk.receive())->records.size(), 6U);
}

TEST_F(FeedbackDeskTest, ALockEndsByItself) {
    end_messages(1);
    const auto batch = desk.receive();
    clock.advance(std::chrono::seconds(60));
    EXPECT_EQ(code_of(desk.complete((*batch)->lock_token)), Code::precondition);
    EXPECT_TRUE(*desk.receive());
}

TEST_F(FeedbackDeskTest, NobodyLocksEverything) {
    end_messages(64 * 17);
    for (int batch = 0; batch < 16; ++batch) {
        EXPECT_TRUE(*desk.receive());
    }
    EXPECT_EQ(code_of(desk.receive()), Code::rate_limited);
    clock.advance(std::chrono::minutes(1));
    EXPECT_TRUE(*desk.receive());
}

TEST_F(FeedbackDeskTest, WhatCannotBeErasedStaysLocked) {
    end_messages(1);
    const auto batch = desk.receive();
    stores.messages.failures = {failure(Code::unavailable)};
    EXPECT_EQ(code_of(desk.complete((*batch)->lock_token)), Code::unavailable);
    EXPECT_TRUE(desk.complete((*batch)->lock_token));
    EXPECT_FALSE(*desk.receive());
}

} // namespace muster::hub
