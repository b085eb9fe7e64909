#include "hub/messages/message_rules.h"

#include <gtest/gtest.h>

namespace muster::hub {

namespace {

const WallTime sending_time = from_unix_seconds(1'893'553'445); // 2030-01-02T03:04:05Z

Result<CloudMessage> to_send(MessageProperties properties, std::string body = "on",
                             std::optional<std::chrono::seconds> lives = std::nullopt) {
    return message_to_send(
        {.properties = std::move(properties), .time_to_live = lives, .body = std::move(body)},
        MessageLimits{}, "new-id", sending_time);
}

Code refusal(const MessageProperties& properties, std::string body = "") {
    const auto message = to_send(properties, std::move(body));
    EXPECT_FALSE(message);
    return message ? Code::internal : message.error().code;
}

} // namespace

TEST(MessageRules, AMessageWithoutAnyWishLivesAnHour) {
    const auto message = to_send({{"$.to", "/devices/d/messages/devicebound"}});
    ASSERT_TRUE(message);
    EXPECT_EQ(message->expires, sending_time + std::chrono::hours(1));
    EXPECT_EQ(property_of(message->properties, "$.exp"), "");
    EXPECT_EQ(property_of(message->properties, "$.mid"), "new-id");
    EXPECT_EQ(message->acknowledgement, Acknowledgement::none);
    EXPECT_EQ(property_of(message->properties, "iothub-ack"), "");
}

TEST(MessageRules, DatesAreWrittenWithSevenDigits) {
    const auto message =
        to_send({{"$.exp", "2030-01-02T04:00:00Z"}, {"$.ctime", "2030-01-02T03:00:00.5Z"}});
    ASSERT_TRUE(message);
    EXPECT_EQ(property_of(message->properties, "$.exp"), "2030-01-02T04:00:00.0000000Z");
    EXPECT_EQ(property_of(message->properties, "$.ctime"), "2030-01-02T03:00:00.5000000Z");
    EXPECT_EQ(format_time(message->expires), "2030-01-02T04:00:00.0000000Z");
}

TEST(MessageRules, EmptyDatesAndWishesAreLeftOut) {
    const auto message = to_send({{"$.exp", ""}, {"$.ctime", ""}, {"iothub-ack", ""}});
    ASSERT_TRUE(message);
    EXPECT_EQ(message->properties, (MessageProperties{{"$.mid", "new-id"}}));
}

TEST(MessageRules, TheLastOfANameCounts) {
    const auto message = to_send({{"a", "1"}, {"$.mid", "x"}, {"a", "2"}});
    ASSERT_TRUE(message);
    EXPECT_EQ(message->properties, (MessageProperties{{"$.mid", "x"}, {"a", "2"}}));
}

TEST(MessageRules, NobodyLivesLongerThanTwoDays) {
    EXPECT_TRUE(to_send({}, "", std::chrono::hours(48)));
    EXPECT_EQ(to_send({}, "", std::chrono::hours(48) + std::chrono::seconds(1)).error().code,
              Code::forbidden);
    EXPECT_EQ(to_send({}, "", std::chrono::seconds::max()).error().code, Code::forbidden);
    EXPECT_TRUE(to_send({{"$.exp", "2030-01-04T03:04:05Z"}}));
    EXPECT_EQ(refusal({{"$.exp", "2030-01-04T03:04:06Z"}}), Code::forbidden);
    EXPECT_EQ(refusal({{"$.exp", "9999-12-31T23:59:59Z"}}), Code::forbidden);
}

TEST(MessageRules, TheTimeToLiveIsShownAsTheExpiry) {
    const auto message = to_send({}, "", std::chrono::seconds(90));
    ASSERT_TRUE(message);
    EXPECT_EQ(property_of(message->properties, "$.exp"), "2030-01-02T03:05:35.0000000Z");
}

TEST(MessageRules, NamesAndValuesMustTravel) {
    EXPECT_EQ(refusal({{"", "v"}}), Code::malformed);
    EXPECT_EQ(refusal({{"a b", "v"}}), Code::malformed);
    EXPECT_EQ(refusal({{"a:b", "v"}}), Code::malformed);
    EXPECT_EQ(refusal({{"\xc3\xa4", "v"}}), Code::malformed);
    EXPECT_EQ(refusal({{"$.unknown", "v"}}), Code::malformed);
    EXPECT_EQ(refusal({{"a", "x\r\ny"}}), Code::malformed);
    EXPECT_EQ(refusal({{"a", std::string("\0", 1)}}), Code::malformed);
    EXPECT_EQ(refusal({{"a", "\xff"}}), Code::malformed);
    EXPECT_TRUE(to_send({{"a", "/=&% \xc3\xa4"}, {"b", ""}}));
}

TEST(MessageRules, WishesAndIdsAreChecked) {
    EXPECT_EQ(refusal({{"iothub-ack", "Full"}}), Code::malformed);
    EXPECT_EQ(to_send({{"iothub-ack", "negative"}})->acknowledgement, Acknowledgement::negative);
    EXPECT_EQ(refusal({{"$.exp", "tomorrow"}}), Code::malformed);
    EXPECT_EQ(refusal({{"$.ctime", "yesterday"}}), Code::malformed);
    EXPECT_TRUE(to_send({{"$.mid", std::string(128, 'm')}}));
    EXPECT_EQ(refusal({{"$.mid", std::string(129, 'm')}}), Code::malformed);
}

TEST(MessageRules, BodyAndPropertiesTogetherHaveABound) {
    const std::size_t spent = std::string_view("$.midnew-id").size();
    EXPECT_TRUE(to_send({}, std::string(65'536 - spent, 'b')));
    EXPECT_EQ(refusal({}, std::string(65'537 - spent, 'b')), Code::too_large);
    EXPECT_EQ(refusal({{"a", std::string(65'000, 'b')}}), Code::too_large);
    EXPECT_EQ(refusal({{"a", std::string(20'000, '/')}}), Code::too_large); // "%2F" in a topic
}

} // namespace muster::hub
