#include "net/fixture.h"
#include "net/http_client.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace muster::net {

using fixture::Journal;
using fixture::Service;
using namespace std::chrono_literals;

namespace {

/// As much of HTTP as a test needs: answers each request by its path.
class Responder final : public fixture::Echo {
  public:
    using Echo::Echo;

    void feed(std::string_view bytes, SteadyTime) override {
        journal_.change(index_, [&](Journal::Entry& entry) { entry.received += bytes; });
        pending_ += bytes;
        const std::size_t end = pending_.find("\r\n\r\n");
        if (end == std::string::npos || pending_.size() < end + 4 + content_length()) {
            return;
        }
        output_ += answer(pending_.substr(pending_.find(' ') + 1, 5));
        pending_.clear();
    }

  private:
    [[nodiscard]] std::size_t content_length() const {
        const std::size_t at = pending_.find("Content-Length: ");
        return at == std::string::npos ? 0 : std::stoul(pending_.substr(at + 16));
    }

    std::string answer(const std::string& path) {
        if (path == "/wait") {
            return {};
        }
        if (path == "/drop") {
            close_ = true;
            return {};
        }
        if (path == "/move") {
            return "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\n"
                   "Content-Length: 0\r\n\r\n";
        }
        const std::string body = path == "/big " ? std::string(5000, 'b') : "{\"a\":1}";
        return fmt::format("HTTP/1.1 404 Not Found\r\nContent-Length: {}\r\nETag: \"x y\"\r\n"
                           "Retry-After:  7\r\nX-Empty:\r\n\r\n{}",
                           body.size(), body);
    }

    std::string pending_;
};

class HttpCalls : public testing::Test {
  protected:
    HttpCalls()
        : service_([this](const session::Peer& peer, Post post) {
              return std::make_unique<Responder>(journal_, peer, std::move(post));
          }) {}

    [[nodiscard]] HttpClient::Options to(const std::string& host) const {
        return {.host = host,
                .address = "127.0.0.1",
                .port = service_.port(),
                .ca_pem = fixture::authority().certificate.pem(),
                .body_bytes_max = 4096};
    }

    Journal journal_;
    Service service_;
};

} // namespace

TEST_F(HttpCalls, BringsBackStatusHeadersAndBody) {
    HttpClient client(to("hub.example"));
    const Result<HttpReply> reply = client.send({.method = "GET", .path_and_query = "/a?b=c"});
    ASSERT_TRUE(reply.has_value()) << reply.error().detail << reply.error().cause;
    EXPECT_EQ(reply->status, 404U);
    EXPECT_EQ(reply->body, "{\"a\":1}");
    EXPECT_EQ(reply->header("etag"), "\"x y\"");
    EXPECT_EQ(reply->header("retry-after"), "7");
    EXPECT_EQ(reply->header("x-empty"), "");
    EXPECT_EQ(reply->header("absent"), "");
}

TEST_F(HttpCalls, SendsWhatItIsToldAndNothingElse) {
    HttpClient client(to("hub.example"));
    ASSERT_TRUE(client.send({.method = "PUT",
                             .path_and_query = "/a/../b%2Fc?api-version=1",
                             .headers = {{"Content-Type", "application/json"}, {"If-Match", ""}},
                             .body = "{}"}));
    EXPECT_EQ(journal_.read(0).received,
              fmt::format("PUT /a/../b%2Fc?api-version=1 HTTP/1.1\r\nHost: hub.example:{}\r\n"
                          "Content-Type: application/json\r\nIf-Match:\r\n"
                          "Content-Length: 2\r\n\r\n{{}}",
                          service_.port()));
}

TEST_F(HttpCalls, SendsEveryMethodWithItsBody) {
    HttpClient client(to("127.0.0.1"));
    std::size_t seen = 0;
    for (const std::string method : {"GET", "DELETE", "POST", "PATCH", "PUT"}) {
        ASSERT_TRUE(client.send({.method = method, .path_and_query = "/", .body = method}));
        const std::string received = journal_.read(0).received.substr(seen);
        EXPECT_TRUE(received.starts_with(method + " / HTTP/1.1\r\n")) << received;
        EXPECT_TRUE(received.ends_with("\r\n\r\n" + method)) << received;
        seen += received.size();
    }
    ASSERT_TRUE(client.send({.method = "POST", .path_and_query = "/"}));
    EXPECT_TRUE(journal_.read(0).received.substr(seen).contains("Content-Length: 0\r\n"));
    EXPECT_EQ(journal_.size(), 1U); // all on one connection
}

