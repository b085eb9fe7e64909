#include "codec/topics.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace muster::topics {
namespace {

TEST(PropertyBag, refuses_broken_escapes_and_text_that_is_not_utf8) {
    for (const auto* bag : {"%", "a=%", "a=%4", "a=%4g", "%zz=b", "a=b&c=50%", "a=%ff", "%c3%28=b",
                            "a=%ed%a0%80", "a=%c0%80"}) {
        const auto properties = parse_property_bag(bag);
        ASSERT_FALSE(properties.has_value()) << bag;
        EXPECT_EQ(properties.error().code, Code::malformed) << bag;
    }
}

struct BagCase {
    std::string bag;
    Properties properties;
};

// IOTHUB-9: encoded or plain system keys, any order, with or without a trailing slash.
TEST(PropertyBag, reads_what_each_client_sends) {
    const BagCase cases[] = {
        {"", {}},
        {"/", {}},
        {"&", {}},
        {"%24.mid=8f2c&%24.ct=application%2Fjson&%24.ce=utf-8&alarm=high",
         {{"$.mid", "8f2c"}, {"$.ct", "application/json"}, {"$.ce", "utf-8"}, {"alarm", "high"}}},
        {"alarm=high&%24.cid=77&%24.mid=8f2c", // C: application properties first
         {{"alarm", "high"}, {"$.cid", "77"}, {"$.mid", "8f2c"}}},
        {"%24.ct=application%2fjson&alarm=high/", // C#: a slash at the end
         {{"$.ct", "application/json"}, {"alarm", "high"}}},
        {"$.on=out1&k=v/", {{"$.on", "out1"}, {"k", "v"}}},
        {"a", {{"a", ""}}},
        {"a=", {{"a", ""}}},
        {"=a", {{"", "a"}}},
        {"a=b=c", {{"a", "b=c"}}},
        {"a=1&&b=2&", {{"a", "1"}, {"b", "2"}}},
        {"a=1&b=2&a=3", {{"a", "3"}, {"b", "2"}}},
        {"a=1&%61=2", {{"a", "2"}}},
        {"a=x+y", {{"a", "x+y"}}},
        {"a=b//", {{"a", "b/"}}},
        // C without option auto_url_encode_decode: raw text.
        {"path=/dev/tty 0?é", {{"path", "/dev/tty 0?é"}}},
        {"%24.unknown=1", {{"$.unknown", "1"}}},
    };
    for (const auto& [bag, expected] : cases) {
        const auto properties = parse_property_bag(bag);
        ASSERT_TRUE(properties.has_value()) << bag;
        EXPECT_EQ(*properties, expected) << bag;
    }
}

// IOTHUB-18: `%24.` keys, no raw '/' or '=' anywhere.
TEST(PropertyBag, is_written_for_the_clients_that_read_least) {
    EXPECT_EQ(
        format_property_bag({{"$.to", "/devices/d/messages/devicebound"}, {"iothub-ack", "full"}}),
        "%24.to=%2Fdevices%2Fd%2Fmessages%2Fdevicebound&iothub-ack=full");
    EXPECT_EQ(format_property_bag({{"a b", "x=y&z+#"}, {"empty", ""}}),
              "a%20b=x%3Dy%26z%2B%23&empty=");
    EXPECT_EQ(format_property_bag({}), "");
}

TEST(PropertyBag, comes_back_as_it_was_written) {
    std::mt19937_64 engine(7);
    const std::string characters[] = {"a", "&", "=", "%", "/", "$", ".", "+", " ", "é", "€", "?"};
    const auto below = [&](std::size_t bound) { return engine() % bound; };
    for (int round = 0; round < 500; ++round) {
        Properties properties;
        for (std::size_t count = below(8); count > 0; --count) {
            std::string key = std::to_string(count);
            std::string value;
            for (std::size_t length = below(10); length > 0; --length) {
                key += characters[below(std::size(characters))];
                value += characters[below(std::size(characters))];
            }
            properties.emplace_back(key, value);
        }
        const auto parsed = parse_property_bag(format_property_bag(properties));
        ASSERT_TRUE(parsed.has_value()) << "round " << round;
        ASSERT_EQ(*parsed, properties) << "round " << round;
    }
}

TEST(PropertyBag, of_thousands_of_keys_costs_bounded_work) {
    std::string bag;
    for (int key = 0; bag.size() < 65'000; ++key) {
        bag += std::to_string(key) + "&";
    }
    const auto properties = parse_property_bag(bag);
    ASSERT_TRUE(properties.has_value());
    EXPECT_GT(properties->size(), 10'000U);
    EXPECT_EQ(properties->back().second, "");
}

} // namespace
} // namespace muster::topics
