// Random queries on random documents: the filter says what a second, naive evaluator says, which
// is built together with the text of the query and shares nothing with the first.

#include "base/clock.h"
#include "provisioning/enrollment_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace muster::provisioning {
namespace {

using Engine = std::mt19937_64;

std::size_t below(Engine& engine, std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(engine);
}

template <class T, std::size_t N>
const T& one_of(Engine& engine, const std::array<T, N>& values) {
    return values[below(engine, N)];
}

// ---- documents: few values, so that queries often meet them ----

const std::array<Json, 9> twin_values{"a", "A", "ab", 1, 2, 2.5, true, false, nullptr};
const std::array<std::string, 4> names{"a", "A", "ab", "b"};
const std::array<std::string, 3> dates{"2030-01-01", "2030-01-02", "2030-02-01"};
const std::array<std::string, 3> policies{"hashed", "geoLatency", "static"};

JsonObject random_twin_part(Engine& engine) {
    JsonObject part;
    for (const auto* name : {"x", "y"}) {
        if (below(engine, 3) != 0) {
            part[name] = one_of(engine, twin_values);
        }
    }
    if (below(engine, 3) == 0) {
        part["deep"] = JsonObject{{"x", one_of(engine, twin_values)}};
    }
    return part;
}

JsonObject random_document(Engine& engine) {
    JsonObject document{{"registrationId", one_of(engine, names)},
                        {"provisioningStatus", below(engine, 2) == 0 ? "enabled" : "disabled"},
                        {"createdDateTimeUtc", one_of(engine, dates) + "T00:00:00.0000000Z"}};
    if (below(engine, 2) == 0) {
        document["allocationPolicy"] = one_of(engine, policies);
    }
    if (below(engine, 2) == 0) {
        JsonArray hubs;
        for (std::size_t i = below(engine, 3); i > 0; --i) {
            hubs.emplace_back(one_of(engine, names));
        }
        document["iotHubs"] = std::move(hubs);
    }
    if (below(engine, 4) != 0) {
        document["initialTwin"] =
            JsonObject{{"tags", random_twin_part(engine)},
                       {"properties", JsonObject{{"desired", random_twin_part(engine)}}}};
    }
    return document;
}

// ---- queries, each with what it means ----

struct Condition {
    std::string text;
    std::function<bool(const JsonObject&)> holds;
};

struct Member {
    std::string text;
    std::string pointer;
    bool folds = false;
};

const std::array<Member, 9> members{
    Member{"registrationId", "/registrationId", true},
    Member{"ProvisioningStatus", "/provisioningStatus", true},
    Member{"allocationpolicy", "/allocationPolicy", true},
    Member{"iotHubs", "/iotHubs", true},
    Member{"tags.x", "/initialTwin/tags/x"},
    Member{"initialTwin.tags.y", "/initialTwin/tags/y"},
    Member{"tags.deep.x", "/initialTwin/tags/deep/x"},
    Member{"initialtwin.properties.DESIRED.x", "/initialTwin/properties/desired/x"},
    Member{"initialTwin.properties.desired.nowhere", "/initialTwin/properties/desired/nowhere"},
};

std::string folded(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

/// What stands there: nothing, one value, or several.
std::vector<Json> values_of(const Member& member, const JsonObject& document) {
    boost::system::error_code error;
    const Json whole(document);
    const Json* found = whole.find_pointer(member.pointer, error);
    if (found == nullptr || found->is_null()) {
        return {};
    }
    if (found->is_array()) {
        return {found->as_array().begin(), found->as_array().end()};
    }
    return {*found};
}

/// Whether anything, be it an empty list, stands there.
bool is_there(const Member& member, const JsonObject& document) {
    boost::system::error_code error;
    const Json whole(document);
    const Json* found = whole.find_pointer(member.pointer, error);
    return found != nullptr && !found->is_null();
}

std::string printed(const Json& literal) {
    if (literal.is_string()) {
        const std::string text(literal.as_string());
        return text.size() % 2 == 0 ? "\"" + text + "\"" : "'" + text + "'";
    }
    return to_text(literal);
}

/// -1, 0, 1, or 2 if the two do not compare.
int compared(Json value, Json literal, bool folds) {
    if (value.is_string() && literal.is_string()) {
        std::string left(value.as_string());
        std::string right(literal.as_string());
        const int order = folds ? folded(left).compare(folded(right)) : left.compare(right);
        return order < 0 ? -1 : order > 0 ? 1 : 0;
    }
    if (value.is_number() && literal.is_number()) {
        const double left = value.to_number<double>();
        const double right = literal.to_number<double>();
        return left < right ? -1 : left > right ? 1 : 0;
    }
    return value.is_bool() && literal.is_bool() && value == literal ? 0 : 2;
}

bool satisfied(const std::string& symbol, int order) {
    if (order == 2) {
        return false;
    }
    if (symbol == "<" || symbol == "<=") {
        return order < 0 || (order == 0 && symbol == "<=");
    }
    if (symbol == ">" || symbol == ">=") {
        return order > 0 || (order == 0 && symbol == ">=");
    }
    return order == 0;
}

bool compares(const Member& member, const std::string& symbol, const Json& literal,
              const JsonObject& document) {
    if (literal.is_null()) {
        return symbol == "=" && !is_there(member, document);
    }
    return std::ranges::any_of(values_of(member, document), [&](const Json& value) {
        return satisfied(symbol, compared(value, literal, member.folds));
    });
}

Condition comparison(Engine& engine) {
    static const std::array<std::string, 7> symbols{"=", "!=", "<>", "<", "<=", ">", ">="};
    const Member member = one_of(engine, members);
    const std::string symbol = one_of(engine, symbols);
    const Json literal = one_of(engine, twin_values);
    return {member.text + symbol + printed(literal), [=](const JsonObject& document) {
                return symbol == "!=" || symbol == "<>"
                           ? !compares(member, "=", literal, document)
                           : compares(member, symbol, literal, document);
            }};
}

Condition date_comparison(Engine& engine) {
    const std::string date = one_of(engine, dates);
    const bool after = below(engine, 2) == 0;
    return {std::string("createdDateTimeUtc ") + (after ? ">" : "<=") + " '" + date +
                (below(engine, 2) == 0 ? "T00:00:00Z'" : "'"),
            [=](const JsonObject& document) {
                const std::string day(document.at("createdDateTimeUtc").as_string().subview(0, 10));
                return after ? day > date : day <= date;
            }};
}

Condition membership(Engine& engine) {
    const Member member = one_of(engine, members);
    std::vector<Json> literals;
    std::string list;
    const std::size_t count = 1 + below(engine, 3);
    for (std::size_t i = 0; i < count; ++i) {
        literals.push_back(one_of(engine, twin_values));
        list += (i == 0 ? "" : ", ") + printed(literals.back());
    }
    const bool negated = below(engine, 2) == 0;
    return {member.text + (negated ? " NOT IN [" : " in [") + list + "]",
            [=](const JsonObject& document) {
                return negated != std::ranges::any_of(literals, [&](const Json& literal) {
                           return compares(member, "=", literal, document);
                       });
            }};
}

Condition function(Engine& engine) {
    const Member member = one_of(engine, members);
    const std::string part = one_of(engine, names);
    if (below(engine, 3) == 0) {
        return {"IS_DEFINED(" + member.text + ")",
                [=](const JsonObject& document) { return is_there(member, document); }};
    }
    const bool at_start = below(engine, 2) == 0;
    return {
        (at_start ? "StartsWith(" : "CONTAINS( ") + member.text + " , " + printed(Json(part)) + ")",
        [=](const JsonObject& document) {
            return std::ranges::any_of(values_of(member, document), [&](const Json& value) {
                if (!value.is_string()) {
                    return false;
                }
                const std::string text(value.as_string());
                const auto found = member.folds ? folded(text).find(folded(part)) : text.find(part);
                return at_start ? found == 0 : found != std::string::npos;
            });
        }};
}

Condition condition(Engine& engine, int depth);

Condition in_parentheses(Condition inner) {
    inner.text = "(" + inner.text + ")";
    return inner;
}

Condition joined(Engine& engine, int depth) {
    const bool all = below(engine, 2) == 0;
    const Condition left = condition(engine, depth - 1);
    const Condition right = condition(engine, depth - 1);
    return in_parentheses(
        {left.text + (all ? " AND " : " or ") + right.text, [=](const JsonObject& document) {
             return all ? left.holds(document) && right.holds(document)
                        : left.holds(document) || right.holds(document);
         }});
}

Condition condition(Engine& engine, int depth) {
    switch (below(engine, depth > 0 ? 7 : 4)) {
    case 0: return comparison(engine);
    case 1: return date_comparison(engine);
    case 2: return membership(engine);
    case 3: return function(engine);
    case 4: {
        const Condition inner = condition(engine, depth - 1);
        return {"NOT " + inner.text,
                [=](const JsonObject& document) { return !inner.holds(document); }};
    }
    default: return joined(engine, depth);
    }
}

struct RandomQueries : testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomQueries, MeanWhatANaiveEvaluatorSays) {
    Engine engine(GetParam());
    int matched = 0;
    for (int i = 0; i < 50; ++i) {
        const Condition wanted = condition(engine, 4);
        const auto filter =
            parse_enrollment_query("select * from enrollments where " + wanted.text);
        ASSERT_TRUE(filter) << "seed " << GetParam() << ": " << wanted.text << ": "
                            << filter.error().detail;
        for (int j = 0; j < 20; ++j) {
            const JsonObject document = random_document(engine);
            ASSERT_EQ(filter->matches(document), wanted.holds(document))
                << "seed " << GetParam() << ": " << wanted.text << "\n on " << to_text(document);
            matched += wanted.holds(document) ? 1 : 0;
        }
    }
    EXPECT_GT(matched, 100) << "the queries would show nothing";
    EXPECT_LT(matched, 900);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomQueries, testing::Range<std::uint64_t>(1, 21));

} // namespace
} // namespace muster::provisioning
