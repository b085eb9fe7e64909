#include "session/http_session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace muster::session {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime begin{1h};

/// What a script makes of a session, in words, so that two runs can be compared.
class Transcript {
  public:
    explicit Transcript(const HttpLimits& limits = {}, const Clock* clock = nullptr)
        : session(limits, clock) {
        session.start(now);
    }

    void feed(std::string_view bytes) {
        session.feed(bytes, now);
        collect();
    }

    /// Answers every request with 200 and its own body, every fault with its status.
    void collect() {
        while (auto event = session.next_event()) {
            std::visit([this](const auto& what) { take(what); }, *event);
        }
        output += session.take_output();
    }

    void wait(SteadyTime::duration time) {
        now += time;
        while (session.next_deadline() && *session.next_deadline() <= now) {
            session.deadline(now);
            collect();
        }
    }

    HttpSession session;
    SteadyTime now = begin;
    std::vector<HttpRequest> requests;
    std::vector<unsigned> faults;
    std::string upgraded;
    std::string output;
    HttpResponse answer;

  private:
    void take(const HttpRequest& request) {
        requests.push_back(request);
        HttpResponse response = answer;
        response.body = response.body.empty() ? request.body : response.body;
        session.respond(response, now);
    }

    void take(const HttpFault& fault) {
        faults.push_back(fault.status);
        EXPECT_FALSE(fault.detail.empty());
        session.respond({.status = fault.status, .headers = {}, .body = {}}, now);
        EXPECT_TRUE(session.wants_close());
    }

    void take(const HttpUpgrade& upgrade) {
        requests.push_back(upgrade.request);
        upgraded = session.accept_upgrade({{"X", "y"}});
    }
};

unsigned fault_of(std::string_view bytes, const HttpLimits& limits = {}) {
    Transcript script(limits);
    script.feed(bytes);
    EXPECT_TRUE(script.requests.empty()) << bytes;
    return script.faults.empty() ? 0 : script.faults.front();
}

const HttpRequest only_request(std::string_view bytes) {
    Transcript script;
    script.feed(bytes);
    EXPECT_EQ(script.requests.size(), 1U) << bytes;
    return script.requests.empty() ? HttpRequest{} : script.requests.front();
}

// ---- what clients send ----

// DPS-DEVICE-29, DPS-SERVICE-5: the C SDK, literally (dps-device 2.1.1).
constexpr std::string_view c_register =
    "PUT /0ne00TEST01/registrations/dev-1/register?api-version=2021-06-01 HTTP/1.1\r\n"
    "UserAgent: prov_device_client/1.0\r\n"
    "Accept: application/json\r\n"
    "Connection: keep-alive\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Authorization: SharedAccessSignature sr=0ne00TEST01%2fregistrations%2fdev-1&sig=a%3d\r\n"
    "Host: 127.0.0.77:443\r\n"
    "content-length: 44\r\n"
    "\r\n"
    "{\"registrationId\":\"dev-1\",\"payload\":{\"a\":1}}";

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

// ---- what is refused ----

struct Refusal {
    std::string_view bytes;
    unsigned status;
};

