// Bodies that come in pieces.

#include "session/http_session_script.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace muster::session {
namespace {

class HttpStreaming : public testing::Test {
  protected:
    HttpStreaming() { session_.start(begin); }

    /// Asks, and answers with a body to come; what was sent so far.
    std::string ask(std::string_view request, const HttpResponse& head = {}) {
        session_.feed(request, begin);
        EXPECT_TRUE(session_.next_event().has_value());
        wanted_ = session_.begin_body(head, begin);
        return session_.take_output();
    }

    std::string put(std::string_view piece) {
        session_.put_body(piece);
        return session_.take_output();
    }

    std::string end() {
        session_.end_body(begin);
        return session_.take_output();
    }

    HttpSession session_;
    bool wanted_ = false;
};

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(HttpStreaming, SendsChunks) {
    EXPECT_EQ(ask(get, {.status = 200, .headers = {{"Content-Type", "text/event-stream"}}}),
              "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
              "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_TRUE(wanted_);
    EXPECT_EQ(put("hello"), "5\r\nhello\r\n");
    EXPECT_EQ(put(std::string(300, 'x')), "12c\r\n" + std::string(300, 'x') + "\r\n");
    EXPECT_FALSE(session_.wants_input());
    EXPECT_FALSE(session_.next_deadline().has_value()) << "it may take as long as it likes";
    EXPECT_EQ(end(), "0\r\n\r\n");
    EXPECT_FALSE(session_.wants_close());
    EXPECT_TRUE(session_.wants_input());
    EXPECT_TRUE(session_.next_deadline().has_value());
}

TEST_F(HttpStreaming, TheNextRequestWaitsForTheEnd) {
    session_.feed(std::string(get) + "GET /b HTTP/1.1\r\nHost: h\r\n\r\n", begin);
    ASSERT_TRUE(session_.next_event().has_value());
    ASSERT_TRUE(session_.begin_body({}, begin));
    session_.put_body("x");
    EXPECT_FALSE(session_.next_event().has_value());
    session_.end_body(begin);
    const auto second = session_.next_event();
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(std::get<HttpRequest>(*second).target, "/b");
}

TEST_F(HttpStreaming, AnOldClientReadsUntilTheConnectionCloses) {
    EXPECT_EQ(ask("GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(put("hello"), "hello");
    EXPECT_FALSE(session_.wants_close());
    EXPECT_EQ(end(), "");
    EXPECT_TRUE(session_.wants_close());
}

TEST_F(HttpStreaming, HeadHasNoBody) {
    EXPECT_EQ(ask("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_FALSE(wanted_);
    EXPECT_TRUE(session_.wants_input());
}

TEST_F(HttpStreaming, ABrokenBodyHasNoLastChunk) {
    ask(get);
    put("half");
    session_.break_body();
    EXPECT_EQ(session_.take_output(), "");
    EXPECT_TRUE(session_.wants_close());
}

TEST_F(HttpStreaming, WhoeverAsksToCloseIsHeard) {
    EXPECT_TRUE(ask("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                    .ends_with("Connection: close\r\n\r\n"));
    EXPECT_EQ(end(), "0\r\n\r\n");
    EXPECT_TRUE(session_.wants_close());
}

TEST_F(HttpStreaming, AResponseMayCloseToo) {
    ask(get, {.close = true});
    EXPECT_EQ(end(), "0\r\n\r\n");
    EXPECT_TRUE(session_.wants_close());
}

} // namespace
} // namespace muster::session
