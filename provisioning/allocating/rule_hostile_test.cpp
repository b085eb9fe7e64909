// Rules that try to be clever, and devices that do.

#include "provisioning/allocating/rule_fixture.h"

namespace muster::provisioning {
namespace {

struct HostileRules : RuleFixture {};

std::string repeated(std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

std::string rule_when(const std::string& condition) {
    return "when " + condition + " then hub('a')";
}

TEST_F(HostileRules, DepthIsBounded) {
    const auto depth = [](std::size_t levels) {
        return rule_when(repeated("(", levels) + "1=1" + repeated(")", levels));
    };
    EXPECT_EQ(refusal_of(depth(rule_depth_max)), "accepted");
    EXPECT_EQ(refusal_of(depth(rule_depth_max + 1)), "column 39: nested too deeply");
    EXPECT_EQ(refusal_of(rule_when(repeated("not ", 33) + "1=1")), "column 138: nested too deeply");
    EXPECT_EQ(refusal_of(rule_when(repeated("not (", 700))), "column 90: nested too deeply");
    EXPECT_EQ(refusal_of("when " + repeated("(", 4000)), "column 39: nested too deeply");
}

TEST_F(HostileRules, SizeIsBounded) {
    EXPECT_EQ(refusal_of(std::string(rule_bytes_max + 1, ' ')),
              "column 4097: the rule is too long");
    const std::string chain = rule_when(repeated("1=1 and ", 500) + "1=1");
    ASSERT_LE(chain.size(), rule_bytes_max);
    EXPECT_EQ(clause_of(chain), 1) << "a long chain is not a deep one";
    EXPECT_EQ(clause_of(rule_when("1 in [" + repeated("0,", 1900) + "1]")), 1);
    EXPECT_EQ(clause_of(repeated("when 1=2 then hub('a') ", 177)), 0);
}

TEST_F(HostileRules, TextMayHoldAnything) {
    set_payload(R"({"a":"\u0000b","日本":"é","":1,"then":2})");
    EXPECT_TRUE(holds(std::string("payload.a = '\0b'", 16)));
    EXPECT_TRUE(holds(std::string("payload.a like '\0*'", 19)));
    EXPECT_TRUE(holds("payload.日本 = 'é' and payload.日本 like '?'"));
    EXPECT_TRUE(holds("payload.'' = 1 and payload.then = 2"));
    EXPECT_TRUE(holds("payload.'it''s' = null")) << "a quote is doubled";
    EXPECT_EQ(refusal_of(std::string("when \0 = 1", 10)),
              "column 6: this character has no meaning here");
    EXPECT_EQ(refusal_of("when 'a\xFF' = 1 then hub('a')"), "column 1: the rule is not UTF-8");
    EXPECT_EQ(refusal_of("otherwise hub('\xE2\x80\xAEgpj.exe')"),
              "column 15: no hub can have this name");
}

TEST_F(HostileRules, WordsOfTheLanguageAreNoTrap) {
    EXPECT_EQ(refusal_of("when then then then"), "column 6: rules know nothing of this name");
    EXPECT_EQ(refusal_of("when not then hub('a')"), "column 10: rules know nothing of this name");
    EXPECT_EQ(refusal_of("when when when"), "column 6: rules know nothing of this name");
    EXPECT_EQ(refusal_of("when null then hub('a')"), "column 11: expected an operator");
    EXPECT_EQ(refusal_of("when 1 in [] then hub('a')"), "column 12: expected a value");
    EXPECT_EQ(refusal_of("when 1 in [[1]] then hub('a')"), "column 12: expected a value");
    EXPECT_EQ(refusal_of("when payload..a = 1 then hub('a')"), "column 14: expected a name");
    EXPECT_EQ(refusal_of("when payload. = 1 then hub('a')"), "column 15: expected a name");
    EXPECT_EQ(refusal_of("when payload.__proto__.x = 1 then hub('a')"), "accepted");
    EXPECT_EQ(refusal_of("when a() = 1 then hub('a')"),
              "column 6: rules know nothing of this name");
    EXPECT_EQ(refusal_of("otherwise policy(payload.policy)"),
              "column 18: expected the name of a policy in quotes")
        << "a device chooses nothing by itself";
    EXPECT_EQ(refusal_of("when 1 in [1) then hub('a')"), "column 13: expected ']'");
}

TEST_F(HostileRules, HugeNumbersAreRefusedOrOrdered) {
    EXPECT_EQ(refusal_of(rule_when("1e999 = 1")), "column 6: not a number");
    EXPECT_EQ(refusal_of(rule_when(repeated("9", 1000) + " = 1")), "column 6: not a number");
    EXPECT_EQ(refusal_of(rule_when("01 = 1")), "column 6: not a number");
    EXPECT_EQ(refusal_of(rule_when("0x10 = 16")), "column 7: expected an operator");
    EXPECT_EQ(refusal_of(rule_when("NaN = NaN")), "column 6: rules know nothing of this name");
    set_payload(R"({"huge":1e308,"tiny":-1e-320})");
    EXPECT_TRUE(holds("payload.huge > 9223372036854775807 and payload.tiny < 0"));
    EXPECT_TRUE(holds("1e-400 >= 0")) << "nearest to it is zero";
}

/// The worst that 4096 bytes of rule can do with the worst payload: a few million steps. Without
/// bounds this test would not end.
TEST_F(HostileRules, CleverPatternsEnd) {
    JsonArray list;
    for (int i = 0; i < 20'000; ++i) {
        list.emplace_back("a");
    }
    inputs.payload = JsonObject{{"a", std::string(1024, 'a')},
                                {"long", std::string(90'000, 'a')},
                                {"list", std::move(list)}};
    EXPECT_FALSE(holds("payload.a like '" + repeated("a*", 2000) + "b'"));
    EXPECT_FALSE(holds("payload.a like '*" + std::string(1000, 'a') + "b*'"));
    EXPECT_FALSE(holds(repeated("payload.a like '*aaaaaaaaab' or ", 120) + "1=2"));
    EXPECT_FALSE(holds(repeated("'b' in payload.list or ", 170) + "1=2"));
    EXPECT_FALSE(holds("payload.long like '*'")) << "too long to be like anything";
}

TEST_F(HostileRules, OnlyTheBeginningOfALongListIsLookedAt) {
    JsonArray list;
    for (int i = 0; i < 300; ++i) {
        list.emplace_back(i);
    }
    inputs.payload = list;
    EXPECT_TRUE(holds("255 in payload"));
    EXPECT_FALSE(holds("256 in payload"));
}

TEST_F(HostileRules, ATextInsideATextIsOpenedOnce) {
    const Json inner = R"({"a":"{\"b\":1}"})";
    inputs.payload = inner;
    EXPECT_TRUE(holds("payload.a = '{\"b\":1}' and payload.a.b = null"));
    inputs.payload = Json(repeated("[", 5000));
    EXPECT_TRUE(holds("payload.a = null"));
    inputs.payload = Json(R"({"a":1,"a":2})");
    EXPECT_TRUE(holds("payload.a = null")) << "two readers could see two documents";
}

} // namespace
} // namespace muster::provisioning
