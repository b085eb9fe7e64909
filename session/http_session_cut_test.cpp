// One long script of HttpSession, cut and broken at every byte.

#include "session/http_session_script.h"

#include <string>
#include <string_view>
#include <vector>

namespace muster::session {
namespace {

std::string long_script() {
    return "\r\n" + std::string(c_register) +
           "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
           "Expect: 100-continue\r\n\r\n3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\nT: 1\r\n\r\n"
           "GET http://h/c HTTP/1.1\r\nHost: h\r\n\r\n" +
           std::string(upgrade) + "rest";
}

std::string run(const std::vector<std::string_view>& pieces) {
    HttpTranscript script;
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

TEST(HttpSessionCut, AnyCutOfTheBytesGivesTheSame) {
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

TEST(HttpSessionCut, TruncatedAtAnyByteItTimesOutAndCloses) {
    const std::string bytes = long_script();
    const std::size_t before_upgrade = bytes.size() - upgrade.size() - 4;
    for (std::size_t size = 0; size < before_upgrade; ++size) {
        HttpTranscript script;
        script.feed(std::string_view(bytes).substr(0, size));
        script.wait(360s);
        ASSERT_TRUE(script.session.wants_close()) << size;
        ASSERT_LE(script.faults.size(), 1U);
        if (!script.faults.empty()) {
            ASSERT_EQ(script.faults.front(), 408U) << size;
        }
    }
}

TEST(HttpSessionCut, AnyByteCorruptedNeitherHangsNorCrashes) {
    const std::string bytes = long_script();
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (const char wrong : {'\0', '\n', ' ', ':', 'Z', '\xff'}) {
            std::string broken = bytes;
            broken[at] = wrong;
            HttpTranscript script;
            script.feed(broken);
            script.wait(360s);
            ASSERT_TRUE(script.session.wants_close() || !script.upgraded.empty()) << at;
        }
    }
}

} // namespace
} // namespace muster::session
