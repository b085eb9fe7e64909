#include "hub/messages/queue_edit.h"

#include <gtest/gtest.h>

#include <chrono>

namespace muster::hub {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

const IdentityId device(DeviceId("dev-01"));
const QueueEdit::IsHeld nothing_held = [](std::int64_t) { return false; };

class QueueEditTest : public testing::Test {
  protected:
    QueueEdit edit() { return {device, queue, limits, now}; }

    /// What one step leaves in the queue.
    template <class Step>
    QueueChange after(Step step) {
        QueueEdit one = edit();
        step(one);
        queue = one.queue();
        return one.change();
    }

    void send(Acknowledgement acknowledgement = Acknowledgement::full,
              std::chrono::seconds lives = hours(1)) {
        CloudMessage message{.enqueued = now,
                             .expires = now + lives,
                             .acknowledgement = acknowledgement,
                             .generation_id = "g1",
                             .properties = {{"$.mid", "m" + std::to_string(++sent)}},
                             .body = {}};
        after([&](QueueEdit& one) { EXPECT_TRUE(one.add(message)); });
    }

    void lock(std::int64_t sequence, const std::string& token) {
        after([&](QueueEdit& one) {
            one.lock(sequence, {.token = token, .until = now + seconds(60)});
        });
    }

    std::vector<std::int64_t> visible() { return edit().visible(100, nothing_held); }

    static std::string ends(const QueueChange& change) {
        std::string text;
        for (const FeedbackRecord& record : change.feedback) {
            text += record.message_id + ":" + std::to_string(static_cast<int>(record.end)) + " ";
        }
        return text;
    }

    MessageLimits limits;
    MessageQueue queue;
    WallTime now = from_unix_seconds(1'893'553'445);
    int sent = 0;
};

using Sequences = std::vector<std::int64_t>;

} // namespace

TEST_F(QueueEditTest, TheOldestIsTheNextOne) {
    send();
    send();
    EXPECT_EQ(visible(), (Sequences{1, 2}));
    EXPECT_EQ(edit().visible(1, nothing_held), (Sequences{1}));
    EXPECT_EQ(edit().visible(5, [](std::int64_t one) { return one == 1; }), (Sequences{2}));
}

TEST_F(QueueEditTest, FiftyMayWait) {
    for (int count = 0; count < 50; ++count) {
        send();
    }
    CloudMessage one_more;
    EXPECT_EQ(edit().add(one_more).error().code, Code::quota_exceeded);
    now += hours(1);
    EXPECT_TRUE(edit().add(one_more)); // the others have expired
    EXPECT_EQ(one_more.sequence, 51);
}

TEST_F(QueueEditTest, ALockedMessageIsInvisibleUntilItsLockEnds) {
    send();
    send();
    lock(1, "t");
    EXPECT_EQ(visible(), (Sequences{2}));
    now += seconds(60);
    EXPECT_EQ(visible(), (Sequences{1, 2})); // in its old place
    EXPECT_EQ(edit().queue().messages[0].deliveries, 1);
    EXPECT_EQ(edit().complete("t").error().code, Code::precondition);
    EXPECT_TRUE(edit().changed());
}

TEST_F(QueueEditTest, OnlyTheHolderOfTheLockSettles) {
    send();
    lock(1, "t");
    EXPECT_EQ(edit().complete("").error().code, Code::precondition);
    EXPECT_EQ(edit().reject("u").error().code, Code::precondition);
    EXPECT_EQ(edit().abandon("u").error().code, Code::precondition);
    const auto change = after([](QueueEdit& one) { EXPECT_TRUE(one.complete("t")); });
    EXPECT_EQ(change.removed, (Sequences{1}));
    EXPECT_EQ(change.pending, 0);
    EXPECT_EQ(ends(change), "m1:0 ");
    EXPECT_EQ(edit().complete("t").error().code, Code::precondition); // twice
}

TEST_F(QueueEditTest, ARejectedMessageIsGone) {
    send();
    lock(1, "t");
    EXPECT_EQ(ends(after([](QueueEdit& one) { EXPECT_TRUE(one.reject("t")); })), "m1:3 ");
    EXPECT_TRUE(queue.messages.empty());
}

TEST_F(QueueEditTest, AnAbandonedMessageComesAgainUntilItWasTriedTooOften) {
    limits.deliveries_max = 2;
    send();
    send();
    lock(1, "t");
    after([](QueueEdit& one) { EXPECT_TRUE(one.abandon("t")); });
    EXPECT_EQ(visible(), (Sequences{1, 2}));
    EXPECT_EQ(queue.messages[0].deliveries, 1);
    lock(1, "u");
    EXPECT_EQ(ends(after([](QueueEdit& one) { EXPECT_TRUE(one.abandon("u")); })), "m1:2 ");
    EXPECT_EQ(visible(), (Sequences{2}));
}

TEST_F(QueueEditTest, ALockThatEndsCountsAsADelivery) {
    limits.deliveries_max = 1;
    send();
    send();
    lock(1, "t");
    now += seconds(61);
    EXPECT_EQ(ends(after([](QueueEdit&) {})), "m1:2 ");
    EXPECT_EQ(visible(), (Sequences{2}));
}

TEST_F(QueueEditTest, WhatIsLockedOutlivesItsTime) {
    send(Acknowledgement::full, seconds(30));
    lock(1, "t");
    now += seconds(40);
    EXPECT_FALSE(edit().changed());
    EXPECT_EQ(ends(after([](QueueEdit& one) { EXPECT_TRUE(one.complete("t")); })), "m1:0 ");
}

TEST_F(QueueEditTest, WhatIsAbandonedAfterItsTimeIsGone) {
    send(Acknowledgement::full, seconds(30));
    lock(1, "t");
    now += seconds(40);
    EXPECT_EQ(ends(after([](QueueEdit& one) { EXPECT_TRUE(one.abandon("t")); })), "m1:1 ");
}

TEST_F(QueueEditTest, TimeEndsWhatNobodyReceives) {
    send(Acknowledgement::full, seconds(30));
    send(Acknowledgement::positive, seconds(30));
    send(Acknowledgement::negative, seconds(31));
    now += seconds(30);
    const auto change = after([](QueueEdit&) {});
    EXPECT_EQ(change.removed, (Sequences{1, 2}));
    EXPECT_EQ(ends(change), "m1:1 ");
    EXPECT_EQ(change.feedback[0].generation_id, "g1");
    EXPECT_EQ(change.feedback[0].identity, device);
}

TEST_F(QueueEditTest, TheSenderHearsWhatItAskedFor) {
    for (const auto one : {Acknowledgement::none, Acknowledgement::negative,
                           Acknowledgement::positive, Acknowledgement::full}) {
        send(one);
    }
    const QueueEdit before = edit();
    EXPECT_EQ(ends(after([](QueueEdit& one) { one.acknowledge(Sequences{1, 2, 3, 4, 9}); })),
              "m3:0 m4:0 ");
    queue = before.queue();
    EXPECT_EQ(ends(after([](QueueEdit& one) { EXPECT_EQ(one.purge(), 4); })), "m2:4 m4:4 ");
}

TEST_F(QueueEditTest, WhatIsGivenBackKeepsItsPlaceAndCounts) {
    send();
    send();
    const auto change = after([](QueueEdit& one) { one.give_back(Sequences{1, 7}); });
    ASSERT_EQ(change.updated.size(), 1U);
    EXPECT_EQ(change.updated[0].deliveries, 1);
    EXPECT_EQ(visible(), (Sequences{1, 2}));
}

} // namespace muster::hub
