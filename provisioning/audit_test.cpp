#include "provisioning/audit.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

namespace muster::provisioning {

namespace {

using Chain = std::vector<AuditEntry>;

Change sample_change(std::string resource) {
    return {.at = from_unix_seconds(1'900'000'000),
            .by = {"token:ci"},
            .action = "enrollment.create",
            .resource = std::move(resource),
            .before = {},
            .after = JsonObject{{"etag", "1"}}};
}

Chain sample_chain(std::int64_t length) {
    Chain chain;
    std::string previous = audit_origin;
    for (std::int64_t sequence = 1; sequence <= length; ++sequence) {
        std::string text =
            audit_text(sequence, sample_change(fmt::format("enrollment/{}", sequence)));
        previous = audit_hash(previous, text);
        chain.push_back({sequence, std::move(text), previous});
    }
    return chain;
}

/// What the verifier says of the first entry that it refuses, or "" if it accepts all.
std::string verdict_on(const Chain& chain, AuditVerifier verifier = AuditVerifier()) {
    for (const AuditEntry& entry : chain) {
        if (const Result<void> checked = verifier.check(entry); !checked) {
            EXPECT_EQ(checked.error().code, Code::precondition);
            return checked.error().detail;
        }
    }
    return "";
}

/// Hashes everything from `first` on again, as a forger would who does not know where the chain was
/// noted down.
void rehash(Chain& chain, std::size_t first) {
    for (std::size_t at = first; at < chain.size(); ++at) {
        chain[at].hash = audit_hash(at == 0 ? audit_origin : chain[at - 1].hash, chain[at].text);
    }
}

constexpr std::string_view changed =
    "the text or the hash was changed, or it follows another entry";

} // namespace

TEST(AuditText, HasItsMembersInOrder) {
    Change change = sample_change("enrollment/dev-1");
    change.before = JsonObject{{"etag", "0"}};
    EXPECT_EQ(audit_text(7, change),
              R"({"sequence":7,"at":"2030-03-17T17:46:40.0000000Z","by":"token:ci",)"
              R"("action":"enrollment.create","resource":"enrollment/dev-1",)"
              R"("before":{"etag":"0"},"after":{"etag":"1"}})");
}

TEST(AuditText, LeavesOutWhatTheChangeDoesNotHave) {
    Change change = sample_change("registration/dev-1");
    change.after.reset();
    const std::string text = audit_text(1, change);
    EXPECT_EQ(text.find("before"), std::string::npos);
    EXPECT_EQ(text.find("after"), std::string::npos);
}

TEST(AuditText, IsOneLineWhateverANameHolds) {
    Change change = sample_change("enrollment/a\nb\"}");
    change.by.name = "token:\r\n";
    const std::string text = audit_text(1, change);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    const auto parsed = parse_json_object(text);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(string_member(*parsed, "resource"), "enrollment/a\nb\"}");
}

// printf '%064d\n{"sequence":1}' 0 | sha256sum
TEST(AuditHash, IsSha256OfThePreviousHashAndTheText) {
    EXPECT_EQ(audit_origin, std::string(64, '0'));
    EXPECT_EQ(audit_hash(audit_origin, R"({"sequence":1})"),
              "53d10b666537a2019f048d27cc9578da3e59fed16657b1bb99d2faf6294b7670");
}

TEST(AuditVerifier, AcceptsAWholeChain) {
    const Chain chain = sample_chain(5);
    AuditVerifier verifier;
    for (const AuditEntry& entry : chain) {
        ASSERT_TRUE(verifier.check(entry));
        EXPECT_EQ(verifier.sequence(), entry.sequence);
        EXPECT_EQ(verifier.hash(), entry.hash);
    }
}

TEST(AuditVerifier, ContinuesAfterAnEntryThatIsKnown) {
    const Chain chain = sample_chain(5);
    const Chain rest(chain.begin() + 2, chain.end());
    EXPECT_EQ(verdict_on(rest, AuditVerifier(2, chain[1].hash)), "");
    EXPECT_EQ(verdict_on(rest, AuditVerifier(2, chain[0].hash)),
              fmt::format("the audit chain is broken at 3: {}", changed));
}

TEST(AuditVerifier, SeesEveryKindOfTampering) {
    struct Case {
        std::string_view what;
        std::function<void(Chain&)> tamper;
        std::string verdict;
    };

    const Case cases[] = {
        {"a changed text", [](Chain& c) { c[2].text.replace(c[2].text.find("ci"), 2, "me"); },
         fmt::format("3: {}", changed)},
        {"a text with a blank more", [](Chain& c) { c[2].text += " "; },
         fmt::format("3: {}", changed)},
        {"a changed hash", [](Chain& c) { c[2].hash[10] = c[2].hash[10] == 'a' ? 'b' : 'a'; },
         fmt::format("3: {}", changed)},
        {"a hash in upper case", [](Chain& c) { c[2].hash = std::string(64, 'A'); },
         "3: the hash was changed, it is not 64 lower-case hex digits"},
        {"a hash that is cut", [](Chain& c) { c[2].hash.pop_back(); },
         "3: the hash was changed, it is not 64 lower-case hex digits"},
        {"a text hashed again",
         [](Chain& c) {
             c[2].text.replace(c[2].text.find("ci"), 2, "me");
             c[2].hash = audit_hash(c[1].hash, c[2].text);
         },
         fmt::format("4: {}", changed)},
        {"an entry taken out", [](Chain& c) { c.erase(c.begin() + 2); }, "3: entry 3 is missing"},
        {"two taken out", [](Chain& c) { c.erase(c.begin() + 1, c.begin() + 3); },
         "2: entries 2 to 3 are missing"},
        {"one taken out and the rest renumbered",
         [](Chain& c) {
             c.erase(c.begin() + 2);
             c[2].sequence = 3;
             c[3].sequence = 4;
         },
         "3: the text is not that of this entry"},
        {"one taken out, renumbered and hashed again",
         [](Chain& c) {
             c.erase(c.begin() + 2);
             c[2].sequence = 3;
             c[3].sequence = 4;
             rehash(c, 2);
         },
         "3: the text is not that of this entry"},
        {"two swapped", [](Chain& c) { std::swap(c[1], c[2]); }, "2: entry 2 is missing"},
        {"two texts swapped", [](Chain& c) { std::swap(c[1].text, c[2].text); },
         "2: the text is not that of this entry"},
        {"two swapped under each other's number",
         [](Chain& c) {
             std::swap(c[1], c[2]);
             std::swap(c[1].sequence, c[2].sequence);
         },
         "2: the text is not that of this entry"},
        {"an entry twice", [](Chain& c) { c.insert(c.begin() + 2, c[1]); },
         "3: entry 2 stands in its place"},
        {"the beginning cut off", [](Chain& c) { c.erase(c.begin()); }, "1: entry 1 is missing"},
        {"another beginning",
         [](Chain& c) {
             c[0].text = audit_text(1, sample_change("enrollment/other"));
             c[0].hash = audit_hash(audit_origin, c[0].text);
         },
         fmt::format("2: {}", changed)},
        {"a chain that starts from another hash",
         [](Chain& c) { c[0].hash = audit_hash(std::string(64, '1'), c[0].text); },
         fmt::format("1: {}", changed)},
        {"an entry before the first",
         [](Chain& c) {
             c.insert(c.begin(), {0, audit_text(0, sample_change("x")), audit_origin});
         },
         "1: entry 0 stands in its place"},
        {"a negative number", [](Chain& c) { c[0].sequence = -1; },
         "1: entry -1 stands in its place"},
    };
    for (const Case& one : cases) {
        Chain chain = sample_chain(5);
        one.tamper(chain);
        EXPECT_EQ(verdict_on(chain), "the audit chain is broken at " + one.verdict) << one.what;
    }
}

// What is cut off at the end leaves a good chain; it is seen by whoever has noted where it ended.
TEST(AuditVerifier, EndsBeforeANotedEntryOfAChainThatWasCut) {
    Chain chain = sample_chain(5);
    const AuditEntry noted = chain.back();
    chain.pop_back();
    AuditVerifier verifier;
    for (const AuditEntry& entry : chain) {
        ASSERT_TRUE(verifier.check(entry));
    }
    EXPECT_LT(verifier.sequence(), noted.sequence);
}

// The whole rest hashed again is a good chain as well, but not the one that was noted.
TEST(AuditVerifier, EndsWithAnotherHashAfterAForgeryOfTheWholeRest) {
    Chain chain = sample_chain(5);
    const AuditEntry noted = chain.back();
    chain[1].text = audit_text(2, sample_change("enrollment/forged"));
    rehash(chain, 1);
    AuditVerifier verifier;
    for (const AuditEntry& entry : chain) {
        ASSERT_TRUE(verifier.check(entry));
    }
    EXPECT_EQ(verifier.sequence(), noted.sequence);
    EXPECT_NE(verifier.hash(), noted.hash);
}

TEST(AuditVerifier, StaysAtTheLastGoodEntry) {
    const Chain chain = sample_chain(3);
    AuditVerifier verifier;
    ASSERT_TRUE(verifier.check(chain[0]));
    EXPECT_FALSE(verifier.check(chain[2]));
    AuditEntry forged = chain[1];
    forged.text += " ";
    EXPECT_FALSE(verifier.check(forged));
    EXPECT_EQ(verifier.sequence(), 1);
    EXPECT_EQ(verifier.hash(), chain[0].hash);
    EXPECT_TRUE(verifier.check(chain[1]));
    EXPECT_TRUE(verifier.check(chain[2]));
}

namespace {

/// Some change of the chain that anybody with a hand in the database could make, short of hashing
/// the whole rest again.
void tamper_at_random(Chain& chain, std::mt19937_64& random) {
    const std::size_t at = random() % chain.size();
    const std::size_t other = random() % chain.size();
    AuditEntry& entry = chain[at];
    switch (random() % 7) {
    case 0:
        entry.text[random() % entry.text.size()] ^= static_cast<char>(1 + random() % 255);
        break;
    case 1:
        entry.hash[random() % entry.hash.size()] ^= static_cast<char>(1 + random() % 255);
        break;
    case 2:
        entry.text.insert(random() % (entry.text.size() + 1), 1, static_cast<char>(random()));
        break;
    case 3: entry.text.erase(random() % entry.text.size(), 1); break;
    case 4: entry.sequence += static_cast<std::int64_t>(random() % 9) - 4; break;
    case 5: std::swap(entry.text, chain[other].text); break;
    default: std::swap(entry.hash, chain[other].hash); break;
    }
}

bool same(const Chain& left, const Chain& right) {
    return std::ranges::equal(left, right, [](const AuditEntry& one, const AuditEntry& two) {
        return one.sequence == two.sequence && one.text == two.text && one.hash == two.hash;
    });
}

} // namespace

TEST(AuditVerifier, RefusesWhateverDiffersAndNothingElse) {
    const Chain original = sample_chain(8);
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        std::mt19937_64 random(seed);
        Chain chain = original;
        for (std::size_t times = 1 + random() % 3; times > 0; --times) {
            tamper_at_random(chain, random);
        }
        EXPECT_EQ(verdict_on(chain).empty(), same(chain, original)) << "seed " << seed;
    }
}

// Whatever is taken out, doubled or moved: a verifier that runs to the end has seen the original,
// or its beginning.
TEST(AuditVerifier, AcceptsOnlyTheBeginningsOfAChain) {
    const Chain original = sample_chain(8);
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        std::mt19937_64 random(seed);
        Chain chain = original;
        for (std::size_t times = 1 + random() % 3; times > 0 && !chain.empty(); --times) {
            const auto from = chain.begin() + static_cast<std::ptrdiff_t>(random() % chain.size());
            const AuditEntry moved = *from;
            if (random() % 3 != 0) {
                chain.erase(from);
            }
            if (random() % 3 != 0) {
                const std::size_t to = random() % (chain.size() + 1);
                chain.insert(chain.begin() + static_cast<std::ptrdiff_t>(to), moved);
            }
        }
        const Chain beginning(original.begin(),
                              original.begin() + static_cast<std::ptrdiff_t>(
                                                     std::min(chain.size(), original.size())));
        EXPECT_EQ(verdict_on(chain).empty(), same(chain, beginning)) << "seed " << seed;
    }
}

} // namespace muster::provisioning
