#include "base/ids.h"
#include "base/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace muster {
namespace {

const std::string longest(128, 'a');
const std::string too_long(129, 'a');

// DPS-DEVICE-65: registration ids are compared without regard to case, and kept as spelled.
TEST(RegistrationId, IsComparedWithoutCase) {
    const RegistrationId upper("Device-1");
    const RegistrationId lower("device-1");
    EXPECT_EQ(upper, lower);
    EXPECT_EQ(std::hash<RegistrationId>{}(upper), std::hash<RegistrationId>{}(lower));
    EXPECT_EQ(upper.text(), "Device-1");
    EXPECT_EQ(upper.folded(), "device-1");
    EXPECT_LT(RegistrationId("A"), RegistrationId("b"));
}

TEST(RegistrationId, HasAGrammar) {
    for (const std::string_view text : {"a", "Z9", "a-", "sn-007:x.y_z", longest.c_str()}) {
        EXPECT_TRUE(parse_registration_id(text).has_value()) << text;
        EXPECT_TRUE(parse_enrollment_group_id(text).has_value()) << text;
    }
    const std::string_view refused[] = {"",    "a.",   "a_",     "a:",       "a b",
                                        "a/b", "../a", "a%2e",   "a\n",      "\xC3\xA4",
                                        "a*",  "a ",   too_long, {"a\0b", 3}};
    for (const std::string_view text : refused) {
        EXPECT_FALSE(parse_registration_id(text).has_value()) << text;
        EXPECT_FALSE(parse_enrollment_group_id(text).has_value()) << text;
    }
}

// IOTHUB-19: an id such as invalid/name must fail.
TEST(DeviceId, HasAGrammar) {
    for (const std::string_view text : {"dev-01", "-:.+%_#*?!(),=@$'", "$edge", longest.c_str()}) {
        EXPECT_TRUE(parse_device_id(text).has_value()) << text;
    }
    for (const std::string_view text :
         {"", "invalid/name", "a b", "a&b", "a\"b", "\xC3\xA4", too_long.c_str()}) {
        EXPECT_FALSE(parse_device_id(text).has_value()) << text;
    }
    EXPECT_NE(DeviceId("Dev"), DeviceId("dev"));
}

TEST(IdScope, HasAGrammar) {
    EXPECT_TRUE(parse_id_scope("0ne00111111").has_value());
    EXPECT_TRUE(parse_id_scope("0ne00TEST01").has_value());
    for (const std::string_view text : {"", "0ne", "0ne0011111", "0NE00111111", "0ne00-11111",
                                        "0ne00111111/", "1ne00111111", longest.c_str()}) {
        EXPECT_FALSE(parse_id_scope(text).has_value()) << text;
    }
}

TEST(HubName, IsKeptInLowerCase) {
    EXPECT_EQ(HubName("Hub-1.Example.ORG"), HubName("hub-1.example.org"));
    EXPECT_EQ(HubName("HUB").text(), "hub");
}

TEST(Ids, RefusalsDoNotEchoTheText) {
    EXPECT_THAT(parse_registration_id("<script>").error().detail,
                testing::Not(testing::HasSubstr("script")));
}

TEST(Guid, IsVersionFourAndNew) {
    SystemRandom random;
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const std::string guid = new_guid(random);
        EXPECT_THAT(guid,
                    testing::MatchesRegex(
                        "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
        EXPECT_TRUE(seen.insert(guid).second);
    }
}

TEST(SeededRandom, RepeatsItself) {
    SeededRandom one(7);
    SeededRandom same(7);
    SeededRandom other(8);
    const std::string bytes = one.bytes(33);
    EXPECT_EQ(bytes.size(), 33U);
    EXPECT_EQ(bytes, same.bytes(33));
    EXPECT_NE(bytes, other.bytes(33));
    EXPECT_NE(bytes, one.bytes(33));
}

TEST(SystemRandom, FillsWhatWasAsked) {
    SystemRandom random;
    EXPECT_TRUE(random.bytes(0).empty());
    EXPECT_EQ(random.bytes(1000).size(), 1000U);
    EXPECT_NE(random.bytes(16), random.bytes(16));
}

} // namespace
} // namespace muster
