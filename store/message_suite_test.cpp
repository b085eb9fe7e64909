#include "hub/messages/names.h"
#include "store/suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace muster::store {

namespace {

using hub::CloudMessage;
using hub::FeedbackRecord;
using hub::IdentityId;
using hub::MessageQueue;
using hub::QueueChange;

const WallTime sending = from_unix_seconds(1'893'553'445);

class MessageSuite : public StoreSuite {
  protected:
    hub::MessageStore& messages() { return stores().messages(); }

    hub::FeedbackStore& feedback() { return stores().feedback(); }

    void create(std::string_view id, const HubName& in = hub_1) {
        ASSERT_TRUE(stores().devices().create(in, device_with_twin(id)));
    }

    MessageQueue queue(std::string_view id, const HubName& in = hub_1) {
        return messages().load_queue(in, identity(id)).value();
    }

    static IdentityId identity(std::string_view id) { return DeviceId(std::string(id)); }

    static CloudMessage message_with(std::int64_t sequence, std::string body) {
        return {.sequence = sequence,
                .enqueued = sending,
                .expires = sending + std::chrono::hours(sequence),
                .acknowledgement = hub::Acknowledgement::negative,
                .generation_id = "g",
                .properties = {{"$.mid", "m" + std::to_string(sequence)}, {"a", "\xff\n"}},
                .body = std::move(body)};
    }

    /// Appends, and tells how many wait then.
    Result<void> send(std::string_view id, std::string body = "b", const HubName& to = hub_1) {
        const MessageQueue now = queue(id, to);
        QueueChange change;
        change.added = message_with(now.last_sequence + 1, std::move(body));
        change.pending = static_cast<std::int64_t>(now.messages.size()) + 1;
        return messages().save_queue(to, identity(id), change, now.version);
    }

    Result<void> remove(std::string_view id, std::int64_t sequence,
                        std::vector<FeedbackRecord> records = {}, std::int64_t records_max = 100) {
        const MessageQueue now = queue(id);
        QueueChange change;
        change.removed = {sequence};
        change.pending = static_cast<std::int64_t>(now.messages.size()) - 1;
        change.feedback = std::move(records);
        change.feedback_max = records_max;
        return messages().save_queue(hub_1, identity(id), change, now.version);
    }

    std::string waiting(std::string_view id, const HubName& in = hub_1) {
        std::string text;
        for (const auto& one : queue(id, in).messages) {
            text += (text.empty() ? "" : " ") + std::to_string(one.sequence);
        }
        return text;
    }

    std::string expired(WallTime now, std::size_t count_max = 100) {
        const auto ids = messages().with_expired(hub_1, now, count_max);
        std::vector<std::string> texts;
        for (const IdentityId& id : ids.value()) {
            texts.push_back(id.text());
        }
        std::ranges::sort(texts);
        return fmt::format("{}", fmt::join(texts, " "));
    }

    static FeedbackRecord record_of(std::string_view id, WallTime at = sending) {
        return {.sequence = 0,
                .identity = identity(id),
                .generation_id = "g",
                .message_id = "m",
                .end = hub::MessageEnd::rejected,
                .at = at};
    }

    std::string records(WallTime since = WallTime{}, std::size_t count_max = 100) {
        std::string text;
        const auto found = feedback().read_feedback(hub_1, since, count_max);
        for (const FeedbackRecord& one : found.value()) {
            text += (text.empty() ? "" : " ") + std::to_string(one.sequence);
        }
        return text;
    }
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Engines, MessageSuite, every_engine, engine_name);

TEST_P(MessageSuite, AQueueComesBackWholeAndInOrder) {
    create("dev");
    EXPECT_EQ(queue("dev"), MessageQueue{});
    ASSERT_TRUE(send("dev", std::string("\0\xfe", 2)));
    ASSERT_TRUE(send("dev", ""));
    reopen();
    const MessageQueue found = queue("dev");
    EXPECT_EQ(found.version, 2);
    EXPECT_EQ(found.last_sequence, 2);
    ASSERT_EQ(found.messages.size(), 2U);
    EXPECT_EQ(found.messages[1],
              (hub::QueuedMessage{.sequence = 2,
                                  .enqueued = sending,
                                  .expires = sending + std::chrono::hours(2),
                                  .acknowledgement = hub::Acknowledgement::negative,
                                  .generation_id = "g",
                                  .message_id = "m2",
                                  .lock = std::nullopt}));
    const std::vector<std::int64_t> wanted{1, 2, 3};
    EXPECT_EQ(messages().read_messages(hub_1, identity("dev"), wanted).value(),
              (std::vector{message_with(1, std::string("\0\xfe", 2)), message_with(2, "")}));
}

TEST_P(MessageSuite, LocksAndDeliveriesAreKept) {
    create("dev");
    ASSERT_TRUE(send("dev"));
    ASSERT_TRUE(send("dev"));
    MessageQueue now = queue("dev");
    now.messages[0].lock = {.token = "t", .until = sending + std::chrono::seconds(60)};
    now.messages[1].deliveries = 3;
    QueueChange change;
    change.updated = now.messages;
    change.pending = 2;
    ASSERT_TRUE(messages().save_queue(hub_1, identity("dev"), change, now.version));
    reopen();
    EXPECT_EQ(queue("dev").messages, now.messages);
    const std::vector<std::int64_t> second{2};
    EXPECT_EQ(messages().read_messages(hub_1, identity("dev"), second)->front().deliveries, 3);
    change.updated[0].lock.reset();
    ASSERT_TRUE(messages().save_queue(hub_1, identity("dev"), change, now.version + 1));
    EXPECT_FALSE(queue("dev").messages[0].lock);
}

TEST_P(MessageSuite, WhatIsRemovedIsGoneAndNumbersGoOn) {
    create("dev");
    ASSERT_TRUE(send("dev"));
    ASSERT_TRUE(send("dev"));
    ASSERT_TRUE(remove("dev", 1));
    EXPECT_EQ(waiting("dev"), "2");
    ASSERT_TRUE(remove("dev", 2));
    reopen();
    ASSERT_TRUE(send("dev"));
    EXPECT_EQ(waiting("dev"), "3");
}

TEST_P(MessageSuite, SomebodyElseWasFaster) {
    create("dev");
    QueueChange change;
    change.added = message_with(1, "b");
    change.pending = 1;
    EXPECT_EQ(code_of(messages().save_queue(hub_1, identity("dev"), change, 1)), Code::conflict);
    ASSERT_TRUE(messages().save_queue(hub_1, identity("dev"), change, 0));
    change.feedback = {record_of("dev")};
    change.removed = {1};
    EXPECT_EQ(code_of(messages().save_queue(hub_1, identity("dev"), change, 0)), Code::conflict);
    EXPECT_EQ(code_of(messages().save_queue(hub_1, identity("dev"), change, 7)), Code::conflict);
    EXPECT_EQ(waiting("dev"), "1"); // nothing of it happened
    EXPECT_EQ(records(), "");
}

TEST_P(MessageSuite, AQueueNeedsAnIdentityAndGoesWithIt) {
    EXPECT_EQ(code_of(send("dev")), Code::not_found);
    create("dev");
    ASSERT_TRUE(send("dev"));
    ASSERT_TRUE(stores().devices().erase(hub_1, DeviceId("dev"), 1));
    EXPECT_EQ(queue("dev"), MessageQueue{});
    create("dev");
    reopen();
    EXPECT_EQ(queue("dev"), MessageQueue{});
    EXPECT_EQ(expired(sending + std::chrono::hours(99)), "");
    EXPECT_EQ(messages().counts(hub_1, std::vector{identity("dev")}).value(),
              (std::vector<std::int64_t>{0}));
}

TEST_P(MessageSuite, HubsAndIdentitiesAreApart) {
    create("a");
    create("b");
    create("a", hub_2);
    ASSERT_TRUE(send("a"));
    ASSERT_TRUE(send("a", "b", hub_2));
    ASSERT_TRUE(send("a", "b", hub_2));
    EXPECT_EQ(waiting("a"), "1");
    EXPECT_EQ(waiting("b"), "");
    EXPECT_EQ(waiting("a", hub_2), "1 2");
}

TEST_P(MessageSuite, ManyAreCountedTogether) {
    std::vector<IdentityId> ids;
    std::vector<std::int64_t> expected;
    for (int number = 0; number < 70; ++number) {
        const std::string id = "dev" + std::to_string(number);
        create(id);
        for (int sent = 0; sent < number % 3; ++sent) {
            ASSERT_TRUE(send(id));
        }
        ids.push_back(identity(id));
        expected.push_back(number % 3);
    }
    ids.insert(ids.begin(), identity("nobody"));
    expected.insert(expected.begin(), 0);
    EXPECT_EQ(messages().counts(hub_1, ids).value(), expected);
    EXPECT_TRUE(messages().counts(hub_1, {})->empty());
}

TEST_P(MessageSuite, ExpiredOnesAreFoundUnlessTheyAreLocked) {
    create("a");
    create("b");
    ASSERT_TRUE(send("a")); // for an hour
    ASSERT_TRUE(send("a")); // for two
    ASSERT_TRUE(send("b"));
    EXPECT_EQ(expired(sending + std::chrono::minutes(59)), "");
    EXPECT_EQ(expired(sending + std::chrono::minutes(60)), "a b");
    EXPECT_EQ(expired(sending + std::chrono::hours(9), 1).size(), 1U);
    MessageQueue now = queue("b");
    now.messages[0].lock = {.token = "t", .until = sending + std::chrono::hours(3)};
    QueueChange change;
    change.updated = now.messages;
    change.pending = 1;
    ASSERT_TRUE(messages().save_queue(hub_1, identity("b"), change, now.version));
    EXPECT_EQ(expired(sending + std::chrono::hours(2)), "a");
    EXPECT_EQ(expired(sending + std::chrono::hours(3)), "a b");
}

TEST_P(MessageSuite, FeedbackIsReadInOrderAndErased) {
    create("dev");
    ASSERT_TRUE(send("dev"));
    ASSERT_TRUE(send("dev"));
    ASSERT_TRUE(remove("dev", 1, {record_of("dev"), record_of("x")}));
    ASSERT_TRUE(remove("dev", 2, {record_of("dev", sending + std::chrono::hours(1))}));
    reopen();
    EXPECT_EQ(records(), "1 2 3");
    EXPECT_EQ(records(WallTime{}, 2), "1 2");
    EXPECT_EQ(records(sending + std::chrono::seconds(1)), "3");
    FeedbackRecord first = record_of("dev");
    first.sequence = 1;
    EXPECT_EQ(feedback().read_feedback(hub_1, WallTime{}, 1)->front(), first);
    EXPECT_TRUE(feedback().read_feedback(hub_2, WallTime{}, 9)->empty());
    ASSERT_TRUE(feedback().erase_feedback(hub_1, std::vector<std::int64_t>{1, 3, 77}));
    EXPECT_EQ(records(), "2");
}

TEST_P(MessageSuite, FeedbackHasABoundInNumberAndInTime) {
    create("dev");
    for (int sent = 1; sent <= 4; ++sent) {
        ASSERT_TRUE(send("dev"));
        ASSERT_TRUE(remove("dev", sent, {record_of("dev", sending + std::chrono::hours(sent))}, 3));
    }
    EXPECT_EQ(records(), "2 3 4");
    EXPECT_EQ(feedback().drop_feedback(hub_1, sending + std::chrono::hours(2), 9), 0);
    EXPECT_EQ(feedback().drop_feedback(hub_1, sending + std::chrono::hours(4), 1), 1);
    EXPECT_EQ(records(), "3 4");
    EXPECT_EQ(feedback().drop_feedback(hub_1, sending + std::chrono::hours(9), 9), 2);
    ASSERT_TRUE(send("dev"));
    ASSERT_TRUE(remove("dev", 5, {record_of("dev")}));
    EXPECT_EQ(records(), "5"); // numbers go on
}

} // namespace muster::store
