#include "base/encoding.h"
#include "base/text.h"
#include "crypto/sealing.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace muster::crypto {

namespace {

constexpr std::string_view plain = R"({"primaryKey":"the secret"})";
constexpr std::string_view context = "enrollment/0ne00000001/dev-1";

KeyRing new_ring(std::uint64_t seed = 1) {
    SeededRandom random(seed);
    return KeyRing(random);
}

std::string encoded_part(const std::string& sealed) {
    return sealed.substr(sealed.rfind(':') + 1);
}

} // namespace

TEST(Sealing, WhatIsSealedOpensInItsContextOnly) {
    const KeyRing ring = new_ring();
    const std::string sealed = ring.seal(plain, context);
    EXPECT_EQ(ring.open(sealed, context), std::string(plain));
    for (const std::string_view other : {"enrollment/0ne00000001/dev-2", "", "device/hub/dev-1"}) {
        const auto opened = ring.open(sealed, other);
        ASSERT_FALSE(opened) << other;
        EXPECT_EQ(opened.error().code, Code::internal);
        EXPECT_EQ(opened.error().detail, "stored data cannot be read");
    }
}

TEST(Sealing, TheFormIsTheDocumentedOne) {
    const KeyRing ring = new_ring();
    const std::string sealed = ring.seal(plain, context);
    EXPECT_EQ(sealed.substr(0, 3), "s1:");
    EXPECT_EQ(sealed[11], ':');
    const auto bytes = base64url_decode(encoded_part(sealed));
    ASSERT_TRUE(bytes);
    EXPECT_EQ(bytes->size(), 12 + plain.size() + 16);
    EXPECT_EQ(bytes->find("secret"), std::string::npos);
}

TEST(Sealing, TextsOfEverySizeSurvive) {
    const KeyRing ring = new_ring();
    for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 1000U, 1'000'000U}) {
        const std::string text(size, '\xff');
        EXPECT_EQ(ring.open(ring.seal(text, ""), ""), text) << size;
    }
}

TEST(Sealing, TheSameTextIsNeverSealedTheSameWay) {
    const KeyRing ring = new_ring();
    std::set<std::string> sealed;
    for (int round = 0; round < 1000; ++round) {
        sealed.insert(ring.seal(plain, context));
    }
    EXPECT_EQ(sealed.size(), 1000U);
}

TEST(Sealing, WhatIsInTheClearComesBackAsItIs) {
    const KeyRing ring = new_ring();
    for (const std::string_view text :
         {std::string_view(), std::string_view("{}"), std::string_view("s1"),
          std::string_view("s2:0:A"), plain}) {
        EXPECT_EQ(ring.open(text, context), std::string(text));
        EXPECT_FALSE(ring.is_current(text));
    }
}

TEST(Sealing, AnyChangedCharacterIsNoticed) {
    const KeyRing ring = new_ring();
    const std::string sealed = ring.seal(plain, context);
    for (std::size_t at = 3; at + 1 < sealed.size(); ++at) { // the last one has unused bits
        std::string changed = sealed;
        changed[at] = changed[at] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(ring.open(changed, context)) << at;
    }
}

TEST(Sealing, APartOfASealedTextDoesNotOpen) {
    const KeyRing ring = new_ring();
    const std::string sealed = ring.seal(plain, context);
    for (std::size_t size = 3; size < sealed.size(); ++size) {
        EXPECT_FALSE(ring.open(std::string_view(sealed).substr(0, size), context)) << size;
    }
    EXPECT_FALSE(ring.open(sealed + "A", context));
    EXPECT_FALSE(ring.open(sealed + "!", context));
}

TEST(Sealing, ANewKeySealsAndTheOldOneStillOpens) {
    SeededRandom random(7);
    KeyRing ring(random);
    const std::string before = ring.seal(plain, context);
    EXPECT_TRUE(ring.is_current(before));
    ring.add_key(random);
    const std::string after = ring.seal(plain, context);
    EXPECT_FALSE(ring.is_current(before));
    EXPECT_TRUE(ring.is_current(after));
    EXPECT_EQ(ring.open(before, context), std::string(plain));
    ring.drop_old_keys();
    EXPECT_EQ(ring.open(after, context), std::string(plain));
    const auto opened = ring.open(before, context);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::internal);
    EXPECT_EQ(opened.error().detail.find(before.substr(3, 8)), std::string::npos);
}

TEST(Sealing, AnotherRingDoesNotOpen) {
    const std::string sealed = new_ring(1).seal(plain, context);
    EXPECT_FALSE(new_ring(2).open(sealed, context));
}

TEST(Sealing, AKeyOfTheSameNameButOtherBytesDoesNotOpen) {
    const KeyRing ring = new_ring();
    const std::string id = ring.seal("", "").substr(3, 8);
    const auto other = KeyRing::parse(id + " " + base64_encode(std::string(32, 'k')));
    ASSERT_TRUE(other);
    EXPECT_FALSE(other->open(ring.seal(plain, context), context));
}

TEST(Sealing, TheKeyFileKeepsTheRing) {
    SeededRandom random(3);
    KeyRing ring(random);
    const std::string old = ring.seal(plain, context);
    ring.add_key(random);
    const auto read = KeyRing::parse(ring.file_text().reveal());
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->file_text(), ring.file_text());
    EXPECT_EQ(read->open(old, context), std::string(plain));
    EXPECT_TRUE(read->is_current(ring.seal(plain, context)));
    EXPECT_FALSE(read->is_current(old));
}

TEST(Sealing, AKeyFileMayBeEdited) {
    const std::string key = base64_encode(std::string(32, 'k'));
    const auto read = KeyRing::parse("\n# a comment\n  0123abcd  " + key + " \r\n\n");
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->seal("", "").substr(0, 12), "s1:0123abcd:");
}

TEST(Sealing, AWrongKeyFileIsRefusedWithoutItsText) {
    const std::string key = base64_encode(std::string(32, 'k'));
    const std::string short_key = base64_encode(std::string(31, 'k'));
    const std::string wrong[] = {"",
                                 "# nothing\n",
                                 key,
                                 "0123abcd",
                                 "0123abcd " + short_key,
                                 "0123abc " + key,
                                 "0123ABCD " + key,
                                 "0123abcg " + key,
                                 "0123abcd " + key + " more",
                                 "0123abcd " + key + "\n0123abcd " + key,
                                 "0123abcd\t" + key};
    for (const std::string& text : wrong) {
        const auto read = KeyRing::parse(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, Code::malformed);
        EXPECT_EQ(read.error().detail.find("a2tr"), std::string::npos) << read.error().detail;
    }
    EXPECT_NE(KeyRing::parse("# one\nwrong").error().detail.find("line 2"), std::string::npos);
}

TEST(Sealing, ManyThreadsSealAndOpen) {
    const KeyRing ring = new_ring();
    std::vector<std::jthread> threads;
    for (int number = 0; number < 4; ++number) {
        threads.emplace_back([&ring, number] {
            for (int round = 0; round < 200; ++round) {
                const std::string text = std::to_string(number * 1000 + round);
                EXPECT_EQ(ring.open(ring.seal(text, text), text), text);
            }
        });
    }
}

} // namespace muster::crypto
