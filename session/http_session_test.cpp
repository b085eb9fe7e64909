#include "session/http_session_script.h"

#include <malloc.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace muster::session {
namespace {

HttpRequest only_request(std::string_view bytes) {
    HttpTranscript script;
    script.feed(bytes);
    EXPECT_EQ(script.requests.size(), 1U) << bytes;
    return script.requests.empty() ? HttpRequest{} : script.requests.front();
}

// ---- what clients send ----

TEST(HttpSession, ReadsTheCClientAsItIs) {
    const HttpRequest request = only_request(c_register);
    EXPECT_EQ(request.method, "PUT");
    EXPECT_EQ(request.target, "/0ne00TEST01/registrations/dev-1/register?api-version=2021-06-01");
    EXPECT_EQ(request.header("host"), "127.0.0.77:443");
    EXPECT_EQ(request.header("USERAGENT"), "prov_device_client/1.0");
    EXPECT_EQ(request.body, "{\"registrationId\":\"dev-1\",\"payload\":{\"a\":1}}");
    EXPECT_EQ(request.headers.size(), 7U);
    EXPECT_TRUE(request.has_header("Content-Length"));
    EXPECT_FALSE(request.has_header("Request-Id"));
    EXPECT_EQ(request.header("Request-Id"), "");
}

// DPS-DEVICE-28: Node sends `{}` on a GET, C sends a length of nothing.
TEST(HttpSession, AcceptsGetWithBodyAndWithLengthZero) {
    EXPECT_EQ(only_request("GET /o HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}").body, "{}");
    EXPECT_EQ(only_request("GET /o HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n").body, "");
}

TEST(HttpSession, AcceptsAnyMethod) {
    EXPECT_EQ(only_request("BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n").method, "BREW");
    EXPECT_EQ(only_request("DELETE /x HTTP/1.1\r\nHost: h\r\n\r\n").method, "DELETE");
}

TEST(HttpSession, ReadsChunkedBodies) {
    EXPECT_EQ(only_request("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
                           "4\r\nWiki\r\n006;note=\"a b\"\r\npedia \r\n0\r\nTrailer: 1\r\n\r\n")
                  .body,
              "Wikipedia ");
}

// A trailer is read, and is not a header.
TEST(HttpSession, TrailersAreNotHeaders) {
    const HttpRequest request =
        only_request("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "0\r\nAuthorization: forged\r\n\r\n");
    EXPECT_FALSE(request.has_header("Authorization"));
}

TEST(HttpSession, SkipsEmptyLinesBeforeARequest) {
    EXPECT_EQ(only_request("\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n").target, "/a");
}

TEST(HttpSession, TurnsAnAbsoluteTargetIntoAPathAndAHost) {
    const HttpRequest request =
        only_request("GET https://hub.test:443/twins/d?x=1 HTTP/1.1\r\nHost: other\r\n\r\n");
    EXPECT_EQ(request.target, "/twins/d?x=1");
    EXPECT_EQ(request.header("Host"), "hub.test:443");
    EXPECT_EQ(only_request("GET HTTP://h HTTP/1.1\r\nHost: h\r\n\r\n").target, "/");
    EXPECT_EQ(only_request("GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n").target, "/?q");
}

// ---- what is answered ----

TEST(HttpSession, AnswersWithReasonLengthAndConnection) {
    // DPS-DEVICE-25, DPS-SERVICE-2, DPS-SERVICE-4: a reason phrase, an exact Content-Length.
    HttpTranscript script;
    script.answer = {.status = 202,
                     .headers = {{"Retry-After", "3"}, {"content-length", "999"}},
                     .body = "{\"a\":1}"};
    script.feed("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(script.output, "HTTP/1.1 202 Accepted\r\nRetry-After: 3\r\nContent-Length: 7\r\n"
                             "Connection: keep-alive\r\n\r\n{\"a\":1}");
}

// DPS-SERVICE-3: at least one header in a 204; RFC 9110 8.6: and that is not Content-Length.
TEST(HttpSession, NoContentHasAHeaderButNoLength) {
    HttpTranscript script;
    script.answer.status = 204;
    script.feed("DELETE / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(script.output, "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_FALSE(script.session.wants_close());
}

TEST(HttpSession, SaysTheDateIfItHasAClock) {
    const ManualClock clock(WallTime(std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + 8h +
                                     49min + 37s + 999999us));
    HttpTranscript script({}, &clock);
    script.feed("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_NE(script.output.find("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), std::string::npos);
}

TEST(HttpSession, AnswersHeadWithTheLengthAndNoBody) {
    HttpTranscript script;
    script.answer.body = "hello";
    script.feed("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(script.output,
              "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n");
}

TEST(HttpSession, AHeaderValueCannotStartAnotherHeader) {
    HttpTranscript script;
    script.answer.headers = {{"X", "a\r\nSet-Cookie: b"}};
    script.feed("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_NE(script.output.find("\r\nX: a  Set-Cookie: b\r\n"), std::string::npos);
}

TEST(HttpSession, EveryStatusHasAReason) {
    for (unsigned status = 100; status < 600; ++status) {
        EXPECT_FALSE(reason_phrase(status).empty());
    }
    EXPECT_EQ(reason_phrase(429), "Too Many Requests");
}

TEST(HttpSession, AnswersExpectOnceTheHeadIsGood) {
    HttpTranscript script;
    script.feed("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(script.output, "HTTP/1.1 100 Continue\r\n\r\n");
    script.feed("ok");
    EXPECT_TRUE(script.output.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));

    HttpLimits limits;
    limits.body_bytes_max = 1;
    HttpTranscript refused(limits);
    refused.feed("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_TRUE(refused.output.starts_with("HTTP/1.1 413 "));

    HttpTranscript nothing;
    nothing.feed("GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_TRUE(nothing.output.starts_with("HTTP/1.1 200 "));
}

// ---- the life of a connection ----

struct Persistence {
    std::string_view head;
    bool kept;
};

// DPS-DEVICE-27: kept alive unless the client says otherwise.
TEST(HttpSession, KeepsTheConnectionAsTheVersionAndTheClientSay) {
    const std::vector<Persistence> table{
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
    };
    for (const Persistence& row : table) {
        HttpTranscript script;
        script.feed(row.head);
        EXPECT_EQ(script.session.wants_close(), !row.kept) << row.head;
        EXPECT_EQ(script.session.wants_input(), row.kept) << row.head;
        const std::string says = row.kept ? "Connection: keep-alive" : "Connection: close";
        EXPECT_NE(script.output.find(says), std::string::npos) << script.output;
    }
}

TEST(HttpSession, TheHandlerMayClose) {
    HttpTranscript script;
    script.answer.close = true;
    script.feed("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(script.requests.size(), 1U);
    EXPECT_TRUE(script.session.wants_close());
    EXPECT_FALSE(script.session.next_deadline());
}

TEST(HttpSession, AnswersPipelinedRequestsOneByOne) {
    HttpSession session;
    session.start(begin);
    session.feed("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPUT /2 HTTP/1.1\r\nHost: h\r\n"
                 "Content-Length: 3\r\n\r\nabcGET /3 HT",
                 begin);
    for (const std::string target : {"/1", "/2"}) {
        const auto event = session.next_event();
        ASSERT_TRUE(event);
        EXPECT_EQ(std::get<HttpRequest>(*event).target, target);
        EXPECT_FALSE(session.next_event()); // nothing follows before the answer
        EXPECT_FALSE(session.wants_input());
        EXPECT_FALSE(session.next_deadline());
        session.respond({}, begin);
    }
    EXPECT_FALSE(session.next_event());
    EXPECT_TRUE(session.wants_input());
    session.feed("TP/1.1\r\nHost: h\r\n\r\n", begin);
    EXPECT_TRUE(session.next_event());
}

// ---- time ----

TEST(HttpSession, ASlowHeadTimesOut) { // slowloris
    HttpTranscript script;
    script.feed("GET / HTTP/1.1\r\n");
    for (int second = 0; second < 14; ++second) {
        script.wait(1s);
        script.feed("X: y\r\n");
        ASSERT_TRUE(script.faults.empty());
    }
    script.wait(1s);
    EXPECT_EQ(script.faults, std::vector<unsigned>{408});
    EXPECT_TRUE(script.output.starts_with("HTTP/1.1 408 Request Timeout\r\n"));
}

TEST(HttpSession, ASlowBodyTimesOut) {
    HttpTranscript script;
    script.feed("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n");
    script.wait(29s);
    script.feed("x");
    EXPECT_TRUE(script.faults.empty());
    script.wait(1s);
    EXPECT_EQ(script.faults, std::vector<unsigned>{408});
}

TEST(HttpSession, SilenceFromTheStartIsClosedWithoutAWord) {
    HttpTranscript script;
    script.wait(15s);
    EXPECT_TRUE(script.session.wants_close());
    EXPECT_EQ(script.output, "");
}

// DPS-DEVICE-27: longer than the longest retry-after (300 s).
TEST(HttpSession, AnIdleConnectionIsKeptForSixMinutes) {
    HttpTranscript script;
    script.feed("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    script.output.clear();
    script.wait(359s);
    EXPECT_FALSE(script.session.wants_close());
    script.wait(1s);
    EXPECT_TRUE(script.session.wants_close());
    EXPECT_EQ(script.output, "");
}

TEST(HttpSession, TheTimeOfTheNextRequestBeginsWithItsFirstByte) {
    HttpTranscript script;
    script.feed("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    script.wait(300s);
    script.feed("G");
    script.wait(14s);
    EXPECT_TRUE(script.faults.empty());
    script.wait(1s);
    EXPECT_EQ(script.faults, std::vector<unsigned>{408});
}

TEST(HttpSession, ADeadlineTooEarlyChangesNothing) {
    HttpSession session;
    session.start(begin);
    session.deadline(begin + 14s);
    EXPECT_FALSE(session.wants_close());
}

// ---- upgrades ----

TEST(HttpSession, HandsOutAnUpgradeWithTheBytesAfterIt) {
    HttpTranscript script;
    script.feed(std::string(upgrade) + "frames");
    EXPECT_EQ(script.upgraded, "frames");
    EXPECT_EQ(script.output, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nX: y\r\n\r\n");
    EXPECT_FALSE(script.session.wants_close());
    EXPECT_FALSE(script.session.wants_input());
    EXPECT_FALSE(script.session.next_deadline());
}

// Most connections of a fleet are idle. (The sanitizers' allocators report no sizes: nothing is
// seen there.)
TEST(HttpSession, HoldsNoMemoryForTheLastRequestWhileIdle) {
    constexpr std::size_t count = 100;
    constexpr std::size_t bytes_each = 12 * 1024;
    const std::string request =
        "PUT / HTTP/1.1\r\nHost: h\r\nX: " + std::string(bytes_each, 'x') + "\r\n\r\n";
    std::vector<HttpSession> sessions(count);
    const std::size_t before = mallinfo2().uordblks;
    for (HttpSession& session : sessions) {
        session.start(begin);
        session.feed(request, begin);
        ASSERT_TRUE(session.next_event());
        session.respond({}, begin);
        session.take_output();
    }
    EXPECT_LT(mallinfo2().uordblks, before + count * bytes_each / 4);
}

TEST(HttpSession, ARefusedUpgradeKeepsTheConnection) {
    HttpSession session;
    session.start(begin);
    session.feed(upgrade, begin);
    const auto event = session.next_event();
    ASSERT_TRUE(event && std::holds_alternative<HttpUpgrade>(*event));
    session.respond({.status = 400, .headers = {}, .body = "no"}, begin);
    session.feed("GET /a HTTP/1.1\r\nHost: h\r\n\r\n", begin);
    EXPECT_TRUE(session.next_event());
}

TEST(HttpSession, AnUpgradeWithABodyOrOfAnotherKindIsARequest) {
    for (const std::string_view bytes :
         {"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
          "Content-Length: 1\r\n\r\nx",
          "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
          "GET / HTTP/1.0\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"}) {
        HttpSession session;
        session.start(begin);
        session.feed(bytes, begin);
        const auto event = session.next_event();
        ASSERT_TRUE(event);
        EXPECT_TRUE(std::holds_alternative<HttpRequest>(*event)) << bytes;
    }
}

} // namespace
} // namespace muster::session
