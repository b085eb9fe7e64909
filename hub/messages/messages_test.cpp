#include "hub/fixture.h"
#include "hub/messages/messages.h"

#include <chrono>
#include <string>

namespace muster::hub {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class MessagesTest : public HubTest {
  protected:
    MessagesTest() { create("dev-01"); }

    Code refusal(SendRequest request) {
        return code_of(hub.send_message(device, std::move(request)));
    }

    std::int64_t send(std::string_view body, MessageProperties properties = {}) {
        const auto sent = hub.send_message(
            device, {.properties = std::move(properties), .body = std::string(body)});
        EXPECT_TRUE(sent);
        return sent ? sent->sequence : 0;
    }

    std::string receive(std::string* token = nullptr) {
        const auto received = messages.receive(device, seconds(60));
        EXPECT_TRUE(received);
        if (!received || !*received) {
            return "nothing";
        }
        if (token != nullptr) {
            *token = (*received)->lock_token;
        }
        return (*received)->message.body;
    }

    Connected connect_and_take_messages() {
        const Connected made = connect(device);
        hub.live().set_takes_messages(device, made.id, true);
        return made;
    }

    std::string take(LinkId link, std::size_t count_max = 16) {
        const auto taken = messages.take(device, link, count_max);
        EXPECT_TRUE(taken);
        std::string bodies;
        for (const CloudMessage& message : taken.value_or(std::vector<CloudMessage>{})) {
            bodies += (bodies.empty() ? "" : " ") + message.body;
        }
        return bodies;
    }

    void acknowledge(LinkId link, std::vector<std::int64_t> sequences) {
        EXPECT_TRUE(messages.acknowledge(device, link, sequences));
    }

    std::int64_t count() {
        const IdentityId id(device);
        return messages.counts(std::span(&id, 1)).value().front();
    }

    void pass(std::chrono::seconds time) {
        clock.advance(time);
        timers.advance(time);
        workers.run_all();
    }

    std::string feedback() {
        std::string text;
        for (const FeedbackRecord& record : stores.messages.records()) {
            text += record.message_id + ":" + std::to_string(static_cast<int>(record.end)) + " ";
        }
        return text;
    }

    const DeviceId device{"dev-01"};
    Messages& messages = hub.messages();
};

} // namespace

TEST_F(MessagesTest, MessagesComeInTheOrderTheyWereSent) {
    EXPECT_EQ(send("a"), 1);
    EXPECT_EQ(send("b"), 2);
    EXPECT_EQ(count(), 2);
    std::string token;
    EXPECT_EQ(receive(&token), "a");
    EXPECT_EQ(receive(), "b");
    EXPECT_EQ(receive(), "nothing");
    EXPECT_TRUE(messages.complete(device, token));
    EXPECT_EQ(code_of(messages.complete(device, token)), Code::precondition);
    EXPECT_EQ(count(), 1);
}

TEST_F(MessagesTest, NobodyIsSentToWhoIsNotThere) {
    EXPECT_EQ(code_of(hub.send_message(DeviceId("nobody"), {})), Code::not_found);
    EXPECT_EQ(code_of(hub.purge_messages(DeviceId("nobody"))), Code::not_found);
}

TEST_F(MessagesTest, ALostLockDeliversAgain) {
    send("a");
    std::string token;
    EXPECT_EQ(receive(&token), "a");
    clock.advance(seconds(59));
    EXPECT_EQ(receive(), "nothing");
    clock.advance(seconds(1));
    EXPECT_EQ(receive(), "a");
    EXPECT_EQ(code_of(messages.abandon(device, token)), Code::precondition);
}

TEST_F(MessagesTest, AConnectionIsToldAndTakes) {
    const Connected made = connect_and_take_messages();
    send("a");
    send("b");
    EXPECT_EQ(made.link->told_of_messages, 2);
    EXPECT_EQ(take(made.id, 1), "a");
    EXPECT_EQ(take(made.id), "b");
    EXPECT_EQ(take(made.id), "");
    EXPECT_EQ(receive(), "nothing"); // over HTTPS neither
    acknowledge(made.id, {1});
    EXPECT_EQ(count(), 1);
    acknowledge(made.id, {1, 2, 3});
    EXPECT_EQ(count(), 0);
}

TEST_F(MessagesTest, OnlyTheHolderAcknowledges) {
    const Connected made = connect_and_take_messages();
    send("a");
    take(made.id);
    acknowledge(made.id + 1, {1});
    acknowledge(made.id, {2});
    EXPECT_EQ(count(), 1);
}

TEST_F(MessagesTest, WhatWasNotAcknowledgedComesAgain) {
    const Connected first = connect_and_take_messages();
    send("a");
    send("b");
    EXPECT_EQ(take(first.id), "a b");
    acknowledge(first.id, {1});
    hub.live().detach(device, first.id);
    messages.release(device, first.id);
    const Connected second = connect_and_take_messages();
    const auto again = messages.take(device, second.id, 16);
    ASSERT_TRUE(again && again->size() == 1);
    EXPECT_EQ(again->front().body, "b");
    EXPECT_EQ(again->front().deliveries, 1);
}

TEST_F(MessagesTest, ANewerConnectionGetsWhatTheOlderHeld) {
    const Connected first = connect_and_take_messages();
    send("a");
    EXPECT_EQ(take(first.id), "a");
    const Connected second = connect_and_take_messages();
    EXPECT_EQ(take(first.id), ""); // it is not the one any more
    EXPECT_EQ(take(second.id), "a");
    messages.release(device, first.id); // late
    acknowledge(first.id, {1});
    EXPECT_EQ(count(), 1);
    acknowledge(second.id, {1});
    EXPECT_EQ(count(), 0);
}

