// Every limit of iothub B.7 at its bound and one beyond.

#include "hub/fixture.h"
#include "hub/twin_limits.h"

#include <limits>

namespace muster::hub {

namespace {

Result<void> contents(const JsonObject& properties) {
    return check_contents("tags", properties, {});
}

template <class Value>
JsonObject with(std::string_view key, Value value) {
    JsonObject properties;
    properties[key] = std::move(value);
    return properties;
}

/// So many objects inside each other, below the root.
JsonObject nested(int levels) {
    JsonObject inner = with("property", "value");
    for (int level = 0; level < levels; ++level) {
        inner = with("x", std::move(inner));
    }
    return inner;
}

/// Counts exactly `bytes`, at least 5000, no string too long.
JsonObject of_size(std::size_t bytes) {
    JsonObject properties;
    for (int at = 0; bytes > 4000; ++at) {
        const std::string key = std::to_string(1000 + at);
        properties[key] = std::string(3996, 'v');
        bytes -= 4000;
    }
    properties["last"] = std::string(bytes - 4, 'v');
    return properties;
}

void expect_refused(const Result<void>& result, std::string_view part) {
    ASSERT_FALSE(result.has_value()) << part;
    EXPECT_EQ(result.error().code, Code::malformed);
    EXPECT_NE(result.error().detail.find(part), std::string::npos) << result.error().detail;
}

} // namespace

TEST(TwinLimits, KeyLength) {
    EXPECT_TRUE(contents(with(std::string(1024, 'k'), 1)));
    expect_refused(contents(with(std::string(1025, 'k'), 1)), "key over 1024 bytes");
    expect_refused(contents(with("outer", with(std::string(1025, 'k'), 1))), "key over 1024");
}

TEST(TwinLimits, KeyCharacters) {
    for (const std::string_view key : {"a.b", "$a", "a$", "a b", " "}) {
        expect_refused(contents(with(key, 1)), "'.', a '$' or a space");
    }
    using namespace std::string_view_literals;
    for (const std::string_view key : {"a\x1f"sv, "\0"sv, "\x7f"sv, "\xc2\x80"sv, "x\xc2\x9f"sv}) {
        expect_refused(contents(with(key, 1)), "control character");
    }
    for (const std::string_view key :
         {"\xc2\xa0"sv, "\xc3\xa4"sv, "a-b_c:d/e#"sv, "*"sv, "\xe2\x82\xac"sv}) {
        EXPECT_TRUE(contents(with(key, 1))) << key;
    }
}

TEST(TwinLimits, KeysInsideArraysToo) {
    expect_refused(contents(object(R"({"a":[{"b.c":1}]})")), "'.'");
}

TEST(TwinLimits, StringLength) {
    EXPECT_TRUE(contents(with("k", std::string(4096, 's'))));
    expect_refused(contents(with("k", std::string(4097, 's'))), "string over 4096 bytes");
}

TEST(TwinLimits, Integers) {
    EXPECT_TRUE(contents(with("k", std::int64_t{4503599627370495})));
    EXPECT_TRUE(contents(with("k", std::int64_t{-4503599627370496})));
    expect_refused(contents(with("k", std::int64_t{4503599627370496})), "integer outside");
    expect_refused(contents(with("k", std::int64_t{-4503599627370497})), "integer outside");
    expect_refused(contents(with("k", std::numeric_limits<std::uint64_t>::max())), "integer");
    EXPECT_TRUE(contents(object(R"({"k":1.7976931348623157e308,"l":-0.5})")));
    expect_refused(contents(with("k", std::numeric_limits<double>::infinity())), "finite");
}

TEST(TwinLimits, Depth) {
    EXPECT_TRUE(contents(nested(10)));
    expect_refused(contents(nested(11)), "deeper than 10 levels");
    EXPECT_TRUE(contents(object(R"({"a":[[[[[[[[[[1]]]]]]]]]]})")));
    expect_refused(contents(object(R"({"a":[[[[[[[[[[[1]]]]]]]]]]]})")), "deeper");
    expect_refused(contents(nested(5000)), "deeper"); // without descending that far
}

TEST(TwinLimits, SizeFormula) {
    EXPECT_EQ(counted_bytes({}), 0u);
    EXPECT_EQ(counted_bytes(object(R"({"ab":"cde"})")), 5u);
    EXPECT_EQ(counted_bytes(object(R"({"a":1,"b":2.5})")), 18u);
    EXPECT_EQ(counted_bytes(object(R"({"a":true,"b":false})")), 10u);
    EXPECT_EQ(counted_bytes(object(R"({"a":null,"b":{}})")), 2u);
    EXPECT_EQ(counted_bytes(object(R"({"a":{"bc":"d"},"e":[1,"fg",true]})")), 19u);
    EXPECT_EQ(counted_bytes(object(R"({"a":"\u00e4\n\u0085x"})")), 4u) << "controls do not count";
}

TEST(TwinLimits, SizeOfEachHalf) {
    const Twin twin = new_twin({}, {}, {}, noon());
    const auto tags = [&](std::size_t bytes) {
        return apply_patch(twin, {.tags = of_size(bytes), .desired = std::nullopt}, noon());
    };
    const auto desired = [&](std::size_t bytes) {
        return apply_replace(twin, {.tags = std::nullopt, .desired = of_size(bytes)}, noon());
    };
    const auto reported = [&](std::size_t bytes) {
        return apply_reported(twin, of_size(bytes), noon());
    };
    EXPECT_EQ(counted_bytes(of_size(8192)), 8192u);
    EXPECT_TRUE(tags(8192));
    EXPECT_EQ(code_of(tags(8193)), Code::malformed);
    EXPECT_TRUE(desired(32768));
    EXPECT_EQ(code_of(desired(32769)), Code::malformed);
    EXPECT_TRUE(reported(32768));
    EXPECT_EQ(code_of(reported(32769)), Code::malformed);
    EXPECT_EQ(reported(32769).error().detail,
              "properties.reported would take 32769 bytes of the 32768 allowed");
}

// The size is that of the twin after the change, not of the change.
TEST(TwinLimits, SizeGrowsOverSeveralPatches) {
    Twin twin = new_twin({}, {}, {}, noon());
    twin = apply_reported(twin, of_size(32768), noon()).value();
    EXPECT_EQ(code_of(apply_reported(twin, object(R"({"k":"v"})"), noon())), Code::malformed);
    EXPECT_TRUE(apply_reported(twin, object(R"({"k":"v","1000":null})"), noon()));
}

// What the formula counts as nothing must not fill the store.
TEST(TwinLimits, UncountedContentIsBoundedToo) {
    JsonArray nulls(40'000, nullptr);
    EXPECT_FALSE(check_size("tags", with("k", nulls), 8192));
    JsonObject controls;
    for (int at = 0; at < 20; ++at) {
        controls[std::to_string(at)] = std::string(4096, '\n');
    }
    EXPECT_LT(counted_bytes(controls), 100u);
    EXPECT_FALSE(check_size("tags", controls, 8192));
}

TEST(TwinLimits, WholeTwins) {
    EXPECT_TRUE(check_twin(new_twin(object(R"({"a":1})"), object(R"({"b":1})"), {}, noon())));
    EXPECT_FALSE(check_twin(new_twin(with("a b", 1), {}, {}, noon())));
    EXPECT_FALSE(check_twin(new_twin({}, with("a b", 1), {}, noon())));
    EXPECT_FALSE(check_twin(new_twin({}, {}, with("a b", 1), noon())));
    EXPECT_FALSE(check_twin(new_twin(of_size(8193), {}, {}, noon())));
}

TEST(TwinLimits, AnyHalfCanBeAtFault) {
    const Twin twin = new_twin({}, {}, {}, noon());
    EXPECT_FALSE(apply_patch(twin, {.tags = with("$x", 1), .desired = JsonObject()}, noon()));
    EXPECT_FALSE(apply_patch(twin, {.tags = JsonObject(), .desired = with("$x", 1)}, noon()));
    EXPECT_FALSE(apply_replace(twin, {.tags = with("$x", 1), .desired = JsonObject()}, noon()));
    EXPECT_FALSE(apply_replace(twin, {.tags = JsonObject(), .desired = nested(11)}, noon()));
    EXPECT_FALSE(apply_reported(twin, nested(11), noon()));
}

} // namespace muster::hub
