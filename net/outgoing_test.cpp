#include "net/fixture.h"
#include "net/outgoing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdlib>
#include <thread>

namespace muster::net {

using fixture::Journal;
using fixture::Service;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t answer_bytes = 4096;

/// Answers each request by its path, as badly as a path may want.
class BadServer final : public fixture::Echo {
  public:
    using Echo::Echo;

    void feed(std::string_view bytes, SteadyTime now) override {
        journal_.change(index_, [&](Journal::Entry& entry) { entry.received += bytes; });
        pending_ += bytes;
        if (!pending_.contains("\r\n\r\n")) {
            return;
        }
        const auto path = pending_.substr(pending_.find(' ') + 1);
        pending_.clear();
        answer(path.substr(0, path.find_first_of(" ?")), now);
    }

    void deadline(SteadyTime now) override {
        output_ += 'x';
        next_ = now + 5ms;
    }

    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override { return next_; }

  private:
    void answer(const std::string& path, SteadyTime now) {
        if (path == "/drip") { // promised in full, given byte by byte
            output_ += "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
            next_ = now;
        } else if (path == "/endless") {
            output_ += "HTTP/1.1 200 OK\r\n\r\n" + std::string(fixture::big_bytes, 'b');
        } else if (path == "/chunks") {
            output_ += "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            for (int chunk = 0; chunk < 100'000; ++chunk) {
                output_ += "1\r\nc\r\n";
            }
        } else if (path == "/headers") {
            output_ += "HTTP/1.1 200 OK\r\n";
            for (int line = 0; line < 100'000; ++line) {
                output_ += fmt::format("X-{}: more\r\n", line);
            }
        } else if (path == "/interim") {
            for (int line = 0; line < 100'000; ++line) {
                output_ += "HTTP/1.1 103 Early Hints\r\n\r\n";
            }
        } else if (path == "/silence") {
        } else if (path == "/redirect") {
            output_ += "HTTP/1.1 307 Temporary Redirect\r\nLocation: https://127.0.0.1:1/\r\n"
                       "Content-Length: 0\r\n\r\n";
        } else if (path == "/packed") {
            output_ += "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\n"
                       "packed";
        } else {
            output_ += "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        }
    }

    std::string pending_;
    std::optional<SteadyTime> next_;
};

class OutgoingCalls : public testing::Test {
  protected:
    static session::ConversationFactory bad(Journal& journal) {
        return [&journal](const session::Peer& peer, Post post) {
            return std::make_unique<BadServer>(journal, peer, std::move(post));
        };
    }

    static Outgoing::Options trusting() {
        return {.ca_pem = fixture::authority().certificate.pem(), .may_connect = {}};
    }

    [[nodiscard]] std::string url(std::string_view path = "/",
                                  std::string_view host = "127.0.0.1") const {
        return fmt::format("https://{}:{}{}", host, service_.port(), path);
    }

    static Outgoing::Request get(std::string url) {
        return {.method = "GET",
                .url = std::move(url),
                .headers = {},
                .body = {},
                .time_max = std::chrono::milliseconds(fixture::patience),
                .answer_bytes_max = answer_bytes};
    }

    static Code code_of(Outgoing& outgoing, const Outgoing::Request& request) {
        const auto reply = outgoing.send(request);
        EXPECT_FALSE(reply.has_value()) << request.url;
        return reply ? Code::internal : reply.error().code;
    }

    Journal journal_;
    Service service_{bad(journal_)};
};

/// One answer over plain TCP to whoever comes first.
class PlainServer {
  public:
    PlainServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(listener_.get(), generic, size), 0);
        EXPECT_EQ(::listen(listener_.get(), 1), 0);
        EXPECT_EQ(::getsockname(listener_.get(), generic, &size), 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread([this] { answer(); });
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    void answer() const {
        const Socket peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        char buffer[4096];
        EXPECT_GT(::recv(peer.get(), buffer, sizeof buffer, 0), 0);
        constexpr std::string_view reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain";
        EXPECT_GT(::send(peer.get(), reply.data(), reply.size(), 0), 0);
    }

    Socket listener_;
    std::uint16_t port_ = 0;
    std::jthread thread_;
};

} // namespace