TEST_F(MessagesTest, AConnectionThatIsGoneTakesNothing) {
    const Connected made = connect_and_take_messages();
    send("a");
    hub.live().detach(device, made.id);
    EXPECT_EQ(take(made.id), "");
    EXPECT_EQ(receive(), "a");
}

TEST_F(MessagesTest, HttpsGetsWhatALostConnectionHeld) {
    const Connected made = connect_and_take_messages();
    send("a");
    EXPECT_EQ(take(made.id), "a");
    hub.live().detach(device, made.id); // and nobody came to release
    EXPECT_EQ(receive(), "a");
}

TEST_F(MessagesTest, ADeviceThatNeverAcknowledgesBlocksOnlyUntilTimeIsUp) {
    const Connected made = connect_and_take_messages();
    for (int sent = 0; sent < 50; ++sent) {
        send("x", {{"iothub-ack", "full"}, {"$.mid", "m"}});
    }
    EXPECT_EQ(refusal({}), Code::quota_exceeded);
    take(made.id);
    pass(hours(1));
    for (int step = 0; step < 10; ++step) {
        pass(seconds(1));
    }
    EXPECT_EQ(count(), 0);
    EXPECT_EQ(stores.messages.records().size(), 50U);
    acknowledge(made.id, {1, 2}); // too late, and harmless
}

TEST_F(MessagesTest, TheSweepFindsWhatExpired) {
    send("a", {{"iothub-ack", "negative"}, {"$.mid", "m1"}});
    send("b", {{"iothub-ack", "positive"}, {"$.mid", "m2"}});
    pass(minutes(59));
    EXPECT_EQ(count(), 2);
    pass(minutes(2));
    EXPECT_EQ(count(), 0);
    EXPECT_EQ(feedback(), "m1:1 ");
    pass(hours(2));
    EXPECT_EQ(feedback(), ""); // nobody asked for an hour
}

TEST_F(MessagesTest, APurgeTakesAllOfIt) {
    const Connected made = connect_and_take_messages();
    send("a", {{"iothub-ack", "full"}, {"$.mid", "m1"}});
    take(made.id);
    send("b", {{"iothub-ack", "negative"}, {"$.mid", "m2"}});
    send("c");
    EXPECT_EQ(hub.purge_messages(device), 3);
    EXPECT_EQ(hub.purge_messages(device), 0);
    EXPECT_EQ(feedback(), "m1:4 m2:4 ");
    EXPECT_EQ(take(made.id), "");
}

// IOTHUB-34. Each time, so that what could not be dropped at first is dropped by the repetition.
TEST_F(MessagesTest, ABlockDropsTheQueueAndDisablingKeepsIt) {
    const auto disable = [&](const std::string& reason) {
        Device wanted;
        wanted.id = device;
        wanted.status = DeviceStatus::disabled;
        wanted.status_reason = reason;
        EXPECT_TRUE(hub.put_device(wanted, any_etag()));
    };
    send("a");
    for (const std::string reason : {"", "lost", "blocked", "blocked by security",
                                     "moving out 4f3a9c0d11223344; was enabled"}) {
        disable(reason);
        EXPECT_EQ(count(), 1) << reason;
    }
    for (const std::string mark : {"blocked; was enabled", "blocked; was disabled: lost"}) {
        for (const std::string& reason :
             {mark, "moving out 4f3a9c0d11223344; was disabled: " + mark}) {
            disable(reason);
            EXPECT_EQ(count(), 0) << reason;
            send("b");
        }
    }
    stores.messages.failures = {failure(Code::unavailable)};
    disable("blocked; was enabled");
    disable("blocked; was enabled");
    EXPECT_EQ(count(), 0);
}

TEST_F(MessagesTest, AQueueGoesWithItsIdentity) {
    send("a");
    ASSERT_TRUE(hub.delete_device(device, {}));
    create("dev-01");
    EXPECT_EQ(receive(), "nothing");
    EXPECT_EQ(send("b"), 1);
}

TEST_F(MessagesTest, WhatTheStoreRefusesIsNotSent) {
    const Connected made = connect_and_take_messages();
    stores.messages.failures = {failure(Code::unavailable)};
    EXPECT_EQ(refusal({}), Code::unavailable);
    EXPECT_EQ(made.link->told_of_messages, 0);
    stores.messages.failures = {failure(Code::conflict)}; // somebody was faster: again
    EXPECT_EQ(send("a"), 1);
    take(made.id);
    stores.messages.failures = {failure(Code::unavailable)};
    EXPECT_FALSE(messages.acknowledge(device, made.id, std::vector<std::int64_t>{1}));
    acknowledge(made.id, {1}); // it may say so again
    EXPECT_EQ(count(), 0);
}

TEST_F(MessagesTest, DocumentsTellHowManyWait) {
    create("dev-02");
    send("a");
    send("b");
    EXPECT_EQ(hub.get_device(device)->messages_waiting, 2);
    EXPECT_EQ(hub.get_twin(device)->messages_waiting, 2);
    stores.messages.counts_asked = 0;
    const auto devices = hub.list_devices(10);
    ASSERT_TRUE(devices);
    EXPECT_EQ((*devices)[0].messages_waiting, 2);
    EXPECT_EQ((*devices)[1].messages_waiting, 0);
    EXPECT_EQ(stores.messages.counts_asked, 1); // whatever the number of devices
}

} // namespace muster::hub