TEST_F(HttpCalls, ConnectsAgainWhenTheServerHasClosed) {
    HttpClient client(to("hub.example"));
    const Result<HttpReply> dropped = client.send({.method = "GET", .path_and_query = "/drop"});
    ASSERT_FALSE(dropped.has_value());
    EXPECT_EQ(dropped.error().code, Code::unavailable);
    EXPECT_TRUE(client.send({.method = "GET", .path_and_query = "/"}).has_value());
}

TEST_F(HttpCalls, FollowsNoRedirect) {
    HttpClient client(to("hub.example"));
    const Result<HttpReply> reply = client.send({.method = "GET", .path_and_query = "/move"});
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->status, 302U);
    EXPECT_EQ(reply->header("location"), "https://127.0.0.1:1/");
}

TEST_F(HttpCalls, StopsAtTheBodyBound) {
    HttpClient client(to("hub.example"));
    const Result<HttpReply> reply = client.send({.method = "GET", .path_and_query = "/big"});
    ASSERT_FALSE(reply.has_value());
    EXPECT_EQ(reply.error().code, Code::too_large);
    EXPECT_TRUE(client.send({.method = "GET", .path_and_query = "/"}).has_value());
}

TEST_F(HttpCalls, WaitsOnlySoLong) {
    HttpClient client(to("hub.example"));
    const Result<HttpReply> reply =
        client.send({.method = "GET", .path_and_query = "/wait", .time_max = 50ms});
    ASSERT_FALSE(reply.has_value());
    EXPECT_EQ(reply.error().code, Code::deadline_exceeded);
}

TEST_F(HttpCalls, SendsNothingWhenTheTimeIsUp) {
    HttpClient client(to("hub.example"));
    const auto reply = client.send({.method = "GET", .path_and_query = "/", .time_max = 0ms});
    ASSERT_FALSE(reply.has_value());
    EXPECT_EQ(reply.error().code, Code::deadline_exceeded);
    EXPECT_EQ(journal_.size(), 0U);
}

TEST_F(HttpCalls, RefusesAServerOfAnotherName) {
    for (const std::string host : {"other.example", "127.0.0.9"}) {
        HttpClient client(to(host));
        const Result<HttpReply> reply = client.send({.method = "GET", .path_and_query = "/"});
        ASSERT_FALSE(reply.has_value());
        EXPECT_EQ(reply.error().code, Code::unavailable);
        EXPECT_TRUE(reply.error().detail.contains("the certificate of " + host))
            << reply.error().detail;
    }
    for (std::size_t index = 0; index < journal_.size(); ++index) {
        EXPECT_EQ(journal_.read(index).received, ""); // nothing was said to the stranger
    }
}

TEST_F(HttpCalls, RefusesAServerOfAnotherAuthority) {
    const crypto::Identity stranger =
        fixture::issue({.common_name = "root", .purpose = crypto::Purpose::certificate_authority});
    HttpClient::Options options = to("hub.example");
    options.ca_pem = stranger.certificate.pem();
    HttpClient client(options);
    const Result<HttpReply> reply = client.send({.method = "GET", .path_and_query = "/"});
    ASSERT_FALSE(reply.has_value());
    EXPECT_TRUE(reply.error().detail.contains("the certificate of")) << reply.error().detail;
}

TEST_F(HttpCalls, SaysThatNobodyListens) {
    service_.server->stop(0ms);
    HttpClient client(to("hub.example"));
    const Result<HttpReply> reply = client.send({.method = "GET", .path_and_query = "/"});
    ASSERT_FALSE(reply.has_value());
    EXPECT_EQ(reply.error().code, Code::unavailable);
    EXPECT_TRUE(reply.error().detail.starts_with("cannot connect to hub.example:"))
        << reply.error().detail;
}

TEST_F(HttpCalls, LetsNothingBreakOutOfItsPlace) {
    HttpClient client(to("hub.example"));
    const HttpCall bad[] = {
        {.method = "", .path_and_query = "/"},
        {.method = "GET / HTTP/1.1\r\nX: y\r\n", .path_and_query = "/"},
        {.method = "GET", .path_and_query = ""},
        {.method = "GET", .path_and_query = "@evil.example/"},
        {.method = "GET", .path_and_query = "/a b"},
        {.method = "GET", .path_and_query = "/a#b"},
        {.method = "GET", .path_and_query = "/\r\nX: y"},
        {.method = "GET", .path_and_query = "/", .headers = {{"X", "a\r\nY: b"}}},
        {.method = "GET", .path_and_query = "/", .headers = {{"X: y", "a"}}},
    };
    for (const HttpCall& call : bad) {
        const Result<HttpReply> reply = client.send(call);
        ASSERT_FALSE(reply.has_value());
        EXPECT_EQ(reply.error().code, Code::malformed);
    }
    EXPECT_EQ(journal_.size(), 0U);
}

} // namespace muster::net