const std::vector<Refusal> refusals{
    // Framing that two readers could understand differently.
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\nContent-Length: 4\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4, 5\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +4\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x4\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 501},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n", 501},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n",
     501},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
     "Transfer-Encoding: chunked\r\n\r\n",
     400},
    {"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    // Chunks.
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n0", 400},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWikiX\r\n0\r\n\r\n",
     400},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\nWiki\r\n", 400},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-4\r\nWiki\r\n", 400},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n 4\r\nWiki\r\n", 400},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
     "11111111111111111\r\n",
     400},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
     "0\r\nContent-Length: 5\r\n\r\n",
     400},
    // Lines and names.
    {"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: h\r\n: v\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: h\r\nnocolon\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: h\r\nX: a\nY: b\r\n\r\n", 400},
    {"GET / HTTP/1.1\nHost: h\r\n\r\n", 400},
    // The request line.
    {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
    {"GET /\r\nHost: h\r\n\r\n", 400},
    {"GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET http://u@h/a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"GET / HTTP/0.9\r\n\r\n", 505},
    {"GET / http/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET / HTTP/1\r\nHost: h\r\n\r\n", 400},
    // Host.
    {"GET / HTTP/1.1\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
    {"GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n", 400},
};

TEST(HttpSession, RefusesWithTheRightStatus) {
    for (const Refusal& refusal : refusals) {
        EXPECT_EQ(fault_of(refusal.bytes), refusal.status) << refusal.bytes;
    }
    EXPECT_EQ(fault_of(std::string_view("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 39)), 400U);
}

TEST(HttpSession, NothingAfterAFaultIsRead) {
    Transcript script;
    script.feed("GET / HTTP/2.0\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    script.feed("GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(script.faults, std::vector<unsigned>{505});
    EXPECT_TRUE(script.requests.empty());
    EXPECT_FALSE(script.session.wants_input());
    EXPECT_TRUE(script.output.starts_with("HTTP/1.1 505 HTTP Version Not Supported\r\n"));
    EXPECT_NE(script.output.find("\r\nConnection: close\r\n"), std::string::npos);
}

// ---- limits, at the bound ----

std::string head_of_size(std::size_t size) {
    const std::string before = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
    const std::string after = "\r\n\r\n";
    return before + std::string(size - before.size() - after.size(), 'x') + after;
}

TEST(HttpSession, BoundsTheHead) {
    HttpLimits limits;
    limits.header_bytes_max = 300;
    EXPECT_EQ(fault_of(head_of_size(301), limits), 431U);
    EXPECT_EQ(fault_of(head_of_size(301).substr(0, 301), limits), 431U);
    Transcript script(limits);
    script.feed(head_of_size(300));
    EXPECT_EQ(script.requests.size(), 1U);
}

TEST(HttpSession, BoundsTheNumberOfHeaders) {
    HttpLimits limits;
    limits.headers_max = 3;
    const std::string head = "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\n";
    Transcript script(limits);
    script.feed(head + "\r\n");
    EXPECT_EQ(script.requests.size(), 1U);
    EXPECT_EQ(fault_of(head + "C: 3\r\n\r\n", limits), 431U);
}

TEST(HttpSession, BoundsTheTarget) {
    HttpLimits limits;
    limits.target_bytes_max = 10;
    limits.header_bytes_max = 100;
    Transcript script(limits);
    script.feed("GET /234567890 HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(script.requests.size(), 1U);
    EXPECT_EQ(fault_of("GET /2345678901 HTTP/1.1\r\nHost: h\r\n\r\n", limits), 414U);
    EXPECT_EQ(fault_of("GET /" + std::string(200, 'a'), limits), 414U);
}

TEST(HttpSession, BoundsTheBody) {
    HttpLimits limits;
    limits.body_bytes_max = 5;
    const std::string plain = "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ";
    const std::string chunked = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::string& fits :
         {plain + "5\r\n\r\n12345", chunked + "3\r\n123\r\n2\r\n45\r\n0\r\n\r\n"}) {
        Transcript script(limits);
        script.feed(fits);
        ASSERT_EQ(script.requests.size(), 1U) << fits;
        EXPECT_EQ(script.requests.front().body, "12345");
    }
    EXPECT_EQ(fault_of(plain + "6\r\n\r\n", limits), 413U); // before any of the body came
    EXPECT_EQ(fault_of(chunked + "3\r\n123\r\n3\r\n", limits), 413U);
    EXPECT_EQ(fault_of(chunked + "fffffffffffffff\r\n", limits), 413U);
}

TEST(HttpSession, BoundsTheFramingOfChunks) {
    HttpLimits limits;
    limits.header_bytes_max = 100;
    const std::string head = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string zeros(97, '0');
    Transcript script(limits);
    script.feed(head + zeros + "1\r\nx\r\n0\r\n\r\n"); // a line of exactly 100 bytes
    EXPECT_EQ(script.requests.size(), 1U);
    EXPECT_EQ(fault_of(head + zeros + "01\r\nx", limits), 400U);
    EXPECT_EQ(fault_of(head + "1;e=" + std::string(100, 'e'), limits), 400U);
    EXPECT_EQ(fault_of(head + "0\r\nT: " + std::string(100, 't') + "\r\n\r\n", limits), 400U);
}

// ---- what is answered ----

TEST(HttpSession, AnswersWithReasonLengthAndConnection) {
    // DPS-DEVICE-25, DPS-SERVICE-2, DPS-SERVICE-4: a reason phrase, an exact Content-Length.
    Transcript script;
    script.answer = {.status = 202,
                     .headers = {{"Retry-After", "3"}, {"content-length", "999"}},
                     .body = "{\"a\":1}"};
    script.feed("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(script.output, "HTTP/1.1 202 Accepted\r\nRetry-After: 3\r\nContent-Length: 7\r\n"
                             "Connection: keep-alive\r\n\r\n{\"a\":1}");
}

// DPS-SERVICE-3: at least one header in a 204; RFC 9110 8.6: and that is not Content-Length.
TEST(HttpSession, NoContentHasAHeaderButNoLength) {
    Transcript script;
    script.answer.status = 204;
    script.feed("DELETE / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(script.output, "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_FALSE(script.session.wants_close());
}

TEST(HttpSession, SaysTheDateIfItHasAClock) {
    const ManualClock clock(WallTime(std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + 8h +
                                     49min + 37s + 999999us));
    Transcript script({}, &clock);
    script.feed("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_NE(script.output.find("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), std::string::npos);
}

TEST(HttpSession, AnswersHeadWithTheLengthAndNoBody) {
    Transcript script;
    script.answer.body = "hello";
    script.feed("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(script.output,
              "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n");
}

TEST(HttpSession, AHeaderValueCannotStartAnotherHeader) {
    Transcript script;
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
    Transcript script;
    script.feed("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(script.output, "HTTP/1.1 100 Continue\r\n\r\n");
    script.feed("ok");
    EXPECT_TRUE(script.output.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));

    HttpLimits limits;
    limits.body_bytes_max = 1;
    Transcript refused(limits);
    refused.feed("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_TRUE(refused.output.starts_with("HTTP/1.1 413 "));

    Transcript nothing;
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
        Transcript script;
        script.feed(row.head);
        EXPECT_EQ(script.session.wants_close(), !row.kept) << row.head;
        EXPECT_EQ(script.session.wants_input(), row.kept) << row.head;
        const std::string says = row.kept ? "Connection: keep-alive" : "Connection: close";
        EXPECT_NE(script.output.find(says), std::string::npos) << script.output;
    }
}

TEST(HttpSession, TheHandlerMayClose) {
    Transcript script;
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
    Transcript script;
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
    Transcript script;
    script.feed("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n");
    script.wait(29s);
    script.feed("x");
    EXPECT_TRUE(script.faults.empty());
    script.wait(1s);
    EXPECT_EQ(script.faults, std::vector<unsigned>{408});
}

TEST(HttpSession, SilenceFromTheStartIsClosedWithoutAWord) {
    Transcript script;
    script.wait(15s);
    EXPECT_TRUE(script.session.wants_close());
    EXPECT_EQ(script.output, "");
}

// DPS-DEVICE-27: longer than the longest retry-after (300 s).
TEST(HttpSession, AnIdleConnectionIsKeptForSixMinutes) {
    Transcript script;
    script.feed("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    script.output.clear();
    script.wait(359s);
    EXPECT_FALSE(script.session.wants_close());
    script.wait(1s);
    EXPECT_TRUE(script.session.wants_close());
    EXPECT_EQ(script.output, "");
}

TEST(HttpSession, TheTimeOfTheNextRequestBeginsWithItsFirstByte) {
    Transcript script;
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

constexpr std::string_view upgrade =
    "GET /$iothub/websocket HTTP/1.1\r\nHost: h:443\r\nUpgrade: WebSocket\r\n"
    "Connection: keep-alive, Upgrade\r\n\r\n";

TEST(HttpSession, HandsOutAnUpgradeWithTheBytesAfterIt) {
    Transcript script;
    script.feed(std::string(upgrade) + "frames");
    EXPECT_EQ(script.upgraded, "frames");
    EXPECT_EQ(script.output, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nX: y\r\n\r\n");
    EXPECT_FALSE(script.session.wants_close());
    EXPECT_FALSE(script.session.wants_input());
    EXPECT_FALSE(script.session.next_deadline());
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

// ---- the same script, cut and broken everywhere ----

std::string long_script() {
    return "\r\n" + std::string(c_register) +
           "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
           "Expect: 100-continue\r\n\r\n3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\nT: 1\r\n\r\n"
           "GET http://h/c HTTP/1.1\r\nHost: h\r\n\r\n" +
           std::string(upgrade) + "rest";
}

std::string run(const std::vector<std::string_view>& pieces) {
    Transcript script;
    std::string after_upgrade;
    for (const std::string_view piece : pieces) {
        const bool before = script.session.wants_input();
        if (before) {
            script.feed(piece);
        } else {
            after_upgrade += piece;
        }
    }
    std::string seen = script.output + "|" + script.upgraded + after_upgrade + "|";
    for (const HttpRequest& request : script.requests) {
        seen += request.method + " " + request.target + " " + request.body + "|";
    }
    for (const unsigned status : script.faults) {
        seen += std::to_string(status) + "|";
    }
    return seen;
}

TEST(HttpSession, AnyCutOfTheBytesGivesTheSame) {
    const std::string bytes = long_script();
    const std::string whole = run({bytes});
    EXPECT_NE(whole.find("|rest|PUT "), std::string::npos) << whole;
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        const std::string_view view = bytes;
        ASSERT_EQ(run({view.substr(0, cut), view.substr(cut)}), whole) << "cut at " << cut;
    }
    std::vector<std::string_view> single;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        single.push_back(std::string_view(bytes).substr(at, 1));
    }
    EXPECT_EQ(run(single), whole);
}

TEST(HttpSession, ARefusalDoesNotDependOnTheCut) {
    for (const Refusal& refusal : refusals) {
        Transcript script;
        for (const char byte : refusal.bytes) {
            script.feed(std::string_view(&byte, 1));
        }
        EXPECT_EQ(script.faults, std::vector<unsigned>{refusal.status}) << refusal.bytes;
    }
}

TEST(HttpSession, TruncatedAtAnyByteItTimesOutAndCloses) {
    const std::string bytes = long_script();
    const std::size_t before_upgrade = bytes.size() - upgrade.size() - 4;
    for (std::size_t size = 0; size < before_upgrade; ++size) {
        Transcript script;
        script.feed(std::string_view(bytes).substr(0, size));
        script.wait(360s);
        ASSERT_TRUE(script.session.wants_close()) << size;
        ASSERT_LE(script.faults.size(), 1U);
        if (!script.faults.empty()) {
            ASSERT_EQ(script.faults.front(), 408U) << size;
        }
    }
}

TEST(HttpSession, AnyByteCorruptedNeitherHangsNorCrashes) {
    const std::string bytes = long_script();
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (const char wrong : {'\0', '\n', ' ', ':', 'Z', '\xff'}) {
            std::string broken = bytes;
            broken[at] = wrong;
            Transcript script;
            script.feed(broken);
            script.wait(360s);
            ASSERT_TRUE(script.session.wants_close() || !script.upgraded.empty()) << at;
        }
    }
}

} // namespace
} // namespace muster::session
