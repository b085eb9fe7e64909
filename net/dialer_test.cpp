#include "net/dialer.h"
#include "net/fixture.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>

namespace muster::net {

using fixture::Journal;
using fixture::Service;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<const ClientTls> client_tls(const crypto::Identity* device = nullptr) {
    ClientTls::Options options{.ca_pem = fixture::authority().certificate.pem()};
    if (device != nullptr) {
        options.certificate_chain_pem = device->certificate.pem();
        options.key_pem = device->key_pem;
    }
    Result<ClientTls> tls = ClientTls::make(options);
    return std::make_shared<ClientTls>(std::move(tls.value()));
}

/// Says hello, and goes as soon as it has heard it back.
class Greeter final : public fixture::Echo {
  public:
    using Echo::Echo;

    void start(SteadyTime) override { output_ = "hello"; }

    void feed(std::string_view bytes, SteadyTime) override {
        journal_.change(index_, [&](Journal::Entry& entry) {
            entry.received += bytes;
            close_ = entry.received == "hello";
        });
    }
};

template <class Kind>
session::ConversationFactory make(Journal& journal) {
    return [&journal](const session::Peer& peer, Post post) {
        return std::make_unique<Kind>(journal, peer, std::move(post));
    };
}

/// How a dial ended; nothing if it did not in time.
struct Ending {
    std::promise<Result<void>> promise;

    std::move_only_function<void(Result<void>)> callback() {
        return [this](Result<void> result) { promise.set_value(std::move(result)); };
    }

    std::optional<Result<void>> wait() {
        std::future<Result<void>> future = promise.get_future();
        if (future.wait_for(fixture::patience) != std::future_status::ready) {
            return std::nullopt;
        }
        return future.get();
    }
};

class Dialing : public testing::Test {
  protected:
    [[nodiscard]] Destination to(const std::string& host) const {
        return {.host = host, .address = "127.0.0.1", .port = service_.port()};
    }

    /// The error of a dial that must fail before its conversation begins.
    Error refusal(const Destination& destination,
                  std::chrono::milliseconds time_max = fixture::patience) {
        Ending ending;
        dialer_.dial(destination, client_tls(), make<Greeter>(journal_), time_max,
                     ending.callback());
        const std::optional<Result<void>> result = ending.wait();
        EXPECT_EQ(journal_.size(), 0U);
        EXPECT_TRUE(result.has_value() && !result->has_value());
        return result && !*result ? result->error() : Error{};
    }

    Service service_;
    Journal journal_; // of the clients
    Dialer dialer_{2};
};

} // namespace

TEST_F(Dialing, TalksToTheServerItNamed) {
    for (const std::string host : {"hub.example", "127.0.0.1", "any.wild.example"}) {
        Ending ending;
        dialer_.dial(to(host), client_tls(), make<Greeter>(journal_), fixture::patience,
                     ending.callback());
        const std::optional<Result<void>> result = ending.wait();
        ASSERT_TRUE(result && *result) << host;
        const session::Peer server = journal_.read(journal_.size() - 1).peer;
        EXPECT_EQ(server.certificates, std::vector{fixture::server_identity().certificate.der()});
        EXPECT_EQ(server.address, "127.0.0.1:" + std::to_string(service_.port()));
    }
    EXPECT_EQ(service_.journal.read(0).peer.server_name, "hub.example");
    EXPECT_EQ(service_.journal.read(1).peer.server_name, ""); // an IP address is no name
    EXPECT_FALSE(journal_.read(0).lost);
}

TEST_F(Dialing, PresentsItsCertificate) {
    const crypto::Identity device = fixture::issue({.common_name = "device"});
    Ending ending;
    dialer_.dial(to("hub.example"), client_tls(&device), make<Greeter>(journal_), fixture::patience,
                 ending.callback());
    ASSERT_TRUE(ending.wait().value());
    EXPECT_EQ(service_.journal.read(0).peer.certificates, std::vector{device.certificate.der()});
}

TEST_F(Dialing, ManyAtOnce) {
    constexpr std::size_t count = 100;
    std::vector<Ending> endings(count);
    const std::shared_ptr<const ClientTls> tls = client_tls();
    for (Ending& ending : endings) {
        dialer_.dial(to("hub.example"), tls, make<Greeter>(journal_), fixture::patience,
                     ending.callback());
    }
    for (Ending& ending : endings) {
        const std::optional<Result<void>> result = ending.wait();
        EXPECT_TRUE(result && *result);
    }
    EXPECT_EQ(service_.journal.size(), count);
}

