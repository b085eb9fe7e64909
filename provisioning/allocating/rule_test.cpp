#include "provisioning/allocating/rule_fixture.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

struct Rules : RuleFixture {};

std::vector<std::string> hubs_in(const RuleVerdict& verdict) {
    std::vector<std::string> names;
    for (const HubName& hub : std::get<ChosenHubs>(verdict.choice).hubs) {
        names.push_back(hub.text());
    }
    return names;
}

TEST_F(Rules, TheExampleOfTheHeaderWorks) {
    const auto rule = Rule::parse(R"(
        when payload.model like "pump-*" and certificate.subject.O = "Contoso" then hub("hub-2")
        when address in "10.1.0.0/16" then hubs("hub-1", "hub-3")
        when time.hour >= 22 or time.hour < 6 then policy("geoLatency")
        otherwise policy("hashed"))");
    ASSERT_TRUE(rule) << rule.error().detail;
    EXPECT_EQ(decide(*rule).clause, 2U);
    EXPECT_EQ(hubs_in(decide(*rule)), (std::vector<std::string>{"hub-1", "hub-3"}));
    inputs.peer_address = "192.0.2.7";
    EXPECT_EQ(decide(*rule).clause, 3U);
    EXPECT_EQ(std::get<ChosenPolicy>(decide(*rule).choice).policy, AllocationPolicy::geo_latency);
    inputs.now -= 2h;
    EXPECT_EQ(decide(*rule).clause, 4U);
    EXPECT_EQ(std::get<ChosenPolicy>(decide(*rule).choice).policy, AllocationPolicy::hashed);
}

TEST_F(Rules, TheFirstClauseThatHoldsDecides) {
    EXPECT_EQ(clause_of("when 1 = 2 then hub('a') when 1 = 1 then hub('b') when 1 = 1 then "
                        "hub('c')"),
              2);
    EXPECT_EQ(clause_of("when 1 = 2 then hub('a')"), 0) << "the instance's policy does";
    EXPECT_EQ(clause_of("otherwise hub('a')"), 1);
}

TEST_F(Rules, ChoicesSayWhatTheyMean) {
    const auto rule = Rule::parse("when 1 = 2 then hub('Hub-1') when 2 = 3 then hubs('b', 'a', 'B')"
                                  " otherwise policy('Static')");
    ASSERT_TRUE(rule);
    EXPECT_EQ(rule->hubs_named(),
              (std::vector<HubName>{HubName("hub-1"), HubName("b"), HubName("a")}));
    EXPECT_FALSE(rule->asks_function());
    EXPECT_EQ(std::get<ChosenPolicy>(decide(*rule).choice).policy, AllocationPolicy::fixed);
    const auto asking =
        Rule::parse("when 1 = 2 then policy('webhook') otherwise hubs('b', 'a', 'B')");
    ASSERT_TRUE(asking);
    EXPECT_TRUE(asking->asks_function());
    EXPECT_EQ(hubs_in(decide(*asking)), (std::vector<std::string>{"b", "a"})) << "each once";
}

TEST_F(Rules, AskingTheFunctionIsThePolicyCustom) {
    const auto rule = Rule::parse("otherwise policy('webhook')");
    EXPECT_EQ(std::get<ChosenPolicy>(decide(*rule).choice).policy, AllocationPolicy::custom);
}

// ---- what can be seen ----

TEST_F(Rules, SeeTheDevice) {
    EXPECT_TRUE(holds("registrationId = 'PUMP-7'")) << "ids compare without case";
    EXPECT_TRUE(holds("'pump-7' = REGISTRATIONID"));
    EXPECT_TRUE(holds("registrationId like 'pUmP-?'"));
    EXPECT_TRUE(holds("registrationId in ['x', 'PUMP-7']"));
    EXPECT_TRUE(holds("registrationId > 'PUMP-6'"));
    EXPECT_TRUE(holds("currentHub = null"));
    current = HubName("Hub-1");
    EXPECT_TRUE(holds("currentHub = 'HUB-1'"));
    EXPECT_TRUE(holds("currentHub != null"));
}

