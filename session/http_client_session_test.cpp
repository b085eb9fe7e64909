#include "session/http_client_session.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace muster::session {
namespace {

HttpRequest get(std::string method = "GET") {
    return {.method = std::move(method), .target = "/a", .headers = {{"Host", "h"}}, .body = {}};
}

/// The answer to one request, the server's bytes given in pieces of `step`.
Result<std::optional<HttpResponse>> answer(std::string_view bytes, std::size_t step = 1,
                                           const HttpRequest& request = get()) {
    HttpClientSession session;
    session.send(request);
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        session.feed(bytes.substr(at, step));
    }
    return session.next_response();
}

TEST(HttpClientSession, WritesRequests) {
    HttpClientSession session;
    session.send({.method = "PUT",
                  .target = "/r?api-version=1",
                  .headers = {{"Host", "h"}, {"Content-Length", "9"}},
                  .body = "{}"});
    EXPECT_EQ(session.take_output(),
              "PUT /r?api-version=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}");
    EXPECT_EQ(session.take_output(), "");
}

TEST(HttpClientSession, AGetHasNoLengthAndAnEmptyPutHas) {
    HttpClientSession one;
    one.send(get());
    EXPECT_EQ(one.take_output(), "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    HttpClientSession other;
    other.send(get("PUT"));
    EXPECT_EQ(other.take_output(), "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
}

TEST(HttpClientSession, ReadsAnswersCutAnywhere) {
    const std::vector<std::string_view> answers{
        "HTTP/1.1 202 Accepted\r\nRetry-After: 3\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 202 Accepted\r\nRetry-After: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nRetry-After: 3\r\n"
        "Content-Length: 5\r\n\r\nhello",
    };
    for (const std::string_view bytes : answers) {
        for (const std::size_t step : {1UL, 7UL, bytes.size()}) {
            const auto read = answer(bytes, step);
            ASSERT_TRUE(read && *read) << bytes;
            EXPECT_EQ((*read)->status, 202U);
            EXPECT_EQ((*read)->body, "hello");
            EXPECT_EQ((*read)->headers.front().value, "3");
            EXPECT_FALSE((*read)->close);
        }
    }
}

TEST(HttpClientSession, ReadsAnswersWithoutBody) {
    for (const std::string_view bytes :
         {"HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n",
          "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
        const auto read = answer(bytes);
        ASSERT_TRUE(read && *read) << bytes;
        EXPECT_EQ((*read)->body, "");
    }
    const auto head = answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 1, get("HEAD"));
    ASSERT_TRUE(head && *head);
}

TEST(HttpClientSession, AnswersOneAfterAnother) {
    HttpClientSession session;
    for (const std::string body : {"a", "b"}) {
        session.send(get());
        session.feed("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + body);
        const auto read = session.next_response();
        ASSERT_TRUE(read && *read);
        EXPECT_EQ((*read)->body, body);
        EXPECT_FALSE(*session.next_response());
    }
}

TEST(HttpClientSession, SaysWhenTheServerCloses) {
    EXPECT_TRUE(
        (*answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))->close);
    EXPECT_TRUE((*answer("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"))->close);
}

TEST(HttpClientSession, ABodyWithoutLengthEndsWithTheConnection) {
    HttpClientSession session;
    session.send(get());
    session.feed("HTTP/1.1 200 OK\r\n\r\nall of it");
    EXPECT_FALSE(*session.next_response());
    session.lost();
    const auto read = session.next_response();
    ASSERT_TRUE(read && *read);
    EXPECT_EQ((*read)->body, "all of it");
    EXPECT_TRUE((*read)->close);
}

TEST(HttpClientSession, CutOffAtAnyByteItIsUnavailable) {
    const std::string_view bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        HttpClientSession session;
        session.send(get());
        session.feed(bytes.substr(0, size));
        ASSERT_TRUE(session.next_response());
        session.lost();
        const auto read = session.next_response();
        ASSERT_FALSE(read) << size;
        EXPECT_EQ(read.error().code, Code::unavailable);
    }
}

struct Refusal {
    std::string bytes;
    Code code;
};

TEST(HttpClientSession, RefusesWhatCannotBeTrusted) {
    const std::vector<Refusal> refusals{
        {"SSH-2.0-x\r\n\r\n", Code::malformed},
        {"HTTP/2 200 OK\r\n\r\n", Code::malformed},
        {"HTTP/1.1 20 OK\r\n\r\n", Code::malformed},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", Code::malformed},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         Code::malformed},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", Code::malformed},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", Code::malformed},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", Code::malformed},
        {"HTTP/1.1 200 OK\r\nX: " + std::string(17'000, 'x'), Code::too_large},
        {"HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n", Code::too_large},
    };
    for (const Refusal& refusal : refusals) {
        const auto read = answer(refusal.bytes, 1000);
        ASSERT_FALSE(read) << refusal.bytes;
        EXPECT_EQ(read.error().code, refusal.code) << refusal.bytes;
    }
}

TEST(HttpClientSession, RefusesWhatWasNotAskedFor) {
    HttpClientSession session;
    session.send(get());
    session.feed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n");
    ASSERT_TRUE(session.next_response());
    EXPECT_EQ(session.next_response().error().code, Code::malformed);
    HttpClientSession silent;
    silent.feed("x");
    EXPECT_FALSE(silent.next_response());
}

TEST(HttpClientSession, TakesABodyOfExactlyTheLimit) {
    const auto read = answer(
        "HTTP/1.1 200 OK\r\nContent-Length: 262144\r\n\r\n" + std::string(262'144, 'x'), 4096);
    ASSERT_TRUE(read && *read);
    EXPECT_EQ((*read)->body.size(), 262'144U);
}

} // namespace
} // namespace muster::session