TEST_F(OutgoingCalls, UsesAConnectionAgainAndTellsWhatANewOneCost) {
    Outgoing outgoing(trusting());
    const auto first = outgoing.send(get(url()));
    ASSERT_TRUE(first.has_value()) << first.error().detail << ": " << first.error().cause;
    EXPECT_EQ(first->body, "ok");
    ASSERT_TRUE(first->connect_time.has_value());
    EXPECT_LT(*first->connect_time, fixture::patience);
    const auto second = outgoing.send(get(url("/again")));
    ASSERT_TRUE(second.has_value());
    EXPECT_FALSE(second->connect_time.has_value());
    EXPECT_EQ(journal_.size(), 1U);
}

TEST_F(OutgoingCalls, SendsWhatItIsToldAndNothingElse) {
    Outgoing outgoing(trusting());
    Outgoing::Request request = get(url("/a/../b%2Fc?d=e"));
    request.method = "PUT";
    request.headers = {{"If-Match", "\"x\""}};
    ASSERT_TRUE(outgoing.send(request).has_value());
    // No Accept-Encoding: nobody is asked for what unpacks to more than it is.
    EXPECT_EQ(journal_.read(0).received,
              fmt::format("PUT /a/../b%2Fc?d=e HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n"
                          "If-Match: \"x\"\r\nContent-Length: 0\r\n\r\n",
                          service_.port()));
}

TEST_F(OutgoingCalls, ServesManyThreadsAtOnce) {
    Outgoing outgoing(trusting());
    std::atomic<int> answered = 0;
    {
        std::vector<std::jthread> threads;
        for (int count = 0; count < 8; ++count) {
            threads.emplace_back([&] {
                for (int call = 0; call < 20; ++call) {
                    answered += outgoing.send(get(url())).has_value() ? 1 : 0;
                }
            });
        }
    }
    EXPECT_EQ(answered, 160);
    EXPECT_LE(journal_.size(), 8U);
}

TEST_F(OutgoingCalls, KeepsOnlySoManyConnectionsOpen) {
    Journal other_journal;
    Service other(bad(other_journal));
    Outgoing::Options options = trusting();
    options.idle_max = 1;
    Outgoing outgoing(std::move(options));
    ASSERT_TRUE(outgoing.send(get(url())).has_value());
    ASSERT_TRUE(outgoing.send(get(fmt::format("https://127.0.0.1:{}/", other.port()))).has_value());
    EXPECT_TRUE(service_.wait_for_connections(0));
    ASSERT_TRUE(outgoing.send(get(url())).has_value());
    EXPECT_EQ(journal_.size(), 2U);
}

TEST_F(OutgoingCalls, FollowsNoRedirect) {
    Outgoing outgoing(trusting());
    const auto reply = outgoing.send(get(url("/redirect")));
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->status, 307U);
    EXPECT_EQ(reply->header("location"), "https://127.0.0.1:1/");
}

TEST_F(OutgoingCalls, UnpacksNothing) {
    Outgoing outgoing(trusting());
    const auto reply = outgoing.send(get(url("/packed")));
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->body, "packed");
}

TEST_F(OutgoingCalls, EndsWhatIsTooMuch) {
    Outgoing outgoing(trusting());
    for (const auto* path : {"/endless", "/chunks", "/headers", "/interim"}) {
        EXPECT_EQ(code_of(outgoing, get(url(path))), Code::too_large) << path;
    }
    EXPECT_TRUE(service_.wait_for_connections(0)) << "none is used again";
}

