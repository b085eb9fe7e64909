// What HttpSession refuses, and its limits at the bound.

#include "session/http_session_script.h"

#include <string>
#include <string_view>
#include <vector>

namespace muster::session {
namespace {

using namespace std::string_view_literals;

unsigned fault_of(std::string_view bytes, const HttpLimits& limits = {}) {
    HttpTranscript script(limits);
    script.feed(bytes);
    EXPECT_TRUE(script.requests.empty()) << bytes;
    return script.faults.empty() ? 0 : script.faults.front();
}

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
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4;a=\"b\r\nWiki\r\n", 400},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
     "4;a=\"\\\"\r\nWiki\r\n0\r\n\r\n",
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

TEST(HttpSessionRefusal, RefusesWithTheRightStatus) {
    for (const Refusal& refusal : refusals) {
        EXPECT_EQ(fault_of(refusal.bytes), refusal.status) << refusal.bytes;
    }
    EXPECT_EQ(fault_of("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"sv), 400U);
}

TEST(HttpSessionRefusal, NothingAfterAFaultIsRead) {
    HttpTranscript script;
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

TEST(HttpSessionRefusal, BoundsTheHead) {
    HttpLimits limits;
    limits.header_bytes_max = 300;
    EXPECT_EQ(fault_of(head_of_size(301), limits), 431U);
    EXPECT_EQ(fault_of(head_of_size(301).substr(0, 301), limits), 431U);
    HttpTranscript script(limits);
    script.feed(head_of_size(300));
    EXPECT_EQ(script.requests.size(), 1U);
}

TEST(HttpSessionRefusal, BoundsTheNumberOfHeaders) {
    HttpLimits limits;
    limits.headers_max = 3;
    const std::string head = "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\n";
    HttpTranscript script(limits);
    script.feed(head + "\r\n");
    EXPECT_EQ(script.requests.size(), 1U);
    EXPECT_EQ(fault_of(head + "C: 3\r\n\r\n", limits), 431U);
}

TEST(HttpSessionRefusal, BoundsTheTarget) {
    HttpLimits limits;
    limits.target_bytes_max = 10;
    limits.header_bytes_max = 100;
    HttpTranscript script(limits);
    script.feed("GET /234567890 HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(script.requests.size(), 1U);
    EXPECT_EQ(fault_of("GET /2345678901 HTTP/1.1\r\nHost: h\r\n\r\n", limits), 414U);
    EXPECT_EQ(fault_of("GET /" + std::string(200, 'a'), limits), 414U);
}

TEST(HttpSessionRefusal, BoundsTheBody) {
    HttpLimits limits;
    limits.body_bytes_max = 5;
    const std::string plain = "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ";
    const std::string chunked = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::string& fits :
         {plain + "5\r\n\r\n12345", chunked + "3\r\n123\r\n2\r\n45\r\n0\r\n\r\n"}) {
        HttpTranscript script(limits);
        script.feed(fits);
        ASSERT_EQ(script.requests.size(), 1U) << fits;
        EXPECT_EQ(script.requests.front().body, "12345");
    }
    EXPECT_EQ(fault_of(plain + "6\r\n\r\n", limits), 413U); // before any of the body came
    EXPECT_EQ(fault_of(chunked + "3\r\n123\r\n3\r\n", limits), 413U);
    EXPECT_EQ(fault_of(chunked + "fffffffffffffff\r\n", limits), 413U);
}

TEST(HttpSessionRefusal, BoundsTheFramingOfChunks) {
    HttpLimits limits;
    limits.header_bytes_max = 100;
    const std::string head = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string zeros(97, '0');
    HttpTranscript script(limits);
    script.feed(head + zeros + "1\r\nx\r\n0\r\n\r\n"); // a line of exactly 100 bytes
    EXPECT_EQ(script.requests.size(), 1U);
    EXPECT_EQ(fault_of(head + zeros + "01\r\nx", limits), 400U);
    EXPECT_EQ(fault_of(head + "1;e=" + std::string(100, 'e'), limits), 400U);
    EXPECT_EQ(fault_of(head + "0\r\nT: " + std::string(100, 't') + "\r\n\r\n", limits), 400U);
}

TEST(HttpSessionRefusal, ARefusalDoesNotDependOnTheCut) {
    for (const Refusal& refusal : refusals) {
        HttpTranscript script;
        for (const char byte : refusal.bytes) {
            script.feed(std::string_view(&byte, 1));
        }
        EXPECT_EQ(script.faults, std::vector<unsigned>{refusal.status}) << refusal.bytes;
    }
}

} // namespace
} // namespace muster::session
