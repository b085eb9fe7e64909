#include "net/send_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace muster::net {

TEST(SendBuffer, GivesBytesInOrder) {
    SendBuffer buffer;
    EXPECT_TRUE(buffer.empty());
    buffer.append("one ");
    buffer.append("two ");
    EXPECT_EQ(buffer.rest(), "one two ");
    buffer.take(5);
    EXPECT_EQ(buffer.rest(), "wo ");
    buffer.append("");
    buffer.append("three");
    EXPECT_EQ(buffer.rest(), "wo three");
    EXPECT_EQ(buffer.size(), 8U);
    buffer.take(8);
    EXPECT_TRUE(buffer.empty());
}

TEST(SendBuffer, HoldsNoMemoryOnceIdle) {
    SendBuffer buffer;
    buffer.append(std::string(100'000, 'x'));
    buffer.take(100'000);
    buffer.append("");
    EXPECT_LT(buffer.capacity(), 100U);
}

TEST(SendBuffer, KeepsNothingOfWhatAPeerGotThatIsAlwaysBehind) {
    SendBuffer buffer;
    std::size_t largest = 0;
    buffer.append(std::string(1000, 'x'));
    for (int round = 0; round < 10'000; ++round) {
        buffer.append(std::string(1000, 'x'));
        buffer.take(1000);
        largest = std::max(largest, buffer.capacity());
    }
    EXPECT_EQ(buffer.size(), 1000U);
    EXPECT_LT(largest, 10'000U);
}

} // namespace muster::net
