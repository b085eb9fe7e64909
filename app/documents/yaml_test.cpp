#include "app/documents/yaml.h"
#include "base/random.h"

#include <gtest/gtest.h>

namespace muster::app {

namespace {

Json one(std::string_view text) {
    const auto documents = parse_yaml(text, "f.yaml");
    EXPECT_TRUE(documents) << documents.error().detail;
    EXPECT_EQ(documents.value().size(), 1U);
    return documents.value().front();
}

std::string mistake(std::string_view text) {
    const auto documents = parse_yaml(text, "f.yaml");
    EXPECT_FALSE(documents);
    return documents ? "" : documents.error().detail;
}

TEST(Yaml, ReadsPlainScalarsByTheCoreSchema) {
    EXPECT_EQ(one("a: 1\nb: -2.5\nc: true\nd: null\ne: yes\nf: 0x10\ng:\n"),
              (Json{{"a", 1},
                    {"b", -2.5},
                    {"c", true},
                    {"d", nullptr},
                    {"e", "yes"},
                    {"f", "0x10"},
                    {"g", nullptr}}));
}

TEST(Yaml, QuotedScalarsAreText) {
    EXPECT_EQ(one("a: '1'\nb: \"true\"\nc: \"\"\n"), (Json{{"a", "1"}, {"b", "true"}, {"c", ""}}));
}

TEST(Yaml, ReadsSeveralDocumentsAndSkipsEmptyOnes) {
    const auto documents = parse_yaml("a: 1\n---\n---\nb: [1, {c: x}]\n", "f.yaml");
    ASSERT_TRUE(documents);
    ASSERT_EQ(documents->size(), 2U);
    EXPECT_EQ((*documents)[1], (Json{{"b", JsonArray{1, JsonObject{{"c", "x"}}}}}));
}

TEST(Yaml, KeepsLiteralBlocks) {
    EXPECT_EQ(one("pem: |\n  -----BEGIN-----\n  * & 'x\n\n  end\n"),
              (Json{{"pem", "-----BEGIN-----\n* & 'x\n\nend\n"}}));
}

TEST(Yaml, SaysWhereTheMistakeIs) {
    EXPECT_EQ(mistake("a: 1\nb: [\n").substr(0, 7), "f.yaml:");
    EXPECT_EQ(mistake("a: 1\na: 2\n"), "f.yaml:2: 'a' stands twice");
    EXPECT_EQ(mistake("a: 1\nb: &x 2\n"), "f.yaml:2: anchors are not accepted");
    EXPECT_EQ(mistake("a: !!binary aGk=\n"), "f.yaml:1: tags are not accepted");
    EXPECT_EQ(mistake("? [1, 2]\n: 3\n"), "f.yaml:1: a member's name must be a text");
}

/// Ten lines of nested aliases would expand to ten thousand million items.
TEST(Yaml, RefusesAliasesBeforeExpandingThem) {
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 10; ++i) {
        const std::string last = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
        for (int k = 1; k < 10; ++k) {
            text += ", " + last;
        }
        text += "]\n";
    }
    EXPECT_NE(mistake(text).find("not accepted"), std::string::npos);
}

TEST(Yaml, BoundsNesting) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(parse_yaml(nested(60), "f.yaml"));
    EXPECT_EQ(mistake(nested(100)), "f.yaml:1: nested too deeply");
    EXPECT_FALSE(mistake(nested(100'000)).empty());
}

// ---- writing ----

TEST(Yaml, WritesWhatPeopleLikeToRead) {
    EXPECT_EQ(
        to_yaml(Json{{"kind", "Enrollment"},
                     {"name", "dev-1"},
                     {"spec", JsonObject{{"on", true},
                                         {"list", JsonArray{"a", JsonObject{{"b", 1}, {"c", "1"}}}},
                                         {"none", JsonArray{}},
                                         {"pem", "line one\nline two\n"}}}}),
        "kind: Enrollment\n"
        "name: dev-1\n"
        "spec:\n"
        "  on: true\n"
        "  list:\n"
        "    - a\n"
        "    - b: 1\n"
        "      c: \"1\"\n"
        "  none: []\n"
        "  pem: |\n"
        "    line one\n"
        "    line two\n");
}

/// A random value: small, nested, with texts that look like something else.
Json random_value(Random& random, int depth) {
    static const std::vector<std::string> texts{
        "",     "x",         "true",     "~",        "1",      "-",       "- a",  "a: b",
        "a\nb", "a\nb\n",    "\n",       " lead",    "trail ", "# no",    "'q'",  "\"dq\"",
        "é",    "tab\there", "a\n\nb\n", "a\nb\n\n", "null",   "1e5",     "0x1F", "@at",
        "*x",   "&x",        "!x",       "| x",      "> x",    "%d",      "`",    "a #b",
        "\x01", "a\r\nb\n",  " \n x\n",  "{x}",      "[x]",    "no: yes", "?",    "---"};
    const auto pick = [&](std::size_t of) {
        return static_cast<unsigned char>(random.bytes(1)[0]) % of;
    };
    const auto kind = pick(depth > 3 ? 5 : 7);
    if (kind == 0) {
        return nullptr;
    }
    if (kind == 1) {
        return pick(2) == 0;
    }
    if (kind == 2) {
        return static_cast<std::int64_t>(pick(200)) - 100;
    }
    if (kind <= 4) {
        return Json(texts[pick(texts.size())]);
    }
    if (kind == 5) {
        JsonArray array;
        for (std::size_t i = pick(4); i > 0; --i) {
            array.push_back(random_value(random, depth + 1));
        }
        return array;
    }
    JsonObject object;
    for (std::size_t i = pick(5); i > 0; --i) {
        object[texts[pick(texts.size())]] = random_value(random, depth + 1);
    }
    return object;
}

TEST(Yaml, ReadsBackWhatItWrites) {
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        SeededRandom random(seed);
        const Json value = JsonObject{{"v", random_value(random, 0)}};
        const std::string text = to_yaml(value);
        const auto back = parse_yaml(text, "f.yaml");
        ASSERT_TRUE(back) << "seed " << seed << ": " << back.error().detail << "\n" << text;
        ASSERT_EQ(back->size(), 1U) << "seed " << seed << "\n" << text;
        ASSERT_EQ(back->front(), value) << "seed " << seed << "\n" << text;
    }
}

} // namespace

} // namespace muster::app
