// How much the service API takes, and what it does with more, and with names made to do harm.

#include "gateway/service_client.h"

#include <cctype>

namespace muster::gateway {
namespace {

constexpr std::size_t document_bytes_max = 96 * 1024; // dps-service 8.5, 8

class ServiceLimits : public ServiceClient {
  protected:
    /// An enrollment whose document has exactly so many bytes.
    static std::string document_of(const std::string& id, std::size_t bytes) {
        const std::string head =
            R"({"registrationId":")" + id +
            R"(","attestation":{"type":"symmetricKey"},"initialTwin":{"tags":{"t":")";
        const std::string tail = R"("}}})";
        return head + std::string(bytes - head.size() - tail.size(), 'x') + tail;
    }

    static std::string nested(std::size_t levels) {
        return std::string(levels, '[') + std::string(levels, ']');
    }

    std::string bytes_for(const HttpAsk& request) {
        auto wire = world.https();
        wire.send(bytes_of(request));
        wire.settle(world.workers);
        return wire.take();
    }
};

TEST_F(ServiceLimits, TakesDocumentsOf96KilobytesAndNotAByteMore) {
    // dps-service 8.5, 8: 413, which says what is wrong, where the reference leaves the choice
    const auto largest = document_of("dev-1", document_bytes_max);
    ASSERT_EQ(largest.size(), document_bytes_max);
    EXPECT_EQ(run("PUT", "/enrollments/dev-1", largest).status, 200U);
    const auto stored = // longer than what came in: an etag and dates have been added
        parse_json(run("GET", "/enrollments/dev-1").body, {.bytes_max = 2 * document_bytes_max});
    EXPECT_EQ(stored->at("initialTwin"), parse_json(largest)->at("initialTwin"));
    expect_refused(ask("PUT", "/enrollments/dev-2", document_of("dev-2", document_bytes_max + 1)),
                   413, 413000);
    expect_refused(ask("GET", "/enrollments/dev-2"), 404, 404201);
}

TEST_F(ServiceLimits, CountsTheWholeBodyOfBulkOperationsAndQueries) {
    const std::string head = R"({"mode":"create","enrollments":[)";
    const auto bulk = [&](std::size_t bytes) {
        return head + document_of("dev-1", bytes - head.size() - 2) + "]}";
    };
    expect_refused(ask("POST", "/enrollments", bulk(document_bytes_max + 1)), 413, 413000);
    EXPECT_EQ(run("POST", "/enrollments", bulk(document_bytes_max)).body,
              R"({"errors":[],"isSuccessful":true})");

    const auto query = [](std::size_t bytes) {
        return R"({"query":"*")" + std::string(bytes - 13, ' ') + "}";
    };
    EXPECT_EQ(run("POST", "/enrollments/query", query(document_bytes_max)).status, 200U);
    expect_refused(ask("POST", "/enrollments/query", query(document_bytes_max + 1)), 413, 413000);
}

TEST_F(ServiceLimits, RefusesBodiesThatNoDocumentCanBeWithoutReadingThem) {
    auto wire = world.https();
    wire.send("PUT /enrollments/d" + api + " HTTP/1.1\r\nHost: dps.example.net\r\n" +
              "Content-Length: 999999999999\r\n\r\n");
    wire.settle(world.workers);
    auto bytes = wire.take();
    EXPECT_EQ(take_reply(bytes).error_code(), 413000);
    EXPECT_TRUE(wire.wants_close());
}

