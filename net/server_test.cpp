// Starting, talking, posting, stopping.

#include "net/fixture.h"
#include "net/server.h"

#include <gtest/gtest.h>

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

namespace muster::net {

using fixture::Echo;
using fixture::Journal;
using fixture::Service;
using fixture::TcpClient;
using fixture::TlsClient;
using namespace std::chrono_literals;

namespace {

Result<std::unique_ptr<Server>> start_on(const std::string& address, std::uint16_t port) {
    return Server::start(
        {.listeners = {{.address = address,
                        .port = port,
                        .make = [](const session::Peer&, Post) { return nullptr; }}},
         .threads = 2},
        fixture::server_tls());
}

/// Of the calling thread only.
bool give_up_privileged_ports() {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct data[2] = {};
    if (syscall(SYS_capget, &header, data) != 0) {
        return false;
    }
    data[0].effective &= ~(1U << CAP_NET_BIND_SERVICE);
    return syscall(SYS_capset, &header, data) == 0;
}

} // namespace

TEST(Server, EchoesToManyAtOnce) {
    constexpr std::size_t count = 200;
    Service service;
    std::vector<std::unique_ptr<TlsClient>> clients;
    for (std::size_t index = 0; index < count; ++index) {
        clients.push_back(std::make_unique<TlsClient>(service.port(), TlsClient::Options{}));
        ASSERT_TRUE(clients.back()->handshake());
    }
    EXPECT_EQ(service.server->connection_count(), count);
    for (std::size_t index = 0; index < count; ++index) {
        EXPECT_TRUE(clients[index]->echoes("I am number " + std::to_string(index)));
    }
    clients.clear();
    EXPECT_TRUE(service.wait_for_connections(0));
}

TEST(Server, CarriesLongMessagesWhole) {
    Service service;
    TlsClient client(service.port(), {});
    ASSERT_TRUE(client.handshake());
    std::string text;
    for (int line = 0; text.size() < 100'000; ++line) {
        text += std::to_string(line) + "\n";
    }
    for (int round = 0; round < 10; ++round) {
        EXPECT_TRUE(client.echoes(text));
    }
}

TEST(Server, SendsTheLastWordsBeforeItCloses) {
    Service service;
    TlsClient client(service.port(), {});
    ASSERT_TRUE(client.handshake());
    client.send("quit");
    client.send("more that nobody reads");
    EXPECT_EQ(client.receive_all(), "bye");
    client.close_notify();
    EXPECT_TRUE(service.journal.wait_entry(0, [](const auto& entry) { return entry.gone; }));
    EXPECT_FALSE(service.journal.read(0).lost); // it was the one that closed
}

TEST(Server, TellsTheConversationWhenThePeerCloses) {
    Service service;
    for (std::size_t round = 0; round < 2; ++round) {
        auto client = std::make_unique<TlsClient>(service.port(), TlsClient::Options{});
        ASSERT_TRUE(client->handshake());
        ASSERT_TRUE(client->echoes("hello"));
        if (round == 0) {
            client->close_notify();
        }
        client.reset(); // in the second round in the middle of everything
        EXPECT_TRUE(service.journal.wait_entry(
            round, [](const auto& entry) { return entry.lost && entry.gone; }));
    }
    EXPECT_TRUE(service.wait_for_connections(0));
}

TEST(Server, RunsPostedTasksInOrderOnTheConnectionsThread) {
    Service service;
    TlsClient client(service.port(), {});
    ASSERT_TRUE(client.handshake());
    ASSERT_TRUE(client.echoes("hello"));
    const Post post = service.journal.read(0).post;
    std::promise<std::vector<std::thread::id>> promise;
    std::vector<std::thread::id> ids;
    post([&ids] { ids.push_back(std::this_thread::get_id()); });
    post([&ids, &promise] {
        ids.push_back(std::this_thread::get_id());
        promise.set_value(ids);
    });
    std::future<std::vector<std::thread::id>> seen = promise.get_future();
    ASSERT_EQ(seen.wait_for(fixture::patience), std::future_status::ready);
    const std::vector<std::thread::id> threads = seen.get();
    ASSERT_EQ(threads.size(), 2U);
    EXPECT_EQ(threads[0], threads[1]);
    EXPECT_NE(threads[0], std::this_thread::get_id());
}

/// Says something of its own once it is told to by another thread.
class Announcer final : public Echo {
  public:
    using Echo::Echo;

