#include "provisioning/enrollment_filter.h"

#include <gtest/gtest.h>

#include <string>

namespace muster::provisioning {
namespace {

JsonObject json(std::string_view text) {
    return parse_json_object(text).value();
}

const JsonObject& sample() {
    static const JsonObject document = json(R"({
        "registrationId":"Pump-1","deviceId":"Pump.One","attestation":{"type":"symmetricKey"},
        "capabilities":{"iotEdge":true},"iotHubHostName":"Hub-1.example.net",
        "initialTwin":{"tags":{"site":"Oslo","floor":3,"load":2.5,"big":18446744073709551615,
                               "new":true,"none":null,"in":"word","my-tag":"x","2nd":"y","å":"ø",
                               "deep":{"Er":{"yet":"z"}},"list":["Oslo"],"quote":"it's"},
                       "properties":{"desired":{"rate":10}}},
        "etag":"IjAi","provisioningStatus":"enabled","allocationPolicy":"geoLatency",
        "createdDateTimeUtc":"2030-01-31T12:00:00.5000000Z",
        "lastUpdatedDateTimeUtc":"2030-02-01T00:00:00.0000000Z",
        "iotHubs":["hub-1.example.net","Hub-2.example.net"],
        "optionalDeviceInformation":{"model":"A"}})");
    return document;
}

bool matches(const std::string& condition) {
    const auto filter = parse_enrollment_query("SELECT * FROM enrollments WHERE " + condition);
    EXPECT_TRUE(filter) << condition << ": " << (filter ? "" : filter.error().detail);
    return filter && filter->matches(sample());
}

std::string mistake(const std::string& query) {
    const auto filter = parse_enrollment_query(query);
    if (filter) {
        return "none";
    }
    EXPECT_EQ(filter.error().code, Code::malformed);
    return filter.error().detail;
}

/// Where the condition begins is 1.
std::string mistake_in(const std::string& condition) {
    const std::string select = "SELECT * WHERE ";
    const std::string said = mistake(select + condition);
    if (!said.starts_with("at ")) {
        return said;
    }
    const std::size_t colon = said.find(':');
    return std::to_string(std::stoul(said.substr(3, colon - 3)) - select.size()) +
           said.substr(colon);
}

TEST(EnrollmentFilter, MatchesEverythingWithoutACondition) {
    // DPS-SERVICE-34; dps-service 5.1: what clients really send
    for (const auto* query :
         {"", "  ", "*", " * ", "SELECT *", "select *", "SELECT * FROM enrollments",
          "select * from enrollmentGroups", "SELECT registrationId, attestation.type FROM x"}) {
        const auto filter = parse_enrollment_query(query);
        ASSERT_TRUE(filter) << query;
        EXPECT_TRUE(filter->matches_everything()) << query;
        EXPECT_TRUE(filter->matches({})) << query;
    }
    EXPECT_FALSE(parse_enrollment_query("SELECT * WHERE etag = 'x'")->matches_everything());
}

TEST(EnrollmentFilter, ComparesMembersOfTheServiceApiWithoutCase) {
    EXPECT_TRUE(matches("registrationId = 'pump-1'"));
    EXPECT_TRUE(matches("REGISTRATIONID = \"PUMP-1\""));
    EXPECT_TRUE(matches("deviceid = 'PUMP.ONE'"));
    EXPECT_TRUE(matches("provisioningStatus = 'Enabled'"));
    EXPECT_TRUE(matches("Attestation.Type = 'SymmetricKey'"));
    EXPECT_TRUE(matches("allocationPolicy <> 'hashed'"));
    EXPECT_TRUE(matches("iotHubHostName = 'HUB-1.EXAMPLE.NET'"));
    EXPECT_TRUE(matches("registrationId > 'PUMP-0' and registrationId < 'pump-2'"));
    EXPECT_TRUE(matches("capabilities.iotEdge = true"));
    EXPECT_FALSE(matches("etag = 'ijai'")) << "etags are opaque";
    EXPECT_TRUE(matches("etag = 'IjAi'"));
}

TEST(EnrollmentFilter, ComparesWhatOperatorsNamedExactly) {
    EXPECT_TRUE(matches("tags.site = 'Oslo'"));
    EXPECT_FALSE(matches("tags.site = 'oslo'"));
    EXPECT_FALSE(matches("tags.Site = 'Oslo'"));
    EXPECT_TRUE(matches("initialTwin.tags.site = 'Oslo'"));
    EXPECT_TRUE(matches("InitialTwin.Tags.deep.Er.yet = 'z'"));
    EXPECT_FALSE(matches("tags.deep.er.yet = 'z'"));
    EXPECT_TRUE(matches("initialTwin.properties.desired.rate >= 10"));
    EXPECT_TRUE(matches("optionalDeviceInformation.model = 'A'"));
    EXPECT_TRUE(matches("tags.in = 'word' AND tags.my-tag = 'x' AND tags.2nd = 'y'"));
    EXPECT_TRUE(matches("tags.å = 'ø'"));
    EXPECT_FALSE(matches("tags.list = 'Oslo'")) << "a list is not its members";
    EXPECT_TRUE(matches("tags.quote = 'it''s' AND tags.quote = \"it's\""));
}

TEST(EnrollmentFilter, ComparesNumbersAsNumbers) {
    EXPECT_TRUE(matches("tags.floor = 3 AND tags.floor = 3.0 AND tags.floor = 30e-1"));
    EXPECT_TRUE(matches("tags.load > 2 AND tags.load <= 2.5 AND tags.floor > -1"));
    EXPECT_TRUE(matches("tags.big = 18446744073709551615"));
    EXPECT_FALSE(matches("tags.big = 18446744073709551614")) << "no rounding";
    EXPECT_FALSE(matches("tags.floor = '3'"));
    EXPECT_FALSE(matches("tags.floor < 'a'"));
    EXPECT_FALSE(matches("tags.new > false")) << "truth has no order";
    EXPECT_TRUE(matches("tags.new = true AND tags.new != false"));
}

TEST(EnrollmentFilter, ComparesDatesAsTimes) {
    EXPECT_TRUE(matches("createdDateTimeUtc = '2030-01-31T12:00:00.5Z'"));
    EXPECT_TRUE(matches("createdDateTimeUtc > '2030-01-31T12:00:00Z'"));
    EXPECT_TRUE(matches("createdDateTimeUtc >= '2030-01-31'"));
    EXPECT_FALSE(matches("createdDateTimeUtc < '2030-01-31'"));
    EXPECT_TRUE(matches("lastUpdatedDateTimeUtc IN ['2030-02-01', '2031-01-01']"));
}

TEST(EnrollmentFilter, FindsAnyHubOfAList) {
    EXPECT_TRUE(matches("iotHubs = 'hub-2.EXAMPLE.net'"));
    EXPECT_FALSE(matches("iotHubs != 'hub-2.example.net'")) << "not among them";
    EXPECT_TRUE(matches("iotHubs IN ('a', 'hub-1.example.net')"));
    EXPECT_TRUE(matches("STARTSWITH(iotHubs, 'HUB-2') AND CONTAINS(iotHubs, '-1.')"));
    EXPECT_FALSE(matches("iotHubs = 'hub-3'"));
}

TEST(EnrollmentFilter, WhatIsMissingIsOnlyDifferentOrNull) {
    for (const auto* path :
         {"tags.nothing", "tags.none", "tags.site.deeper", "enrollmentGroupId"}) {
        const std::string name(path);
        EXPECT_TRUE(matches(name + " != 'x'")) << name;
        EXPECT_TRUE(matches(name + " = null")) << name;
        EXPECT_TRUE(matches("NOT " + name + " > 'x'")) << name;
        EXPECT_TRUE(matches(name + " NOT IN ['x']")) << name;
        EXPECT_TRUE(matches(name + " IN ['x', null]")) << name;
        EXPECT_FALSE(matches(name + " = 'x'")) << name;
        EXPECT_FALSE(matches(name + " < 'x'")) << name;
        EXPECT_FALSE(matches(name + " != null")) << name;
        EXPECT_FALSE(matches("IS_DEFINED(" + name + ")")) << name;
        EXPECT_FALSE(matches("STARTSWITH(" + name + ", '')")) << name;
    }
    EXPECT_TRUE(matches("is_defined(tags) AND IS_DEFINED(tags.new)"));
    EXPECT_FALSE(matches("tags.new = null"));
}

TEST(EnrollmentFilter, FunctionsLookIntoTexts) {
    EXPECT_TRUE(matches("STARTSWITH(registrationId, 'PUMP')"));
    EXPECT_FALSE(matches("StartsWith(tags.site, 'os')"));
    EXPECT_TRUE(matches("contains(tags.site, 'sl')"));
    EXPECT_FALSE(matches("CONTAINS(tags.floor, '3')")) << "only texts";
    EXPECT_TRUE(matches("STARTSWITH(createdDateTimeUtc, '2030-01-')")) << "as it is printed";
}

TEST(EnrollmentFilter, AndBindsBeforeOrAndNotBeforeAnd) {
    const std::string yes = "tags.floor = 3";
    const std::string no = "tags.floor = 4";
    EXPECT_TRUE(matches(yes + " OR " + no + " AND " + no));
    EXPECT_FALSE(matches("(" + yes + " OR " + no + ") AND " + no));
    EXPECT_TRUE(matches("NOT " + no + " OR " + no));
    EXPECT_FALSE(matches("NOT (" + no + " OR " + yes + ")"));
    EXPECT_TRUE(matches("NOT NOT " + yes));
    EXPECT_TRUE(matches("not(" + no + ")and(" + yes + ")"));
}

TEST(EnrollmentFilter, MistakesAreNamedWithTheirPlace) {
    EXPECT_EQ(mistake("nonsense"), "at 1: expected SELECT");
    EXPECT_EQ(mistake("* x"), "at 3: expected the end of the query");
    EXPECT_EQ(mistake("SELECT"), "at 7: expected a column");
    EXPECT_EQ(mistake("SELECT * FROM"), "at 14: expected a name");
    EXPECT_EQ(mistake("SELECT * FROM a GROUP BY b"), "at 17: expected the end of the query");
    EXPECT_EQ(mistake("SELECT * FROM enrollments WHERE"), "at 32: expected a member");
    EXPECT_EQ(mistake("SELECT * FROM enrollments; DROP"),
              "at 26: this character has no meaning here");
    EXPECT_EQ(mistake_in("etag"), "5: expected an operator");
    EXPECT_EQ(mistake_in("etag ="), "7: expected a literal");
    EXPECT_EQ(mistake_in("etag = x"), "8: expected a literal");
    EXPECT_EQ(mistake_in("etag == 'x'"), "6: expected an operator");
    EXPECT_EQ(mistake_in("etag = 'x"), "8: the text has no end");
    EXPECT_EQ(mistake_in("tags.a = 1.2.3"), "10: not a number");
    EXPECT_EQ(mistake_in("tags.a = -"), "10: not a number");
    EXPECT_EQ(mistake_in("etag IN 'x'"), "9: expected '[' or '('");
    EXPECT_EQ(mistake_in("etag IN ['x')"), "13: expected ']'");
    EXPECT_EQ(mistake_in("etag IN []"), "10: expected a literal");
    EXPECT_EQ(mistake_in("etag NOT 'x'"), "10: expected IN");
    EXPECT_EQ(mistake_in("(etag = 'x'"), "12: expected ')'");
    EXPECT_EQ(mistake_in("etag = 'x' etag"), "12: expected the end of the query");
    EXPECT_EQ(mistake_in("IS_DEFINED etag"), "12: expected '('");
    EXPECT_EQ(mistake_in("CONTAINS(etag, 7)"), "16: expected a text");
    EXPECT_EQ(mistake_in("tags. = 'x'"), "7: expected a name");
}

TEST(EnrollmentFilter, UnknownMembersAndDatesThatAreNoneAreMistakes) {
    for (const auto* path : {"status", "attestation", "attestation.type.x", "registrationState",
                             "initialTwin", "initialTwin.properties.reported.a", "capabilities"}) {
        EXPECT_EQ(mistake_in(std::string(path) + " = 'x'"), "1: enrollments have no such member")
            << path;
    }
    for (const auto* literal : {"'yesterday'", "''", "2030", "true", "'2030-13-01'"}) {
        EXPECT_EQ(mistake_in("createdDateTimeUtc < " + std::string(literal)),
                  "22: expected a date such as '2030-01-31T12:00:00Z'")
            << literal;
    }
}

std::string repeated(const std::string& text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

TEST(EnrollmentFilter, IsBounded) {
    const std::string term = "tags.a = 1";
    EXPECT_EQ(mistake_in(term + repeated(" OR " + term, query_terms_max - 1)), "none");
    EXPECT_NE(mistake_in(term + repeated(" OR " + term, query_terms_max)), "none");
    const auto nested = [&](std::size_t depth) {
        return mistake_in(repeated("(", depth) + term + repeated(")", depth));
    };
    EXPECT_EQ(nested(query_depth_max - 1), "none");
    EXPECT_EQ(nested(query_depth_max), std::to_string(query_depth_max + 1) + ": nested too deeply");
    EXPECT_NE(nested(4000), "none");
    EXPECT_EQ(mistake_in(repeated("NOT ", query_depth_max - 1) + term), "none");
    EXPECT_NE(mistake_in(repeated("NOT ", query_depth_max) + term), "none");
    const std::string select = "SELECT * WHERE etag = '";
    EXPECT_EQ(mistake(select + std::string(query_bytes_max - select.size() - 1, 'x') + "'"),
              "none");
    EXPECT_EQ(mistake(select + std::string(query_bytes_max - select.size(), 'x') + "'"),
              "at 8193: the query is too long");
}

TEST(EnrollmentFilter, IsCheapToCopyAndOutlivesItsText) {
    EnrollmentFilter copy;
    {
        std::string text = "SELECT * WHERE tags.site = 'Oslo'";
        const auto filter = parse_enrollment_query(text);
        copy = *filter;
        text.assign(text.size(), '#');
    }
    EXPECT_TRUE(copy.matches(sample()));
    EXPECT_FALSE(copy.matches({}));
}

} // namespace
} // namespace muster::provisioning
