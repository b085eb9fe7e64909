#include "session/websocket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

namespace muster::session {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime begin{1h};

// ---- the client's side, written out by hand ----

enum Opcode : unsigned char {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close_frame = 0x8,
    ping = 0x9,
    pong = 0xa,
};

constexpr unsigned char fin = 0x80;

std::string length_bytes(std::size_t length, unsigned char mask_bit) {
    std::string bytes;
    if (length < 126) {
        bytes += static_cast<char>(mask_bit | length);
        return bytes;
    }
    const std::size_t width = length < 65536 ? 2 : 8;
    bytes += static_cast<char>(mask_bit | (width == 2 ? 126 : 127));
    for (std::size_t i = width; i-- > 0;) {
        bytes += static_cast<char>((length >> (8 * i)) & 0xff);
    }
    return bytes;
}

std::string from_client(unsigned char first, std::string_view payload) {
    constexpr std::array<unsigned char, 4> key{0x37, 0xfa, 0x21, 0x3d};
    std::string frame(1, static_cast<char>(first));
    frame += length_bytes(payload.size(), 0x80);
    frame.append(reinterpret_cast<const char*>(key.data()), key.size());
    for (std::size_t i = 0; i < payload.size(); ++i) {
        frame += static_cast<char>(static_cast<unsigned char>(payload[i]) ^ key[i % 4]);
    }
    return frame;
}

std::string from_server(unsigned char first, std::string_view payload) {
    return std::string(1, static_cast<char>(first)) + length_bytes(payload.size(), 0) +
           std::string(payload);
}

std::string status(unsigned code, std::string_view reason = {}) {
    return std::string{static_cast<char>(code >> 8U), static_cast<char>(code & 0xffU)} +
           std::string(reason);
}

std::string server_close(unsigned code) {
    return from_server(fin | close_frame, status(code));
}

// ---- the conversation inside ----

/// Notes what happens to it; echoes what it is fed, and closes on '!'.
class Echo final : public Conversation {
  public:
    explicit Echo(std::string& notes) : notes_(notes) {}

    void start(SteadyTime) override { notes_ += "start,"; }

    void feed(std::string_view bytes, SteadyTime) override {
        heard += bytes;
        output += bytes;
        closing = closing || bytes.find('!') != std::string_view::npos;
    }

    void lost(SteadyTime) override { notes_ += "lost,"; }

    void deadline(SteadyTime) override {
        notes_ += "deadline,";
        due.reset();
    }

    void stop(SteadyTime) override {
        notes_ += "stop,";
        closing = true;
    }

    std::string take_output() override { return std::exchange(output, {}); }

    [[nodiscard]] bool wants_close() const override { return closing; }

    [[nodiscard]] bool wants_input() const override { return reads; }

    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override { return due; }

    std::string heard;
    std::string output;
    bool closing = false;
    bool reads = true;
    std::optional<SteadyTime> due;

  private:
    std::string& notes_;
};

struct Link {
    explicit Link(const WebSocketLimits& limits = {}) {
        auto made = std::make_unique<Echo>(notes);
        inner = made.get();
        socket = make_websocket(std::move(made), limits);
        socket->start(begin);
    }

    std::string feed(std::string_view bytes, SteadyTime now = begin) {
        socket->feed(bytes, now);
        return socket->take_output();
    }

