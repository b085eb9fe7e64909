#include "store/sql/pairs.h"

#include <gtest/gtest.h>

namespace muster::store::sql {

TEST(Pairs, AnyBytesComeBackInOrder) {
    const Pairs cases[] = {
        {},
        {{"", ""}},
        {{"", ""}, {"", ""}},
        {{"a", "1"}, {"a", "2"}},
        {{"a=b&c%25", std::string("\0\xff\n", 3)}},
        {{"$.ct", "application/json"}, {"größe", "+ "}},
    };
    for (const Pairs& pairs : cases) {
        const auto read = from_pairs_text(to_pairs_text(pairs));
        ASSERT_TRUE(read) << to_pairs_text(pairs);
        EXPECT_EQ(*read, pairs);
    }
}

TEST(Pairs, TheTextIsPlainAscii) {
    EXPECT_EQ(to_pairs_text({{"a b", "\xff"}, {"c", ""}}), "a%20b=%FF&c=");
}

TEST(Pairs, WhatWeDidNotWriteIsRefused) {
    for (const std::string_view text : {"a", "a=1&", "&a=1", "a=%", "a=%4", "%zz=1"}) {
        EXPECT_FALSE(from_pairs_text(text)) << text;
    }
}

} // namespace muster::store::sql
