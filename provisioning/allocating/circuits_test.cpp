#include "provisioning/allocating/circuits.h"

#include <gtest/gtest.h>

namespace muster::provisioning {
namespace {

using namespace std::chrono_literals;
using enum Circuits::Outcome;

struct CircuitsTest : testing::Test {
    Circuits circuits;
    SteadyTime now{1h};

    bool permit(const std::string& name = "a") { return circuits.permit(name, now, 20s); }

    void fail(int times, const std::string& name = "a") {
        for (int i = 0; i < times; ++i) {
            circuits.note(name, failure, now);
        }
    }
};

TEST_F(CircuitsTest, OpensAfterFiveFailuresInARow) {
    fail(4);
    EXPECT_TRUE(permit());
    fail(1);
    EXPECT_FALSE(permit());
    EXPECT_TRUE(permit("b")) << "each has its own";
}

TEST_F(CircuitsTest, ASuccessBeginsANewRow) {
    fail(4);
    circuits.note("a", success, now);
    fail(4);
    EXPECT_TRUE(permit());
}

TEST_F(CircuitsTest, AfterARestOneMayTry) {
    fail(5);
    now += 10s - 1us;
    EXPECT_FALSE(permit());
    now += 1us;
    EXPECT_TRUE(permit());
    EXPECT_FALSE(permit()) << "the others wait for it";
    circuits.note("a", success, now);
    EXPECT_TRUE(permit());
    EXPECT_TRUE(permit());
}

TEST_F(CircuitsTest, IfItFailsTheRestBeginsAgain) {
    fail(5);
    now += 10s;
    EXPECT_TRUE(permit());
    now += 8s;
    fail(1);
    now += 9s;
    EXPECT_FALSE(permit());
    now += 1s;
    EXPECT_TRUE(permit());
}

TEST_F(CircuitsTest, ATryThatIsNeverHeardOfDoesNotBlockForEver) {
    fail(5);
    now += 10s;
    EXPECT_TRUE(permit());
    now += 20s;
    EXPECT_TRUE(permit());
}

TEST_F(CircuitsTest, WhatFailedLongestAgoIsForgottenFirst) {
    for (std::size_t i = 0; i < Circuits::circuits_max; ++i) {
        fail(5, std::to_string(i));
        now += 1us;
    }
    EXPECT_FALSE(permit("0"));
    fail(5, "one more");
    EXPECT_TRUE(permit("0"));
    EXPECT_FALSE(permit("1"));
    EXPECT_FALSE(permit("one more"));
}

} // namespace
} // namespace muster::provisioning