    std::string notes;
    Echo* inner = nullptr;
    std::unique_ptr<Conversation> socket;
};

// ---- the handshake ----

HttpRequest handshake(std::vector<HttpHeader> headers) {
    return {
        .method = "GET", .target = "/$iothub/websocket", .headers = std::move(headers), .body = {}};
}

std::vector<HttpHeader> usual_headers(const std::string& protocols) {
    return {{"Upgrade", "websocket"},
            {"Connection", "Upgrade"},
            {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
            {"Sec-Websocket-Protocol", protocols},
            {"Sec-WebSocket-Version", "13"}};
}

TEST(WebSocketOffer, ProvesThatTheKeyWasRead) { // the example of RFC 6455 1.3
    const auto offer = read_websocket_offer(handshake(usual_headers("mqtt")), "mqtt");
    ASSERT_TRUE(offer);
    EXPECT_EQ(offer->accept_key, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

// DPS-DEVICE-7: without regard to case, echoed as offered. DPS-DEVICE-8: no extension is needed.
TEST(WebSocketOffer, PicksTheSubprotocolAsOffered) {
    auto headers = usual_headers("AMQPWSB10, MQTT ,mqtt");
    headers.push_back({"Sec-WebSocket-Extensions", "permessage-deflate"});
    EXPECT_EQ(read_websocket_offer(handshake(headers), "mqtt")->subprotocol, "MQTT");
    EXPECT_EQ(read_websocket_offer(handshake(headers), "amqpwsb10")->subprotocol, "AMQPWSB10");
    headers = usual_headers("a");
    headers.push_back({"Sec-WebSocket-Protocol", "mqtt"});
    EXPECT_EQ(read_websocket_offer(handshake(headers), "mqtt")->subprotocol, "mqtt");
}

TEST(WebSocketOffer, RefusesAnUnknownSubprotocol) {
    for (const std::string protocols : {"", "mqttv5", "AMQPWSB10"}) {
        const auto offer = read_websocket_offer(handshake(usual_headers(protocols)), "mqtt");
        ASSERT_FALSE(offer);
        EXPECT_EQ(offer.error().code, Code::unsupported);
    }
}

TEST(WebSocketOffer, RefusesWhatIsNoHandshake) {
    const auto refused = [](std::size_t which, const std::string& value) {
        auto headers = usual_headers("mqtt");
        headers[which].value = value;
        const auto offer = read_websocket_offer(handshake(headers), "mqtt");
        return !offer && offer.error().code == Code::malformed;
    };
    EXPECT_TRUE(refused(0, "h2c"));
    EXPECT_TRUE(refused(1, "keep-alive"));
    EXPECT_TRUE(refused(2, "dGhlIHNhbXBsZQ=="));         // not 16 bytes
    EXPECT_TRUE(refused(2, "dGhlIHNhbXBsZSBub25jZQ=!")); // not base64
    EXPECT_TRUE(refused(2, ""));
    EXPECT_TRUE(refused(4, "8"));
    HttpRequest post = handshake(usual_headers("mqtt"));
    post.method = "POST";
    EXPECT_FALSE(read_websocket_offer(post, "mqtt"));
    auto twice = usual_headers("mqtt");
    twice.push_back(twice[2]);
    EXPECT_FALSE(read_websocket_offer(handshake(twice), "mqtt"));
}

// ---- payload ----

// DPS-DEVICE-8: payloads are a byte stream; frame borders mean nothing.
TEST(WebSocket, GivesAStreamWhateverTheFrames) {
    Link link;
    const std::string bytes = from_client(binary, "he") + from_client(continuation, "") +
                              from_client(fin | ping, "are you there") +
                              from_client(fin | continuation, "llo") +
                              from_client(fin | binary, "") + from_client(fin | binary, " world");
    std::string output = link.feed(bytes);
    EXPECT_EQ(link.inner->heard, "hello world");
    EXPECT_EQ(output, from_server(fin | binary, "he") + from_server(fin | pong, "are you there") +
                          from_server(fin | binary, "llo") + from_server(fin | binary, " world"));
    EXPECT_FALSE(link.socket->wants_close());
}

TEST(WebSocket, CarriesLargeFramesBothWays) {
    const std::size_t size = 300'000;
    Link link;
    std::string large(size, 'x');
    for (std::size_t i = 0; i < size; ++i) {
        large[i] = static_cast<char>('a' + i % 23);
    }
    link.feed(from_client(fin | binary, large));
    EXPECT_EQ(link.inner->heard, large);
    link.inner->output = large;
    EXPECT_EQ(link.socket->take_output(), from_server(fin | binary, large));
    link.inner->output = std::string(126, 'y');
    EXPECT_EQ(link.socket->take_output(), from_server(fin | binary, std::string(126, 'y')));
}

TEST(WebSocket, SendsWhatThePostedWorkWrote) {
    Link link;
    link.inner->output = "later";
    EXPECT_EQ(link.socket->take_output(), from_server(fin | binary, "later"));
}

TEST(WebSocket, PassesOnBackPressureAndTime) {
    Link link;
    EXPECT_TRUE(link.socket->wants_input());
    link.inner->reads = false;
    EXPECT_FALSE(link.socket->wants_input());
    link.inner->due = begin + 5s;
    EXPECT_EQ(link.socket->next_deadline(), begin + 5s);
    link.socket->deadline(begin + 4s);
    EXPECT_EQ(link.notes, "start,");
    link.socket->deadline(begin + 5s);
    EXPECT_EQ(link.notes, "start,deadline,");
}

TEST(WebSocket, IgnoresPongs) {
    Link link;
    EXPECT_EQ(link.feed(from_client(fin | pong, "unasked")), "");
    EXPECT_FALSE(link.socket->wants_close());
}

// ---- the end ----

TEST(WebSocket, AnswersACloseAndIsOver) {
    struct Row {
        std::string payload;
        std::string answer;
    };

    for (const Row& row :
         {Row{"", from_server(fin | close_frame, "")}, Row{status(1000, "bye"), server_close(1000)},
          Row{status(1001), server_close(1001)}, Row{status(3000), server_close(3000)},
          Row{status(4999), server_close(4999)}}) {
        Link link;
        const std::string bytes =
            from_client(fin | close_frame, row.payload) + from_client(fin | binary, "late");
        EXPECT_EQ(link.feed(bytes), row.answer);
        EXPECT_TRUE(link.socket->wants_close());
        EXPECT_FALSE(link.socket->wants_input());
        EXPECT_EQ(link.inner->heard, "");
        EXPECT_EQ(link.notes, "start,lost,");
        EXPECT_FALSE(link.socket->next_deadline());
        link.socket->lost(begin);
        EXPECT_EQ(link.notes, "start,lost,"); // told once
    }
}

TEST(WebSocket, ClosesAfterTheInnerOneAndWaitsForTheAnswer) {
    Link link;
    EXPECT_EQ(link.feed(from_client(fin | binary, "bye!")),
              from_server(fin | binary, "bye!") + server_close(1000));
    EXPECT_FALSE(link.socket->wants_close());
    EXPECT_TRUE(link.socket->wants_input());
    EXPECT_EQ(link.feed(from_client(fin | binary, "more") + from_client(fin | ping, "?")), "");
    EXPECT_EQ(link.inner->heard, "bye!");
    EXPECT_EQ(link.feed(from_client(fin | close_frame, status(1000))), "");
    EXPECT_TRUE(link.socket->wants_close());
}

TEST(WebSocket, WaitsForACloseOnlySoLong) {
    Link link;
    link.inner->closing = true; // in a posted task: nobody says what time it is
    EXPECT_EQ(link.socket->take_output(), server_close(1000));
    ASSERT_TRUE(link.socket->next_deadline());
    EXPECT_LE(*link.socket->next_deadline(), begin); // so it asks to be told at once
    link.socket->deadline(begin + 60s);
    EXPECT_EQ(link.socket->next_deadline(), begin + 65s);
    link.socket->deadline(begin + 64s);
    EXPECT_FALSE(link.socket->wants_close());
    link.socket->deadline(begin + 65s);
    EXPECT_TRUE(link.socket->wants_close());
    EXPECT_EQ(link.socket->take_output(), "");
}

TEST(WebSocket, SaysThatTheServerGoesAway) {
    Link link;
    link.socket->stop(begin);
    EXPECT_EQ(link.notes, "start,stop,");
    EXPECT_EQ(link.socket->take_output(), server_close(1001));
}

TEST(WebSocket, TellsTheInnerOneThatTheConnectionIsLost) {
    Link link;
    link.feed(from_client(fin | binary, "half").substr(0, 8));
    link.socket->lost(begin);
    EXPECT_EQ(link.notes, "start,lost,");
    EXPECT_TRUE(link.socket->wants_close());
    EXPECT_EQ(link.socket->take_output(), "");
}

// ---- violations ----

struct Violation {
    std::string name;
    std::string bytes;
    unsigned code;
};

std::string unmasked(unsigned char first, std::string_view payload) {
    return from_server(first, payload);
}

std::vector<Violation> violations() {
    const std::string long_form_126{'\x82', '\xfe', '\0', '\x05', 1,   2,  3,
                                    4,      'a',    'b',  'c',    'd', 'e'};
    const std::string long_form_127 =
        std::string{'\x82', '\xff', 0, 0, 0, 0, 0, 0, 0, 5, 1, 2, 3, 4} + "abcde";
    const std::string negative =
        std::string{'\x82', '\xff', '\x80', 0, 0, 0, 0, 0, 0, 5, 1, 2, 3, 4};
    return {
        {"unmasked data", unmasked(fin | binary, "abc"), 1002},
        {"unmasked ping", unmasked(fin | ping, ""), 1002},
        {"text", from_client(fin | text, "abc"), 1003},
        {"text begun", from_client(text, "abc"), 1003},
        {"reserved bit", from_client(fin | 0x40 | binary, "abc"), 1002},
        {"reserved bit on a ping", from_client(fin | 0x10 | ping, "abc"), 1002},
        {"reserved data opcode", from_client(fin | 0x3, "abc"), 1002},
        {"reserved control opcode", from_client(fin | 0xb, "abc"), 1002},
        {"continuation of nothing", from_client(fin | continuation, "abc"), 1002},
        {"continuation after the end",
         from_client(binary, "") + from_client(fin | continuation, "") +
             from_client(fin | continuation, "abc"),
         1002},
        {"two messages at once", from_client(binary, "") + from_client(fin | binary, "b"), 1002},
        {"text inside a message", from_client(binary, "") + from_client(fin | text, "b"), 1002},
        {"fragmented ping", from_client(ping, "abc"), 1002},
        {"long ping", from_client(fin | ping, std::string(126, 'p')), 1002},
        {"length in too long a form", long_form_126, 1002},
        {"length in far too long a form", long_form_127, 1002},
        {"length of 2^63 and more", negative, 1002},
        {"oversized frame", from_client(fin | binary, std::string(1001, 'x')), 1009},
        {"oversized continuation",
         from_client(binary, "") + from_client(fin | continuation, std::string(1001, 'x')), 1009},
        {"close with half a status", from_client(fin | close_frame, "x"), 1002},
        {"close 0", from_client(fin | close_frame, status(0)), 1002},
        {"close 999", from_client(fin | close_frame, status(999)), 1002},
        {"close 1004", from_client(fin | close_frame, status(1004)), 1002},
        {"close 1005", from_client(fin | close_frame, status(1005)), 1002},
        {"close 1006", from_client(fin | close_frame, status(1006)), 1002},
        {"close 1015", from_client(fin | close_frame, status(1015)), 1002},
        {"close 2999", from_client(fin | close_frame, status(2999)), 1002},
        {"close 5000", from_client(fin | close_frame, status(5000)), 1002},
        {"close with broken UTF-8", from_client(fin | close_frame, status(1000, "\xc3(")), 1007},
    };
}

TEST(WebSocket, EndsAViolationWithItsStatus) {
    WebSocketLimits limits;
    limits.frame_bytes_max = 1000;
    for (const Violation& violation : violations()) {
        Link link(limits);
        EXPECT_EQ(link.feed(violation.bytes), server_close(violation.code)) << violation.name;
        EXPECT_TRUE(link.socket->wants_close()) << violation.name;
        EXPECT_EQ(link.inner->heard, "") << violation.name;
        EXPECT_EQ(link.notes, "start,lost,") << violation.name;
        EXPECT_EQ(link.feed(from_client(fin | binary, "more")), "") << violation.name;
    }
}

TEST(WebSocket, TakesAFrameOfExactlyTheLimit) {
    WebSocketLimits limits;
    limits.frame_bytes_max = 1000;
    Link link(limits);
    link.feed(from_client(fin | binary, std::string(1000, 'x')));
    EXPECT_EQ(link.inner->heard.size(), 1000U);
    EXPECT_FALSE(link.socket->wants_close());
}

TEST(WebSocket, SendsWhatWasSaidBeforeAViolation) {
    Link link;
    EXPECT_EQ(link.feed(from_client(fin | binary, "ab") + from_client(fin | text, "c")),
              from_server(fin | binary, "ab") + server_close(1003));
}

// ---- the same script, cut and broken everywhere ----

std::string long_script() {
    return from_client(binary, "one ") + from_client(fin | ping, "p") +
           from_client(continuation, std::string(200, 'x')) +
           from_client(fin | continuation, " two") + from_client(fin | binary, "three") +
           from_client(fin | close_frame, status(1000, "done"));
}

/// What the peer sees, with the frames' payload joined: cuts may give more, smaller data frames.
std::string seen_by_peer(const std::string& output) {
    std::string seen;
    std::string data;
    for (std::size_t at = 0; at + 1 < output.size();) {
        const auto opcode = static_cast<unsigned char>(output[at]) & 0xfU;
        std::size_t size = static_cast<unsigned char>(output[at + 1]);
        at += 2;
        if (size == 126) {
            size = static_cast<std::size_t>(static_cast<unsigned char>(output[at])) * 256 +
                   static_cast<unsigned char>(output[at + 1]);
            at += 2;
        }
        if (opcode == binary) {
            data += output.substr(at, size);
        } else {
            seen += std::to_string(opcode) + ":" + output.substr(at, size) + "|";
        }
        at += size;
    }
    return seen + data;
}

TEST(WebSocket, AnyCutOfTheBytesGivesTheSame) {
    const std::string bytes = long_script();
    Link whole;
    const std::string expected = seen_by_peer(whole.feed(bytes));
    EXPECT_EQ(whole.inner->heard, "one " + std::string(200, 'x') + " twothree");
    for (std::size_t step = 1; step < bytes.size(); ++step) {
        Link link;
        std::string output;
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            output += link.feed(std::string_view(bytes).substr(at, step));
        }
        ASSERT_EQ(link.inner->heard, whole.inner->heard) << step;
        ASSERT_EQ(seen_by_peer(output), expected) << step;
        ASSERT_TRUE(link.socket->wants_close());
    }
}

TEST(WebSocket, AViolationDoesNotDependOnTheCut) {
    WebSocketLimits limits;
    limits.frame_bytes_max = 1000;
    for (const Violation& violation : violations()) {
        Link link(limits);
        std::string output;
        for (const char byte : violation.bytes) {
            output += link.feed(std::string_view(&byte, 1));
        }
        EXPECT_EQ(output, server_close(violation.code)) << violation.name;
    }
}

TEST(WebSocket, LostOrStoppedAtAnyByteItEnds) {
    const std::string bytes = long_script();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        Link lost;
        lost.feed(std::string_view(bytes).substr(0, size));
        lost.socket->lost(begin);
        ASSERT_TRUE(lost.socket->wants_close()) << size;
        ASSERT_EQ(lost.notes, "start,lost,") << size;

        Link stopped;
        stopped.feed(std::string_view(bytes).substr(0, size));
        stopped.socket->stop(begin);
        ASSERT_EQ(stopped.socket->take_output(), server_close(1001)) << size;
        stopped.socket->deadline(begin);
        stopped.socket->deadline(begin + 5s);
        ASSERT_TRUE(stopped.socket->wants_close()) << size;
    }
}

} // namespace
} // namespace muster::session