    void start(SteadyTime) override {
        journal_.read(index_).post([this] { output_ += "news"; });
    }
};

TEST(Server, SendsWhatAPostedTaskHasToSay) {
    Journal journal;
    Service service([&journal](const session::Peer& peer, Post post) {
        return std::make_unique<Announcer>(journal, peer, std::move(post));
    });
    TlsClient client(service.port(), {});
    ASSERT_TRUE(client.handshake());
    EXPECT_EQ(client.receive(4), "news");
}

/// Tells when it is destroyed, as a dropped task's captures are.
struct Trace {
    explicit Trace(std::promise<void>& promise) : dropped(&promise) {}

    Trace(Trace&& other) noexcept : dropped(std::exchange(other.dropped, nullptr)) {}

    ~Trace() {
        if (dropped != nullptr) {
            dropped->set_value();
        }
    }

    std::promise<void>* dropped;
};

TEST(Server, DropsTasksOfAConnectionThatHasGone) {
    Service service;
    {
        TlsClient client(service.port(), {});
        ASSERT_TRUE(client.handshake());
        ASSERT_TRUE(client.echoes("hello"));
    }
    ASSERT_TRUE(service.journal.wait_entry(0, [](const auto& entry) { return entry.gone; }));
    std::promise<void> dropped;
    std::atomic<bool> ran = false;
    service.journal.read(0).post([&ran, trace = Trace(dropped)] { ran = true; });
    EXPECT_EQ(dropped.get_future().wait_for(fixture::patience), std::future_status::ready);
    EXPECT_FALSE(ran);
}

TEST(Server, LeavesPostsHarmlessWhenItIsGone) {
    Post post;
    {
        Service service;
        TlsClient client(service.port(), {});
        ASSERT_TRUE(client.handshake());
        ASSERT_TRUE(client.echoes("hello"));
        post = service.journal.read(0).post;
    }
    std::promise<void> dropped;
    bool ran = false;
    post([&ran, trace = Trace(dropped)] { ran = true; });
    EXPECT_EQ(dropped.get_future().wait_for(0s), std::future_status::ready);
    EXPECT_FALSE(ran);
}

/// Wants to be woken soon, three times.
class Sleepless final : public Echo {
  public:
    using Echo::Echo;

    void start(SteadyTime now) override { next_ = now + 5ms; }

    void deadline(SteadyTime now) override {
        EXPECT_GE(now, next_);
        next_ = now + 5ms;
        output_ += "tick";
        close_ = ++count_ == 3;
        Echo::deadline(now);
    }

    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override { return next_; }

  private:
    SteadyTime next_;
    int count_ = 0;
};

TEST(Server, KeepsTheDeadlinesOfAConversation) {
    Journal journal;
    Service service([&journal](const session::Peer& peer, Post post) {
        return std::make_unique<Sleepless>(journal, peer, std::move(post));
    });
    TlsClient client(service.port(), {});
    ASSERT_TRUE(client.handshake());
    EXPECT_EQ(client.receive_all(), "tickticktick");
}

/// Fails in a way that none of ours should.
class Faulty final : public Echo {
  public:
    using Echo::Echo;

    void feed(std::string_view, SteadyTime) override { throw std::runtime_error("a mistake"); }
};

TEST(Server, EndsOnlyTheConnectionThatThrows) {
    Journal journal;
    Service service(
        [&journal](const session::Peer& peer, Post post) -> std::unique_ptr<session::Conversation> {
            if (journal.size() == 0) {
                return std::make_unique<Faulty>(journal, peer, std::move(post));
            }
            return std::make_unique<Echo>(journal, peer, std::move(post));
        },
        {}, 1);
    TlsClient broken(service.port(), {});
    ASSERT_TRUE(broken.handshake());
    broken.send("hello");
    EXPECT_EQ(broken.receive_all(), std::nullopt);
    TlsClient sound(service.port(), {});
    ASSERT_TRUE(sound.handshake());
    EXPECT_TRUE(sound.echoes("hello"));
}

TEST(Server, ClosesInOrderWhenNobodyWantsToTalk) {
    Service service([](const session::Peer&, Post) { return nullptr; });
    TlsClient client(service.port(), {});
    ASSERT_TRUE(client.handshake());
    EXPECT_EQ(client.receive_all(), "");
}

// ---- stop

TEST(Server, LetsConversationsFinishWhenItStops) {
    Service service;
    TlsClient client(service.port(), {});
    ASSERT_TRUE(client.handshake());
    ASSERT_TRUE(client.echoes("hello"));
    std::thread stopper([&] { service.server->stop(fixture::patience); });
    EXPECT_EQ(client.receive_all(), "stopped");
    client.close_notify();
    client.tcp().receive_all();
    stopper.join();
    EXPECT_TRUE(service.journal.read(0).stopped);
    EXPECT_EQ(service.server->connection_count(), 0U);
}

/// Does not care.
class Stubborn final : public Echo {
  public:
    using Echo::Echo;