// DPS-DEVICE-4, from the other side: what the SDKs verify, ours verifies.
TEST_F(Dialing, RefusesAServerOfAnotherName) {
    for (const std::string host : {"other.example", "127.0.0.9", "a.b.wild.example", "example"}) {
        const Error error = refusal(to(host));
        EXPECT_EQ(error.code, Code::unavailable) << host;
        EXPECT_TRUE(error.detail.contains("the certificate is refused")) << error.detail;
        EXPECT_TRUE(error.detail.contains("mismatch")) << error.detail;
    }
}

TEST_F(Dialing, RefusesAServerOfAnotherAuthority) {
    const crypto::Identity stranger =
        fixture::issue({.common_name = "root", .purpose = crypto::Purpose::certificate_authority});
    Result<ClientTls> tls = ClientTls::make({.ca_pem = stranger.certificate.pem()});
    ASSERT_TRUE(tls.has_value());
    Ending ending;
    dialer_.dial(to("hub.example"), std::make_shared<ClientTls>(std::move(*tls)),
                 make<Greeter>(journal_), fixture::patience, ending.callback());
    const std::optional<Result<void>> result = ending.wait();
    ASSERT_TRUE(result && !*result);
    EXPECT_TRUE(result->error().detail.contains("the certificate is refused"))
        << result->error().detail;
}

TEST_F(Dialing, RefusesNoName) {
    EXPECT_EQ(refusal({.host = "", .address = "127.0.0.1", .port = service_.port()}).code,
              Code::malformed);
}

TEST_F(Dialing, SaysThatNobodyListens) {
    service_.server->stop(0ms);
    const Destination destination = to("hub.example");
    const Error error = refusal(destination);
    EXPECT_EQ(error.code, Code::unavailable);
    EXPECT_EQ(error.detail, "cannot connect to hub.example at 127.0.0.1:" +
                                std::to_string(destination.port) + ": connection refused");
}

TEST_F(Dialing, SaysThatANameHasNoAddress) {
    const Error error = refusal({.host = "nobody.invalid", .port = 443});
    EXPECT_EQ(error.code, Code::unavailable);
    EXPECT_TRUE(error.detail.contains("nobody.invalid")) << error.detail;
}

TEST_F(Dialing, GivesUpOnAServerThatSaysNothing) {
    const std::vector<Socket> mute = listen_on("127.0.0.1", 0, 1).value(); // accepts nobody
    const std::uint16_t port = local_endpoint(mute.front())->port();
    const Error error =
        refusal({.host = "hub.example", .address = "127.0.0.1", .port = port}, 50ms);
    EXPECT_EQ(error.code, Code::deadline_exceeded);
}

TEST_F(Dialing, TellsTheConversationThatTheServerWentAway) {
    Ending ending;
    dialer_.dial(to("hub.example"), client_tls(), make<fixture::Echo>(journal_), fixture::patience,
                 ending.callback());
    ASSERT_TRUE(service_.journal.wait([](const auto& entries) { return !entries.empty(); }));
    service_.server->stop(0ms);
    EXPECT_TRUE(ending.wait().value().has_value()); // it did begin
    EXPECT_TRUE(journal_.read(0).lost);
}

TEST_F(Dialing, EndsEverythingWhenItStops) {
    std::vector<Ending> endings(10);
    for (Ending& ending : endings) {
        dialer_.dial(to("hub.example"), client_tls(), make<fixture::Echo>(journal_),
                     fixture::patience, ending.callback());
    }
    ASSERT_TRUE(journal_.wait([](const auto& entries) { return entries.size() >= 3; }));
    dialer_.stop();
    for (Ending& ending : endings) {
        EXPECT_TRUE(ending.wait().has_value());
    }
    Ending late;
    dialer_.dial(to("hub.example"), client_tls(), make<fixture::Echo>(journal_), fixture::patience,
                 late.callback());
    const std::optional<Result<void>> result = late.wait();
    ASSERT_TRUE(result && !*result);
    EXPECT_EQ(result->error().code, Code::unavailable);
    dialer_.stop();
}

} // namespace muster::net