TEST_F(OutgoingCalls, EndsWhatTakesTooLong) {
    Outgoing outgoing(trusting());
    for (const auto* path : {"/silence", "/drip"}) {
        auto request = get(url(path));
        request.time_max = 60ms;
        EXPECT_EQ(code_of(outgoing, request), Code::deadline_exceeded) << path;
    }
}

TEST_F(OutgoingCalls, GivesUpWhenItIsTold) {
    Outgoing outgoing(trusting());
    for (const auto* path : {"/silence", "/drip"}) {
        std::stop_source stop;
        auto request = get(url(path));
        request.time_max = 10min;
        request.cancelled = stop.get_token();
        std::jthread waiting(
            [&] { EXPECT_EQ(code_of(outgoing, request), Code::unavailable) << path; });
        stop.request_stop();
    }
}

TEST_F(OutgoingCalls, SendsNothingWhenTheTimeIsUp) {
    Outgoing outgoing(trusting());
    ASSERT_TRUE(outgoing.send(get(url())).has_value()); // whose connection could be used again
    const std::string before = journal_.read(0).received;
    for (const auto left : {0ms, -1ms}) { // neither means forever
        auto request = get(url());
        request.time_max = left;
        EXPECT_EQ(code_of(outgoing, request), Code::deadline_exceeded);
    }
    EXPECT_FALSE(outgoing.send(get(url()))->connect_time.has_value()) << "it is still open";
    EXPECT_EQ(journal_.read(0).received, before + before);
}

TEST_F(OutgoingCalls, TrustsNobodyWithoutProof) {
    Outgoing knows_nobody({.ca_pem = {}, .may_connect = {}});
    Outgoing knows_another(
        {.ca_pem = fixture::issue(
                       {.common_name = "root", .purpose = crypto::Purpose::certificate_authority})
                       .certificate.pem(),
         .may_connect = {}});
    Outgoing knows_it(trusting());
    for (const auto& [outgoing, host] :
         {std::pair(&knows_nobody, "127.0.0.1"), std::pair(&knows_another, "127.0.0.1"),
          std::pair(&knows_it, "localhost")}) { // which its certificate does not name
        const auto reply = outgoing->send(get(url("/?code=hidden", host)));
        ASSERT_FALSE(reply.has_value());
        EXPECT_EQ(reply.error().code, Code::unavailable);
        EXPECT_EQ(reply.error().detail, fmt::format("the certificate of {} is refused", host));
        EXPECT_FALSE(reply.error().cause.contains("hidden"));
    }
    for (std::size_t index = 0; index < journal_.size(); ++index) {
        EXPECT_EQ(journal_.read(index).received, ""); // nothing was said to the stranger
    }
}

TEST_F(OutgoingCalls, RefusesAFileWithoutCertificates) {
    EXPECT_THROW(Outgoing({.ca_pem = "no certificate", .may_connect = {}}), std::runtime_error);
}

TEST_F(OutgoingCalls, AsksForTheVeryAddress) {
    std::vector<std::string> asked;
    Outgoing::Options options = trusting();
    options.may_connect = [&](std::string_view address, std::uint16_t port) {
        asked.push_back(fmt::format("{} {}", address, port));
        return false;
    };
    Outgoing outgoing(std::move(options));
    EXPECT_EQ(code_of(outgoing, get(url())), Code::forbidden);
    EXPECT_EQ(asked, std::vector<std::string>{fmt::format("127.0.0.1 {}", service_.port())});
    EXPECT_EQ(journal_.size(), 0U) << "it was not even connected to";
}