TEST_F(Rules, SeeThePayload) {
    EXPECT_TRUE(holds("payload = null and payload.model = null and payload.a.b.c = null"));
    set_payload(R"({"model":"pump-2","Model":1,"site":{"floor":3,"tags":["a",5,null]},
                    "odd name":true,"list":[]})");
    EXPECT_TRUE(holds("payload.model = 'pump-2' and payload.Model = 1"));
    EXPECT_TRUE(holds("payload.model != 'PUMP-2'")) << "the payload's texts compare exactly";
    EXPECT_TRUE(holds("payload.MODEL = null"));
    EXPECT_TRUE(holds("payload.site.floor = 3 and payload.site.floor.deeper = null"));
    EXPECT_TRUE(holds("payload.\"odd name\" = true and payload.'odd name' != false"));
    EXPECT_TRUE(holds("'a' in payload.site.tags and 5 in payload.site.tags"));
    EXPECT_TRUE(holds("null in payload.site.tags"));
    EXPECT_TRUE(holds("'b' not in payload.site.tags and 'a' not in payload.list"));
    EXPECT_TRUE(holds("'pump-2' in payload.model")) << "one value is a list of one";
    EXPECT_TRUE(holds("payload != null and payload.site != null"));
    EXPECT_FALSE(holds("payload.site = payload.site")) << "objects and lists are equal to nothing";
    EXPECT_FALSE(holds("payload.list = payload.list"));
    EXPECT_FALSE(holds("payload.site.tags = 'a'"));
}

TEST_F(Rules, APayloadMayBeAnything) {
    set_payload("5");
    EXPECT_TRUE(holds("payload = 5 and payload.a = null"));
    set_payload("[1,2]");
    EXPECT_TRUE(holds("2 in payload and payload.a = null"));
    set_payload("null");
    EXPECT_TRUE(holds("payload = null"));
}

