#include "net/fixture.h"
#include "net/nats_fixture.h"
#include "net/nats_publisher.h"

#include <gtest/gtest.h>

#include <thread>

namespace muster::net {

namespace {

using fixture::NatsServer;
using Message = NatsPublisher::Message;
using std::chrono::milliseconds;

Message message(int number) {
    return {.subject = "muster.hub-1.telemetry.dev-" + std::to_string(number % 3),
            .id = "hub-1:" + std::to_string(number),
            .content_type = "application/json",
            .data = std::to_string(number)};
}

std::vector<Message> messages(int from, int to) {
    std::vector<Message> made;
    for (int number = from; number <= to; ++number) {
        made.push_back(message(number));
    }
    return made;
}

class NatsTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!NatsServer::is_installed()) {
            GTEST_SKIP() << "nats-server is not installed";
        }
        ASSERT_TRUE(server.start());
    }

    [[nodiscard]] NatsPublisher::Options options() const {
        return {.servers = {server.url()}, .client_name = "muster"};
    }

    /// The data of what is stored, without repetitions of an id.
    [[nodiscard]] std::vector<std::string> stored() const {
        std::vector<std::string> data;
        for (const auto& one : server.stored("EVENTS")) {
            data.push_back(one.data);
        }
        return data;
    }

    NatsServer server;
};

} // namespace

TEST_F(NatsTest, WhatIsPublishedIsStoredInOrder) {
    server.make_stream("EVENTS", "muster.>");
    NatsPublisher publisher(options());
    ASSERT_TRUE(publisher.publish(messages(1, 200)));
    const auto stored = server.stored("EVENTS");
    ASSERT_EQ(stored.size(), 200U);
    for (int number = 1; number <= 200; ++number) {
        const Message sent = message(number);
        EXPECT_EQ(stored[static_cast<std::size_t>(number - 1)],
                  (NatsServer::Stored{sent.subject, sent.id, sent.data}));
    }
}

TEST_F(NatsTest, AMessageIsStoredOnceHoweverOftenItIsPublished) {
    server.make_stream("EVENTS", "muster.>");
    NatsPublisher publisher(options());
    ASSERT_TRUE(publisher.publish(messages(1, 3)));
    ASSERT_TRUE(publisher.publish(messages(1, 4)));
    EXPECT_EQ(stored(), (std::vector<std::string>{"1", "2", "3", "4"}));
}

TEST_F(NatsTest, ASubjectThatNoStreamTakesIsAnError) {
    NatsPublisher publisher(options());
    const auto refused = publisher.publish(messages(1, 2));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unavailable);
    EXPECT_EQ(refused.error().detail, "no stream takes the subject muster.hub-1.telemetry.dev-1");
    server.make_stream("EVENTS", "muster.>");
    EXPECT_TRUE(publisher.publish(messages(1, 2)));
}

TEST_F(NatsTest, AStreamIsMadeOnceIfItIsNamed) {
    auto named = options();
    named.stream = "EVENTS";
    named.stream_subjects = {"muster.hub-1.>"};
    ASSERT_TRUE(NatsPublisher(named).publish(messages(1, 2)));
    ASSERT_TRUE(NatsPublisher(named).publish(messages(3, 3)));
    EXPECT_EQ(stored(), (std::vector<std::string>{"1", "2", "3"}));
}

TEST_F(NatsTest, AnotherStreamThanTheNamedOneIsAnError) {
    server.make_stream("OTHER", "muster.>");
    auto named = options();
    named.stream = "EVENTS";
    named.stream_subjects = {"something.else"};
    const auto refused = NatsPublisher(named).publish(messages(1, 1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().detail,
              "the stream refused a message: expected stream does not match");
}

TEST_F(NatsTest, AServerThatWasKilledIsFoundAgain) {
    server.make_stream("EVENTS", "muster.>");
    NatsPublisher publisher(options());
    ASSERT_TRUE(publisher.publish(messages(1, 50)));
    server.kill();
    const auto lost = publisher.publish(messages(51, 100));
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, Code::unavailable) << lost.error().detail;
    ASSERT_TRUE(server.start());
    ASSERT_TRUE(publisher.publish(messages(51, 100)));
    EXPECT_EQ(stored().size(), 100U);
    EXPECT_EQ(stored().back(), "100");
}

TEST_F(NatsTest, TheNextServerIsTried) {
    server.make_stream("EVENTS", "muster.>");
    auto several = options();
    several.servers.insert(several.servers.begin(), "nats://127.0.0.1:1");
    EXPECT_TRUE(NatsPublisher(several).publish(messages(1, 1)));
}

TEST_F(NatsTest, AServerThatSaysNothingIsGivenUp) {
    server.make_stream("EVENTS", "muster.>");
    auto hasty = options();
    hasty.stored_max = milliseconds(300);
    hasty.connect_max = milliseconds(300);
    NatsPublisher publisher(hasty);
    ASSERT_TRUE(publisher.publish(messages(1, 1)));
    server.suspend();
    const auto unheard = publisher.publish(messages(2, 2));
    ASSERT_FALSE(unheard);
    EXPECT_EQ(unheard.error().code, Code::deadline_exceeded);
    EXPECT_FALSE(publisher.publish(messages(2, 2))); // it cannot even connect
    server.resume();
    for (int tries = 0; !publisher.publish(messages(2, 2)) && tries < 50; ++tries) {
    }
    EXPECT_EQ(stored(), (std::vector<std::string>{"1", "2"}));
}

TEST_F(NatsTest, AnInterruptEndsTheWaiting) {
    server.make_stream("EVENTS", "muster.>");
    auto patient = options();
    patient.stored_max = std::chrono::minutes(10);
    NatsPublisher publisher(patient);
    ASSERT_TRUE(publisher.publish(messages(1, 1)));
    server.suspend();
    std::jthread waiting([&] { EXPECT_FALSE(publisher.publish(messages(2, 2))); });
    publisher.interrupt();
    waiting.join();
    EXPECT_FALSE(publisher.publish(messages(3, 3)));
}

TEST_F(NatsTest, WhatIsTooLargeIsNotSent) {
    server.make_stream("EVENTS", "muster.>");
    NatsPublisher publisher(options());
    auto large = messages(1, 2);
    large.back().data = std::string(std::size_t{1024} * 1024, 'x');
    const auto refused = publisher.publish(large);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::too_large);
    EXPECT_TRUE(stored().empty());
}

namespace {

class NatsTokenTest : public testing::Test {
  protected:
    NatsServer server{"authorization { token: \"s3cr3t\" }"};
};

} // namespace

TEST_F(NatsTokenTest, OnlyWhoHasTheTokenGetsIn) {
    if (!NatsServer::is_installed()) {
        GTEST_SKIP() << "nats-server is not installed";
    }
    ASSERT_TRUE(server.start());
    NatsPublisher::Options options{.servers = {server.url()},
                                   .client_name = "muster",
                                   .stream = "EVENTS",
                                   .stream_subjects = {"muster.>"}};
    const auto refused = NatsPublisher(options).publish(messages(1, 1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unauthenticated);
    options.token = Secret("s3cr3t");
    EXPECT_TRUE(NatsPublisher(options).publish(messages(1, 1)));
}

TEST(NatsOptions, FilesThatCannotBeReadAreNamed) {
    NatsPublisher publisher(
        {.servers = {"tls://127.0.0.1:1"}, .client_name = "muster", .ca_file = "/nowhere/ca.pem"});
    const auto refused = publisher.publish(messages(1, 1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::malformed);
    EXPECT_EQ(refused.error().detail, "ca_file cannot be used");
}

} // namespace muster::net
