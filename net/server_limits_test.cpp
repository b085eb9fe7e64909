// Peers that mean harm, or are broken: each costs a bounded amount for a bounded time.

#include "net/fixture.h"
#include "net/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

namespace muster::net {

using fixture::Journal;
using fixture::Service;
using fixture::TcpClient;
using fixture::TlsClient;
using namespace std::chrono_literals;

TEST(ServerLimits, PlainTextIsClosed) {
    Service service;
    TcpClient client(service.port());
    client.send("GET / HTTP/1.1\r\nHost: hub.example\r\n\r\n");
    EXPECT_TRUE(client.receive_all().has_value());
    EXPECT_TRUE(service.wait_for_connections(0));
    EXPECT_EQ(service.journal.size(), 0U);
}

TEST(ServerLimits, GarbageIsClosed) {
    Service service;
    for (unsigned seed = 1; seed <= 50; ++seed) {
        SCOPED_TRACE(seed);
        TcpClient client(service.port());
        // Every second one begins like a TLS record, to get further.
        client.send((seed % 2 == 0 ? std::string("\x16\x03\x01\x00\x40", 5) : std::string()) +
                    SeededRandom(seed).bytes(80));
        EXPECT_TRUE(client.receive_all().has_value());
    }
    EXPECT_TRUE(service.wait_for_connections(0));
    EXPECT_EQ(service.journal.size(), 0U);
}

TEST(ServerLimits, GarbageAfterTheHandshakeEndsTheConnection) {
    Service service;
    TlsClient client(service.port(), {});
    ASSERT_TRUE(client.handshake());
    ASSERT_TRUE(client.echoes("hello"));
    client.tcp().send(SeededRandom(1).bytes(200));
    EXPECT_TRUE(
        service.journal.wait_entry(0, [](const auto& entry) { return entry.lost && entry.gone; }));
    EXPECT_EQ(service.journal.read(0).received, "hello");
}

TEST(ServerLimits, ASilentPeerIsClosedWhenTheHandshakeTimeIsOver) {
    Service service({.handshake_time_max = 50ms});
    const TcpClient silent(service.port());
    EXPECT_EQ(silent.receive_all(), "");
    EXPECT_TRUE(service.wait_for_connections(0));
}

TEST(ServerLimits, AHandshakeDrippedInIsClosedInTime) {
    Service service({.handshake_time_max = 50ms});
    const TcpClient slow(service.port());
    slow.send(std::string("\x16\x03\x01\x02\x00\x01\x00", 7)); // the beginning of a ClientHello
    EXPECT_TRUE(slow.receive_all().has_value());
    EXPECT_TRUE(service.wait_for_connections(0));
}

TEST(ServerLimits, PeersCutInTheMiddleOfTheHandshakeLeaveNothing) {
    Service service;
    for (int round = 0; round < 20; ++round) {
        TcpClient client(service.port());
        client.send(std::string("\x16\x03\x01\x02\x00\x01\x00", 7));
        if (round % 2 == 0) {
            client.reset();
        } else {
            client.close();
        }
    }
    EXPECT_TRUE(service.wait_for_connections(0));
    TlsClient client(service.port(), {});
    ASSERT_TRUE(client.handshake());
    EXPECT_TRUE(client.echoes("still there"));
}

TEST(ServerLimits, APeerThatReadsNothingIsClosed) {
    Service service({.write_time_max = 50ms});
    TlsClient client(service.port(), {.read_bytes = fixture::small_buffer});
    ASSERT_TRUE(client.handshake());
    client.send("big");
    EXPECT_TRUE(service.journal.wait_entry(0, [](const auto& entry) { return entry.lost; }));
    EXPECT_TRUE(service.wait_for_connections(0));
}

TEST(ServerLimits, APeerThatReadsLateGetsEverything) {
    Service service;
    TlsClient client(service.port(), {});
    ASSERT_TRUE(client.handshake());
    client.send("big");
    ASSERT_TRUE(service.journal.wait_entry(0, [](const auto& entry) {
        return entry.received == "big"; // from here on the server writes against full buffers
    }));
    const bool whole = client.receive(fixture::big_bytes) == std::string(fixture::big_bytes, 'b');
    EXPECT_TRUE(whole);
    EXPECT_TRUE(client.echoes("and on"));
}

/// Sends without end, and counts how much was asked of it.
class Fountain final : public fixture::Echo {
  public:
    using Echo::Echo;