    void stop(SteadyTime) override {}
};

TEST(Server, WaitsForStubbornConversationsOnlySoLong) {
    Journal journal;
    Service service([&journal](const session::Peer& peer, Post post) {
        return std::make_unique<Stubborn>(journal, peer, std::move(post));
    });
    TlsClient client(service.port(), {});
    ASSERT_TRUE(client.handshake());
    ASSERT_TRUE(client.echoes("hello"));
    TcpClient silent(service.port()); // nor do those that never began to talk hold it up
    service.server->stop(20ms);
    EXPECT_TRUE(journal.read(0).lost);
    EXPECT_TRUE(journal.read(0).gone);
    EXPECT_EQ(service.server->connection_count(), 0U);
    service.server->stop(20ms); // again: nothing to do
}

TEST(Server, FreesItsPortsWhenItStops) {
    Service service;
    const std::uint16_t port = service.port();
    service.server->stop(0ms);
    EXPECT_TRUE(start_on("127.0.0.1", port).has_value());
}

// ---- start

TEST(Server, RefusesAPortInUse) {
    Service service;
    const Result<std::unique_ptr<Server>> second = start_on("127.0.0.1", service.port());
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, Code::unavailable);
    EXPECT_EQ(second.error().detail,
              "127.0.0.1:" + std::to_string(service.port()) + " is in use by another program");
}

TEST(Server, BindsEveryListenerOrNone) {
    Service taken;
    const std::uint16_t free_port = [] {
        Service brief;
        return brief.port();
    }();
    const session::ConversationFactory none = [](const session::Peer&, Post) { return nullptr; };
    const Result<std::unique_ptr<Server>> started =
        Server::start({.listeners = {{.address = "127.0.0.1", .port = free_port, .make = none},
                                     {.address = "127.0.0.1", .port = taken.port(), .make = none}}},
                      fixture::server_tls());
    EXPECT_FALSE(started.has_value());
    EXPECT_TRUE(start_on("127.0.0.1", free_port).has_value());
}

TEST(Server, ServesEachListenerWithItsOwnConversations) {
    Journal first;
    Journal second;
    const Result<std::unique_ptr<Server>> server =
        Server::start({.listeners = {{.address = "127.0.0.2", .make = fixture::echo(first)},
                                     {.address = "127.0.0.1", .make = fixture::echo(second)}}},
                      fixture::server_tls());
    ASSERT_TRUE(server.has_value());
    TlsClient client((*server)->port(1), {});
    ASSERT_TRUE(client.handshake());
    EXPECT_TRUE(client.echoes("hello"));
    EXPECT_EQ(first.size(), 0U);
    EXPECT_EQ(second.size(), 1U);
}

TEST(Server, SaysWhichAddressIsNone) {
    for (const std::string address : {"localhost", "300.1.1.1", "192.0.2.1", ""}) {
        const Result<std::unique_ptr<Server>> server = start_on(address, 0);
        ASSERT_FALSE(server.has_value()) << address;
        EXPECT_EQ(server.error().code, Code::malformed) << address;
        EXPECT_TRUE(server.error().detail.contains(address)) << server.error().detail;
    }
}

TEST(Server, SaysThatAPortIsNotPermitted) {
    std::optional<Error> error;
    bool without_privilege = false;
    std::thread([&] {
        without_privilege = give_up_privileged_ports();
        const Result<std::unique_ptr<Server>> server = start_on("127.0.0.4", 7);
        if (!server) {
            error = server.error();
        }
    }).join();
    if (!without_privilege || !error) {
        GTEST_SKIP() << "every port is permitted here";
    }
    EXPECT_EQ(error->code, Code::forbidden);
    EXPECT_EQ(error->detail, "not permitted to listen on 127.0.0.4:7");
}

} // namespace muster::net