TEST_F(OutgoingCalls, ReachesNothingInsideUnderAnySpelling) {
    Outgoing::Options options = trusting();
    options.may_connect = [](std::string_view address, std::uint16_t) {
        return !is_inside_address(address);
    };
    Outgoing outgoing(std::move(options));
    for (const auto* host :
         {"127.0.0.1", "127.1", "0x7f.1", "2130706433", "017700000001", "localhost", "a.localhost",
          "[::1]", "[::ffff:127.0.0.1]", "0", "[::ffff:7f00:1]", "LOCALHOST", "127.0.0.1."}) {
        const auto reply = outgoing.send(get(url("/", host)));
        ASSERT_FALSE(reply.has_value()) << host;
        EXPECT_TRUE(reply.error().code == Code::forbidden ||
                    reply.error().code == Code::unavailable) // does not resolve
            << host << reply.error().detail;
    }
    EXPECT_EQ(code_of(outgoing, get(url("/", "localhost"))), Code::forbidden);
    EXPECT_EQ(code_of(outgoing, get(url("/", "[::1]"))), Code::forbidden);
    EXPECT_EQ(code_of(outgoing, get(url("/", "2130706433"))), Code::forbidden);
    EXPECT_EQ(journal_.size(), 0U);
}

TEST_F(OutgoingCalls, ReadsOnlyUrlsThatLeadWhereTheySeemTo) {
    Outgoing outgoing(trusting());
    const std::string address = fmt::format("127.0.0.1:{}", service_.port());
    for (const auto& text : std::vector<std::string>{
             "", "https", "https://", address, "//" + address, "ftp://" + address,
             "file:///etc/passwd", "gopher://" + address + "/_x",
             "https://user:word@" + address + "/", "https://user@" + address + "/",
             "https://127.0.0.1:0/", "https://127.0.0.1:99999/", "https://127.0.0.1:-1/",
             "https://[fe80::1%25lo]/", "https://" + address + "/a b",
             "https://" + address + "/\r\nX: y", "https://127.0.0.1\\@evil.example/",
             "https://" + address + "/" + std::string(9000, 'a'),
             "https://" + address + "/" + std::string(1, '\0')}) {
        EXPECT_EQ(code_of(outgoing, get(text)), Code::malformed) << text;
    }
    EXPECT_EQ(journal_.size(), 0U);
}

TEST_F(OutgoingCalls, LetsNothingBreakOutOfItsPlace) {
    Outgoing outgoing(trusting());
    auto request = get(url());
    request.method = "GET / HTTP/1.1\r\nX: y\r\n";
    EXPECT_EQ(code_of(outgoing, request), Code::malformed);
    request = get(url());
    request.headers = {{"X", "a\r\nY: b"}};
    EXPECT_EQ(code_of(outgoing, request), Code::malformed);
}

TEST_F(OutgoingCalls, SpeaksPlainHttpOnlyIfAllowed) {
    const PlainServer server;
    Outgoing outgoing(trusting());
    auto request = get(fmt::format("http://127.0.0.1:{}/", server.port()));
    EXPECT_EQ(code_of(outgoing, request), Code::forbidden);
    request.plain_http_allowed = true;
    const auto reply = outgoing.send(request);
    ASSERT_TRUE(reply.has_value()) << reply.error().detail;
    EXPECT_EQ(reply->body, "plain");
}

TEST_F(OutgoingCalls, KnowsNoProxyOfTheEnvironment) {
    for (const auto* name : {"https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"}) {
        ASSERT_EQ(::setenv(name, "http://127.0.0.1:1", 1), 0);
    }
    Outgoing outgoing(trusting());
    EXPECT_TRUE(outgoing.send(get(url())).has_value());
    for (const auto* name : {"https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"}) {
        ASSERT_EQ(::unsetenv(name), 0);
    }
}

TEST_F(OutgoingCalls, SaysThatNobodyListens) {
    service_.server->stop(0ms);
    Outgoing outgoing(trusting());
    const auto reply = outgoing.send(get(url("/?code=hidden")));
    ASSERT_FALSE(reply.has_value());
    EXPECT_EQ(reply.error().code, Code::unavailable);
    EXPECT_EQ(reply.error().detail, "cannot connect to 127.0.0.1");
    EXPECT_FALSE(reply.error().cause.contains("hidden"));
}