    std::string take_output() override {
        journal_.change(index_, [](Journal::Entry& entry) { ++entry.deadlines; });
        return std::string(16 * 1024, 'x');
    }
};

TEST(ServerLimits, TakesNoMoreOutputThanThePeerReads) {
    Journal journal;
    Service service(
        [&journal](const session::Peer& peer, Post post) {
            return std::make_unique<Fountain>(journal, peer, std::move(post));
        },
        {.write_time_max = 100ms});
    TlsClient client(service.port(), {.read_bytes = fixture::small_buffer});
    ASSERT_TRUE(client.handshake());
    ASSERT_TRUE(service.wait_for_connections(0)); // it read nothing
    // What the kernel's buffers hold, and a little of ours: not what 100 ms could have made.
    EXPECT_LT(journal.read(0).deadlines, 2'000);
}

/// Swallows what it is fed, while it is wanted.
class Sink final : public fixture::Echo {
  public:
    using Echo::Echo;

    std::string take_output() override { return {}; }
};

TEST(ServerLimits, ReadsNothingWhileTheConversationWantsNoInput) {
    constexpr std::size_t flood = 32 * 1024 * 1024; // more than the kernel's buffers hold
    Journal journal;
    Service service([&journal](const session::Peer& peer, Post post) {
        return std::make_unique<Sink>(journal, peer, std::move(post));
    });
    TlsClient client(service.port(), {});
    ASSERT_TRUE(client.handshake());
    client.send("one");
    ASSERT_TRUE(journal.wait_entry(0, [](const auto& entry) { return entry.received == "one"; }));
    journal.change(0, [](Journal::Entry& entry) { entry.wants_input = false; });
    std::atomic<bool> sent = false;
    std::thread sender([&] {
        client.send(std::string(flood, 'x'));
        sent = true;
    });
    const Post post = journal.read(0).post;
    for (int round = 0; round < 100; ++round) { // each a chance to read what it must not
        std::promise<std::string> promise;
        post([&] { promise.set_value(journal.read(0).received); });
        EXPECT_EQ(promise.get_future().get(), "one");
    }
    EXPECT_FALSE(sent);
    journal.change(0, [](Journal::Entry& entry) { entry.wants_input = true; });
    post([] {}); // whatever makes it want input again is such a task
    EXPECT_TRUE(journal.wait_entry(
        0, [](const auto& entry) { return entry.received.size() == flood + 3; }));
    sender.join();
}

TEST(ServerLimits, SomeFilesAreLeftForEverythingElse) {
    EXPECT_EQ(connections_for(20'000), 18'000U);
    EXPECT_EQ(connections_for(1'048'576), 1'038'576U);
    EXPECT_EQ(connections_for(1), 1U);
}

TEST(ServerLimits, ConnectionsBeyondTheMostAreClosedAtOnce) {
    Service service({.connections_max = 2});
    TlsClient first(service.port(), {});
    auto second = std::make_unique<TlsClient>(service.port(), TlsClient::Options{});
    ASSERT_TRUE(first.handshake());
    ASSERT_TRUE(second->handshake());
    const TcpClient third(service.port());
    EXPECT_EQ(third.receive_all(), "");
    EXPECT_TRUE(first.echoes("hello"));
    second.reset();
    ASSERT_TRUE(service.wait_for_connections(1));
    TlsClient fourth(service.port(), {});
    EXPECT_TRUE(fourth.handshake());
}

TEST(ServerLimits, FurtherHandshakesWaitUntilOneIsOver) {
    Service service({.handshakes_max = 1}, 1);
    TcpClient silent(service.port());
    ASSERT_TRUE(service.wait_for_connections(1));
    TlsClient waiting(service.port(), {});
    std::thread patient([&] { EXPECT_TRUE(waiting.handshake() && waiting.echoes("at last")); });
    EXPECT_EQ(service.server->connection_count(), 1U); // the other has not been accepted
    EXPECT_EQ(service.journal.size(), 0U);
    silent.close();
    patient.join();
}

TEST(ServerLimits, EstablishedConnectionsDoNotCountAsHandshakes) {
    Service service({.handshakes_max = 1}, 1);
    std::vector<std::unique_ptr<TlsClient>> clients;
    for (int count = 0; count < 5; ++count) {
        clients.push_back(std::make_unique<TlsClient>(service.port(), TlsClient::Options{}));
        ASSERT_TRUE(clients.back()->handshake());
        ASSERT_TRUE(clients.back()->echoes("hello"));
    }
}

} // namespace muster::net
