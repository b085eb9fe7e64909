#include "base/move_mark.h"
#include "provisioning/moving/mark.h"

#include <gtest/gtest.h>

#include <random>

namespace muster::provisioning {
namespace {

const MoveToken token{"4f3a9c0d11223344"};

TEST(Marks, AreWrittenAsTheDecisionPageHasThem) {
    EXPECT_EQ(to_status_reason({.side = MoveSide::out, .token = token, .reason = {}}),
              "moving out 4f3a9c0d11223344; was enabled");
    EXPECT_EQ(to_status_reason({.side = MoveSide::out,
                                .token = token,
                                .was_enabled = false,
                                .reason = "lost in the field"}),
              "moving out 4f3a9c0d11223344; was disabled: lost in the field");
    EXPECT_EQ(to_status_reason({.side = MoveSide::in, .token = token, .reason = {}}),
              "moving in 4f3a9c0d11223344");
}

TEST(Marks, AreReadAsTheyWereWritten) {
    for (const MoveSide side : {MoveSide::out, MoveSide::in}) {
        for (const bool was_enabled : {true, false}) {
            for (const std::string& reason : {std::string(), std::string("why: because; of it")}) {
                const MoveMark mark{
                    .side = side, .token = token, .was_enabled = was_enabled, .reason = reason};
                EXPECT_EQ(read_move_mark(to_status_reason(mark)), mark) << to_status_reason(mark);
            }
        }
    }
}

TEST(Marks, WhatPeopleWriteIsNone) {
    for (const std::string_view text :
         {"", "moving", "moving out ", "moving out", "moving in 4f3a", "moving in 4f3a9c0d1122334g",
          "moving in 4F3A9C0D11223344", "moving out 4f3a9c0d11223344",
          "moving out 4f3a9c0d11223344; was", "moving out 4f3a9c0d11223344; was enabledx",
          "moving in 4f3a9c0d11223344 soon", "moving out to the new hall", "lost in the field"}) {
        EXPECT_FALSE(read_move_mark(text)) << text;
    }
}

TEST(Marks, FitTheHubAndCutBetweenCharacters) {
    for (std::size_t length = 0; length < 128; ++length) {
        std::string reason(length, 'r');
        reason += "ää";
        const MoveMark mark{
            .side = MoveSide::out, .token = token, .was_enabled = false, .reason = reason};
        const std::string text = to_status_reason(mark);
        EXPECT_LE(text.size(), 128U);
        const auto read = read_move_mark(text);
        ASSERT_TRUE(read);
        EXPECT_TRUE(reason.starts_with(read->reason));
        EXPECT_EQ(read->reason == reason, carries_whole_reason(reason)) << length;
        const std::size_t cut = read->reason.size();
        EXPECT_TRUE(cut == reason.size() ||
                    (static_cast<unsigned char>(reason[cut]) & 0xC0U) != 0x80U)
            << "never half a character";
    }
}

TEST(Marks, NoTextBreaksTheReader) {
    constexpr unsigned seed = 7;
    std::mt19937 engine(seed);
    const std::string whole = "moving out 4f3a9c0d11223344; was disabled: reason";
    for (int i = 0; i < 2000; ++i) {
        std::string text = whole.substr(0, engine() % (whole.size() + 1));
        if (!text.empty()) {
            text[engine() % text.size()] = static_cast<char>(engine());
        }
        if (const auto mark = read_move_mark(text)) {
            EXPECT_EQ(read_move_mark(to_status_reason(*mark)), mark) << "seed " << seed;
        }
    }
}

TEST(BlockMarks, AreReadBackAsWritten) {
    for (const BlockMark& mark :
         {BlockMark{.was_enabled = true, .reason = {}},
          BlockMark{.was_enabled = true, .reason = "a note"},
          BlockMark{.was_enabled = false, .reason = "lost: in the field"}}) {
        EXPECT_EQ(read_block_mark(to_status_reason(mark)), mark);
        EXPECT_FALSE(read_move_mark(to_status_reason(mark)));
    }
    EXPECT_EQ(to_status_reason(BlockMark{.was_enabled = true, .reason = {}}),
              "blocked; was enabled");
}

TEST(BlockMarks, FitWhateverTheReason) {
    const BlockMark mark{.was_enabled = false, .reason = std::string(300, 'x')};
    const auto text = to_status_reason(mark);
    EXPECT_EQ(text.size(), 128U);
    EXPECT_FALSE(read_block_mark(text)->was_enabled);
}

TEST(BlockMarks, AreNothingElse) {
    for (const auto* text :
         {"", "blocked", "blocked by hand", "blocked; was", "blocked;was enabled",
          "blocked; was enabledx", "Blocked; was enabled"}) {
        EXPECT_FALSE(read_block_mark(text)) << text;
        EXPECT_FALSE(bears_block(text)) << text;
    }
}

TEST(BlockMarks, AreSeenByHubsWithOrWithoutAFence) {
    for (const std::string reason : {"", "lost: in the field"}) {
        const std::string mark =
            to_status_reason(BlockMark{.was_enabled = false, .reason = reason});
        EXPECT_TRUE(bears_block(mark));
        MoveMark fence{
            .token = MoveToken("4f3a9c0d11223344"), .was_enabled = false, .reason = mark};
        EXPECT_TRUE(bears_block(to_status_reason(fence)));
        fence.side = MoveSide::in;
        EXPECT_TRUE(bears_block(to_status_reason(fence)));
        fence.reason = reason;
        EXPECT_FALSE(bears_block(to_status_reason(fence)));
    }
}

} // namespace
} // namespace muster::provisioning