TEST(InsideAddresses, AreThoseThatNoPublicServerHas) {
    for (const auto* address : {"0.0.0.0",
                                "0.1.2.3",
                                "10.0.0.1",
                                "10.255.255.255",
                                "100.64.0.1",
                                "100.127.255.255",
                                "127.0.0.1",
                                "127.255.255.255",
                                "169.254.169.254",
                                "172.16.0.1",
                                "172.31.255.255",
                                "192.0.0.8",
                                "192.0.2.1",
                                "192.168.0.1",
                                "192.168.255.255",
                                "198.18.0.1",
                                "198.19.255.255",
                                "198.51.100.7",
                                "203.0.113.7",
                                "224.0.0.1",
                                "239.255.255.255",
                                "240.0.0.1",
                                "255.255.255.255",
                                "::",
                                "::1",
                                "fe80::1",
                                "febf::1",
                                "fec0::1",
                                "fc00::1",
                                "fd12:3456::1",
                                "ff02::1",
                                "2001:db8::1",
                                "3fff:fff::1",
                                "100::1",
                                "64:ff9b:1::1",
                                "2001:2::1",
                                "2001:10::1",
                                "4000::1",
                                "5f00::1"}) {
        EXPECT_TRUE(is_inside_address(address)) << address;
    }
}

TEST(InsideAddresses, AreNotThoseNextToThem) {
    for (const auto* address : {"1.0.0.1",         "9.255.255.255",
                                "11.0.0.0",        "100.63.255.255",
                                "100.128.0.0",     "126.0.0.1",
                                "128.0.0.1",       "169.253.255.255",
                                "169.255.0.0",     "172.15.255.255",
                                "172.32.0.0",      "192.0.1.1",
                                "192.167.255.255", "192.169.0.0",
                                "198.17.255.255",  "198.20.0.0",
                                "203.0.112.1",     "223.255.255.255",
                                "8.8.8.8",         "2000::1",
                                "2606:4700::1111", "2001:4860:4860::8888",
                                "2001:200::1",     "2001:db7::1",
                                "2001:db9::1",     "3ffe::1"}) {
        EXPECT_FALSE(is_inside_address(address)) << address;
    }
}

TEST(InsideAddresses, AreFoundInAnyWrapping) {
    for (const auto* address :
         {"::ffff:127.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:FFFF:10.0.0.1", "::127.0.0.1",
          "64:ff9b::10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2002:7f00:1::1",
          "2001:0:a00:1::ffff:ffff",      // Teredo: the server is inside
          "2001:0:808:808::f5ff:fffe"}) { // Teredo: the client is 10.0.0.1
        EXPECT_TRUE(is_inside_address(address)) << address;
    }
    for (const auto* address :
         {"::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1", "2001:0:808:808::f7f7:f7f7"}) {
        EXPECT_FALSE(is_inside_address(address)) << address;
    }
}

TEST(InsideAddresses, AreReadInOddSpellings) {
    for (const auto* address : {"127.1", "0x7f000001", "0x7f.0.0.1", "2130706433", "017700000001",
                                "[::1]", "fe80::1%eth0", "[fe80::1%25eth0]", "10.1"}) {
        EXPECT_TRUE(is_inside_address(address)) << address;
    }
    EXPECT_FALSE(is_inside_address("134744072")); // 8.8.8.8
    EXPECT_FALSE(is_inside_address("[2606:4700::1111]"));
}

TEST(InsideAddresses, AreWhateverIsNoAddress) {
    for (const auto address :
         {std::string_view(), std::string_view("hub.example"), std::string_view("1.2.3.4.5"),
          std::string_view("8.8.8.8\0", 8), std::string_view("8.8.8.256"), std::string_view(":::"),
          std::string_view("[8.8.8.8"), std::string_view("%")}) {
        EXPECT_TRUE(is_inside_address(address)) << address;
    }
}

} // namespace muster::net