TEST_F(ServiceLimits, RefusesAThousandLevelsOfJson) {
    const auto deep = nested(1000);
    expect_refused(ask("PUT", "/enrollments/dev-1",
                       R"({"registrationId":"dev-1","attestation":{"type":"symmetricKey"},)"
                       R"("initialTwin":{"tags":{"t":)" +
                           deep + "}}}"),
                   400, 400004);
    expect_refused(ask("POST", "/enrollments", R"({"mode":"create","enrollments":)" + deep + "}"),
                   400, 400004);
    expect_refused(ask("POST", "/enrollments/query", R"({"query":)" + deep + "}"), 400, 400000);
    expect_refused(ask("PUT", "/enrollmentGroups/g", nested(40'000)), 400, 400004);
    EXPECT_EQ(run("POST", "/enrollments/query").body, "[]");
}

TEST_F(ServiceLimits, RefusesHostileIdsAndKeepsNothing) {
    // Each as a client would percent-encode it: decoded once, and then no id (dps-service 2.1).
    const std::string hostile[] = {"..",
                                   ".",
                                   "../etc/passwd",
                                   "a/b",
                                   "a\\b",
                                   "a b",
                                   "a\tb",
                                   "a\r\nb",
                                   "a\x01",
                                   "a\x7f",
                                   "dev'--",
                                   "dev\"",
                                   "dev;",
                                   "dev%",
                                   "dev%2e",
                                   "dev?",
                                   "dev#",
                                   "dev*",
                                   "dev\xc3\xa4",
                                   "\xe2\x80\xae"
                                   "dev",
                                   "\xf0\x9f\x98\x80",
                                   "dev\xef\xbc\x8f",
                                   "dev.",
                                   "dev_",
                                   "dev:",
                                   "{}",
                                   "<dev>",
                                   std::string("a\0b", 3),
                                   std::string(129, 'a'),
                                   std::string(2000, 'a')};
    for (const auto& id : hostile) {
        for (const std::string collection : {"/enrollments/", "/enrollmentGroups/"}) {
            const auto path = collection + percent_encode(id);
            const auto body = to_text(JsonObject{{"registrationId", id},
                                                 {"enrollmentGroupId", id},
                                                 {"attestation", {{"type", "symmetricKey"}}}});
            expect_refused(ask("PUT", path, body), 400, 400004);
            expect_refused(ask("GET", path), 400, 400004);
            expect_refused(ask("DELETE", path), 400, 400004);
            expect_refused(ask("POST", path + "/attestationmechanism"), 400, 400004);
        }
        expect_refused(ask("GET", "/registrations/" + percent_encode(id)), 400, 400004);
        expect_refused(ask("POST", "/registrations/" + percent_encode(id) + "/query"), 400, 400000);
    }
    EXPECT_EQ(run("POST", "/enrollments/query").body, "[]");
    EXPECT_EQ(run("POST", "/enrollmentGroups/query").body, "[]");
}

TEST_F(ServiceLimits, DoesNotDecodeTwiceOrGuessAtBrokenEscapes) {
    // DPS-SERVICE-8
    world.enroll("dev-1");
    expect_refused(ask("GET", "/enrollments/dev%252d1"), 400, 400004);
    for (const auto* broken : {"/enrollments/%zz", "/enrollments/%", "/enrollments/dev%2",
                               "/enrollments/%ff", "/enrollments/%c3%28", "/enrollments/%c0%af"}) {
        expect_refused(ask("GET", broken), 400, 400000);
    }
    EXPECT_EQ(run("GET", "/enrollments/dev%2d1").status, 200U);
}

TEST_F(ServiceLimits, TakesIdsOf128Characters) {
    const std::string longest(128, 'a');
    EXPECT_EQ(put_symmetric(longest).status, 200U);
    EXPECT_EQ(run("GET", "/enrollments/" + longest).status, 200U);
    EXPECT_EQ(put_group(longest).status, 200U);
    auto page = ask("POST", "/enrollments/query");
    put_symmetric(longest.substr(1) + "b");
    page.headers.push_back({"x-ms-max-item-count", "1"});
    const auto token = run(page).header("x-ms-continuation");
    page.headers.push_back({"x-ms-continuation", token});
    EXPECT_EQ(run(page).json().as_array().size(), 1U);
}

TEST_F(ServiceLimits, TakesNoOddIfMatchForACurrentOne) {
    put_symmetric("dev-1");
    const auto etag = text_of(run("GET", "/enrollments/dev-1").member("etag"));
    for (const auto& odd : {"W/\"" + etag + '"', etag + ", " + etag, "\"" + etag, etag + "=",
                            to_lower(etag), std::string(8000, '"'), std::string("**")}) {
        EXPECT_EQ(run_if_match("DELETE", "/enrollments/dev-1", odd).error_code(), 412201) << odd;
    }
    EXPECT_EQ(run_if_match("DELETE", "/enrollments/dev-1", etag).status, 204U);
}

TEST_F(ServiceLimits, AnswersSoThatTheCClientCanReadIt) {
    // DPS-SERVICE-2, DPS-SERVICE-3, DPS-SERVICE-4, DPS-SERVICE-6: a reason phrase, a header, a
    // length; also where things go wrong
    put_symmetric("dev-1");
    auto unproven = ask("GET", "/enrollments/dev-1");
    unproven.headers.clear();
    auto xml = ask("PUT", "/enrollments/dev-1", "<x/>");
    xml.headers.back().value = "text/xml";
    const std::pair<HttpAsk, std::string> cases[] = {
        {ask("GET", "/enrollments/dev-1"), "HTTP/1.1 200 OK"},
        {ask("DELETE", "/enrollments/dev-1"), "HTTP/1.1 204 No Content"},
        {ask("PUT", "/enrollments/dev-1", "{"), "HTTP/1.1 400 Bad Request"},
        {unproven, "HTTP/1.1 401 Unauthorized"},
        {ask("GET", "/enrollments/dev-1"), "HTTP/1.1 404 Not Found"},
        {ask("PATCH", "/enrollments/dev-1"), "HTTP/1.1 405 Method Not Allowed"},
        {ask("PUT", "/enrollments/dev-1", std::string(97 * 1024, ' ')),
         "HTTP/1.1 413 Content Too Large"},
        {xml, "HTTP/1.1 415 Unsupported Media Type"},
    };
    for (const auto& [request, status_line] : cases) {
        auto bytes = bytes_for(request);
        EXPECT_EQ(bytes.substr(0, bytes.find("\r\n")), status_line);
        const auto reply = take_reply(bytes);
        EXPECT_EQ(bytes, "") << "something follows the response to " << status_line;
        EXPECT_FALSE(reply.headers.empty());
        EXPECT_FALSE(reply.has_header("Transfer-Encoding"));
        EXPECT_EQ(reply.has_header("Content-Length"), reply.status != 204);
        EXPECT_EQ(reply.body.empty(), reply.status == 204);
        for (const auto& [name, value] : reply.headers) {
            EXPECT_FALSE(value.empty()) << name;
        }
    }
}

TEST_F(ServiceLimits, NamesTheHeadersAsDotNetLooksForThem) {
    // DPS-SERVICE-7: a dictionary there is case-sensitive
    put_symmetric("dev-1");
    put_symmetric("dev-2");
    auto page = ask("POST", "/enrollments/query", "{}");
    page.headers.push_back({"x-ms-max-item-count", "1"});
    const auto bytes = bytes_for(page);
    EXPECT_NE(bytes.find("\r\nx-ms-item-type: Enrollment\r\n"), std::string::npos);
    EXPECT_NE(bytes.find("\r\nx-ms-continuation: "), std::string::npos);
}

} // namespace
} // namespace muster::gateway