// dps-device 7.1: Java devices send a text
TEST_F(Rules, ATextThatHoldsADocumentIsLookedInto) {
    set_payload(R"("{\"model\":\"pump-2\"}")");
    EXPECT_TRUE(holds("payload.model = 'pump-2'"));
    EXPECT_TRUE(holds("payload like '*pump*'")) << "and is still a text";
    for (const auto* text : {R"("pump")", R"("{")", R"("[1]")", R"("")"}) {
        set_payload(text);
        EXPECT_TRUE(holds("payload.model = null"));
    }
}

TEST_F(Rules, SeeTheCertificate) {
    EXPECT_TRUE(holds("certificate.subject.CN = null and certificate.issuer.CN = null"));
    const auto ca = make_ca("Contoso CA");
    inputs.leaf_der = make_leaf("Pump-7", &ca).certificate.der();
    EXPECT_TRUE(holds("certificate.subject.CN = 'Pump-7'"));
    EXPECT_TRUE(holds("certificate.subject.commonName = 'Pump-7'"));
    EXPECT_TRUE(holds("certificate.subject.'2.5.4.3' = 'Pump-7'"));
    EXPECT_TRUE(holds("certificate.subject.cn != 'pump-7'")) << "its value compares exactly";
    EXPECT_TRUE(holds("certificate.issuer.CN = 'Contoso CA'"));
    EXPECT_TRUE(holds("certificate.subject.O = null and certificate.subject.nonsense = null"));
    inputs.leaf_der = "no certificate";
    EXPECT_TRUE(holds("certificate.subject.CN = null"));
}

TEST_F(Rules, SeeTheAddress) {
    EXPECT_TRUE(holds("address = '10.1.2.3'"));
    EXPECT_TRUE(holds("address in '10.1.0.0/16'"));
    EXPECT_TRUE(holds("address in ['192.168.0.0/16', '10.1.2.3']"));
    EXPECT_TRUE(holds("address not in ('10.2.0.0/16', '::/0')"));
    inputs.peer_address = "2001:DB8::7";
    EXPECT_TRUE(holds("address in '2001:db8::/32' and address in '2001:db8:0::7'"));
    inputs.peer_address = "::ffff:10.1.2.3";
    EXPECT_TRUE(holds("address in '10.1.0.0/16'"));
    inputs.peer_address = "";
    EXPECT_TRUE(holds("address = null and address not in '0.0.0.0/0'"));
}

TEST_F(Rules, SeeWhereItIs) {
    EXPECT_TRUE(holds("location.latitude = null and location.longitude = null"));
    inputs.place.point = GeoPoint{.latitude = 52.37, .longitude = -4.5};
    EXPECT_TRUE(holds("location.latitude > 50 and location.longitude <= -4.5"));
}

TEST_F(Rules, SeeTheTimeInUtc) {
    EXPECT_TRUE(holds("time.hour = 22 and time.minute = 30"));
    EXPECT_TRUE(holds("time.weekday = 'Thursday' and time.weekday in ['THURSDAY']"));
    EXPECT_TRUE(holds("time.date = '2030-01-31' and time.date < '2030-02-01'"));
    inputs.now = from_unix_seconds(0);
    EXPECT_TRUE(holds("time.hour = 0 and time.weekday = 'thursday' and time.date = '1970-01-01'"));
    inputs.now = from_unix_seconds(-1);
    EXPECT_TRUE(holds("time.hour = 23 and time.minute = 59 and time.weekday = 'wednesday'"));
}

// ---- what comparisons mean ----

TEST_F(Rules, DifferentTypesAreUnequalAndInNoOrder) {
    for (const auto* pair : {"1 @ '1'", "1 @ true", "null @ false", "null @ 0", "'a' @ null",
                             "true @ 'true'", "payload @ 0"}) {
        std::string text = pair;
        const auto with = [&](std::string_view symbol) {
            std::string condition = text;
            return condition.replace(condition.find('@'), 1, symbol);
        };
        EXPECT_FALSE(holds(with("="))) << text;
        EXPECT_TRUE(holds(with("!="))) << text;
        for (const auto* order : {"<", "<=", ">", ">="}) {
            EXPECT_FALSE(holds(with(order))) << text << order;
        }
    }
}

TEST_F(Rules, OnlyNumbersAndTextsHaveAnOrder) {
    EXPECT_TRUE(holds("null = null and true = true and true != false"));
    EXPECT_FALSE(holds("null <= null"));
    EXPECT_FALSE(holds("true >= true"));
    EXPECT_TRUE(holds("1 < 2 and 2 <= 2 and 3 > 2.5 and -1 >= -1.0 and 1e3 = 1000"));
    EXPECT_TRUE(holds("'a' < 'b' and 'a' <= 'a' and 'B' < 'a' and '10' < '9'"));
}

TEST_F(Rules, NumbersAreExact) {
    set_payload(R"({"big":9223372036854775807,"bigger":18446744073709551615,"half":0.5})");
    EXPECT_TRUE(holds("payload.big = 9223372036854775807"));
    EXPECT_TRUE(holds("payload.big != 9223372036854775806"));
    EXPECT_TRUE(holds("payload.bigger = 18446744073709551615 and payload.bigger > payload.big"));
    EXPECT_TRUE(holds("payload.half = 0.5 and payload.half = 5e-1"));
}

TEST_F(Rules, EverySpellingOfAnOperator) {
    EXPECT_TRUE(holds("1 = 1 AND 1 == 1 And not 1 != 1 and NOT 1 <> 1"));
    EXPECT_TRUE(holds("1=1and(2=2)"));
    EXPECT_EQ(refusal_of("when 1 = = 1 then hub('a')"), "column 10: expected a value");
}

TEST_F(Rules, AndBindsCloserThanOr) {
    EXPECT_TRUE(holds("1 = 1 or 1 = 1 and 1 = 2"));
    EXPECT_FALSE(holds("(1 = 1 or 1 = 1) and 1 = 2"));
    EXPECT_TRUE(holds("not 1 = 2 and 1 = 1")) << "not binds closest";
    EXPECT_FALSE(holds("not (1 = 2 or 1 = 1)"));
    EXPECT_TRUE(holds("not not 1 = 1"));
}

TEST_F(Rules, LikeIsForTexts) {
    set_payload(R"({"a":"abc","n":5})");
    EXPECT_TRUE(holds("payload.a like 'a*' and payload.a not like 'b*'"));
    EXPECT_TRUE(holds("payload.n not like '*' and payload.none not like '*'"));
    EXPECT_TRUE(holds(R"('a*c' like 'a\*c' and payload.a not like 'a\*c')"));
}

// ---- mistakes ----

TEST_F(Rules, MistakesNameTheirPlace) {
    EXPECT_EQ(refusal_of(""), "column 1: expected when");
    EXPECT_EQ(refusal_of("hub('a')"), "column 1: expected when");
    EXPECT_EQ(refusal_of("when paylod.a = 1 then hub('a')"),
              "column 6: rules know nothing of this name");
    EXPECT_EQ(refusal_of("when payload.a then hub('a')"), "column 16: expected an operator");
    EXPECT_EQ(refusal_of("when payload.a = 1 hub('a')"), "column 20: expected then");
    EXPECT_EQ(refusal_of("when payload.a not = 1 then hub('a')"), "column 20: expected like or in");
    EXPECT_EQ(refusal_of("otherwise hub(a)"), "column 15: expected the name of a hub in quotes");
    EXPECT_EQ(refusal_of("otherwise hub('a b')"), "column 15: no hub can have this name");
    EXPECT_EQ(refusal_of("otherwise hub('a', 'b')"), "column 18: expected ')'");
    EXPECT_EQ(refusal_of("otherwise hubs()"), "column 16: expected the name of a hub in quotes");
    EXPECT_EQ(refusal_of("otherwise drop('a')"), "column 11: expected hub, hubs or policy");
    EXPECT_EQ(refusal_of("otherwise policy('custom')"),
              "column 18: a policy is hashed, geoLatency, static or webhook");
    EXPECT_EQ(refusal_of("otherwise hub('a') when 1 = 1 then hub('b')"),
              "column 20: expected the end: nothing comes after otherwise");
    EXPECT_EQ(refusal_of("when 1 = 1 then hub('a') hub('b')"), "column 26: expected when");
    EXPECT_EQ(refusal_of("when 'a"), "column 6: the text has no end");
    EXPECT_EQ(refusal_of("when 1 ~ 2"), "column 8: this character has no meaning here");
    EXPECT_EQ(refusal_of("when 1.2.3 = 1"), "column 6: not a number");
    EXPECT_EQ(refusal_of("when payload.a like payload.b then hub('a')"),
              "column 21: expected a pattern such as \"pump-*\"");
    EXPECT_EQ(refusal_of(R"(when payload.a like 'b\' then hub('a'))"),
              "column 21: the pattern ends within an escape");
    EXPECT_EQ(refusal_of("when address in ['10.0.0.0/8', '10.0.0.0/33'] then hub('a')"),
              "column 32: expected an address or a range such as \"10.1.0.0/16\"");
    EXPECT_EQ(refusal_of("when certificate.subject = 'a' then hub('a')"),
              "column 6: rules know nothing of this name");
}

TEST_F(Rules, PlacesAreCountedAsPeopleCount) {
    EXPECT_EQ(refusal_of("when payload.a = 'é日' hub('a')"), "column 23: expected then");
    EXPECT_EQ(refusal_of("when 1 = 1 then hub('a')\n  when payload.é hub('a')"),
              "line 2, column 18: expected an operator");
    EXPECT_EQ(refusal_of("when 1 = 1\n"), "line 2, column 1: expected then");
}

} // namespace
} // namespace muster::provisioning
