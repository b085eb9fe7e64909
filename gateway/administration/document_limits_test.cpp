#include "gateway/administration/document_limits.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

Json nested(std::size_t levels) {
    Json value = 1;
    for (std::size_t level = 0; level < levels; ++level) {
        value = level % 2 == 0 ? Json(JsonObject{{"a", value}}) : Json(JsonArray{value});
    }
    return value;
}

/// The same verdict as from the reader of a body of its own.
void expect_same(const Json& document) {
    const auto text = to_text(document);
    const auto alone = parse_json(text);
    const auto checked = check_document_limits(document);
    ASSERT_EQ(alone.has_value(), checked.has_value()) << text.size();
    if (!alone) {
        EXPECT_EQ(alone.error().code, checked.error().code);
    }
}

TEST(DocumentLimits, AreThoseOfABodyInDepth) {
    for (std::size_t levels = 0; levels < 40; ++levels) {
        expect_same(nested(levels));
    }
    EXPECT_TRUE(check_document_limits(nested(32)));
    EXPECT_FALSE(check_document_limits(nested(33)));
}

TEST(DocumentLimits, AreThoseOfABodyInBytes) {
    constexpr std::size_t around = sizeof(R"({"a":""})") - 1;
    for (const std::size_t bytes : {98'303U, 98'304U, 98'305U}) {
        expect_same(JsonObject{{"a", std::string(bytes - around, 'x')}});
    }
    expect_same(JsonObject{{"a", std::string(20'000, '\x01')}}); // six times as long when written
    JsonArray numbers;
    for (int i = 0; i < 20'000; ++i) {
        numbers.emplace_back(-1.2345678901234567e-100);
    }
    expect_same(numbers);
}

} // namespace
} // namespace muster::gateway
