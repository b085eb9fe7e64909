// Random rules on random devices: a rule says what a second, naive evaluator says, which is built
// together with the text of the rule and shares nothing with the first.

#include "provisioning/allocating/rule_fixture.h"

#include <array>
#include <cctype>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
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

// ---- devices: few values, so that rules often meet them ----

struct Device {
    RegistrationId id;
    std::optional<HubName> hub;
    AllocationInputs inputs;
};

const std::array<Json, 9> payload_values{"a", "A", "ab", 1, 2, 2.5, true, false, nullptr};
const std::array<std::string, 4> ids{"a", "A", "ab", "b"};
const std::array<std::string, 4> addresses{"10.1.0.1", "10.2.0.1", "2001:db8::1", ""};

Device random_device(Engine& engine) {
    Device device{.id = RegistrationId(one_of(engine, ids)), .hub = {}, .inputs = {}};
    if (below(engine, 2) == 0) {
        device.hub = HubName(one_of(engine, ids));
    }
    JsonObject payload;
    for (const auto* name : {"x", "y"}) {
        if (below(engine, 4) != 0) {
            payload[name] = one_of(engine, payload_values);
        }
    }
    payload["deep"] = JsonObject{{"x", one_of(engine, payload_values)}};
    payload["list"] = JsonArray{one_of(engine, payload_values), one_of(engine, payload_values)};
    if (below(engine, 8) != 0) {
        device.inputs.payload = std::move(payload);
    }
    device.inputs.peer_address = one_of(engine, addresses);
    device.inputs.now = from_unix_seconds(static_cast<long long>(below(engine, 1U << 31U)));
    return device;
}

// ---- what a value is, plainly: a JSON value, and whether case counts ----

struct Plain {
    Json value;
    bool caseless = false;
};

struct Operand {
    std::string text;
    std::function<Plain(const Device&)> of;
};

Json member_of(const Json& value, std::string_view name) {
    const auto* object = value.if_object();
    const Json* member = object == nullptr ? nullptr : object->if_contains(name);
    return member == nullptr ? Json() : *member;
}

Json payload_of(const Device& device) {
    return device.inputs.payload.value_or(Json());
}

std::int64_t hour_of(const Device& device) {
    return unix_seconds(device.inputs.now) / 3600 % 24;
}

std::vector<Operand> paths() {
    return {
        {"registrationId",
         [](const Device& device) { return Plain{Json(device.id.text()), true}; }},
        {"currentHub",
         [](const Device& device) {
             return Plain{device.hub ? Json(device.hub->text()) : Json(), true};
         }},
        {"address",
         [](const Device& device) {
             const std::string& address = device.inputs.peer_address;
             return Plain{address.empty() ? Json() : Json(address), true};
         }},
        {"time.hour", [](const Device& device) { return Plain{Json(hour_of(device))}; }},
        {"payload.x",
         [](const Device& device) { return Plain{member_of(payload_of(device), "x")}; }},
        {"payload.y",
         [](const Device& device) { return Plain{member_of(payload_of(device), "y")}; }},
        {"payload.deep.x",
         [](const Device& device) {
             return Plain{member_of(member_of(payload_of(device), "deep"), "x")};
         }},
        {"payload.list",
         [](const Device& device) { return Plain{member_of(payload_of(device), "list")}; }},
        {"payload", [](const Device& device) { return Plain{payload_of(device)}; }},
    };
}

std::string literal_text(Engine& engine, const Json& value) {
    if (!value.is_string()) {
        return to_text(value);
    }
    const std::string quote = below(engine, 2) == 0 ? "'" : "\"";
    return quote + std::string(value.get_string()) + quote;
}

Operand random_literal(Engine& engine) {
    const Json value = one_of(engine, payload_values);
    return {literal_text(engine, value), [value](const Device&) { return Plain{value}; }};
}

Operand random_operand(Engine& engine) {
    static const std::vector<Operand> known = paths();
    return below(engine, 3) == 0 ? random_literal(engine) : known[below(engine, known.size())];
}

// ---- the naive evaluator ----

std::string folded(const Json& text, bool caseless) {
    std::string plain(text.get_string());
    for (char& c : plain) {
        c = caseless ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : c;
    }
    return plain;
}

/// -1, 0, 1; nothing if there is no order between them.
std::optional<int> order(const Plain& left, const Plain& right) {
    const auto sign = [](auto a, auto b) { return a < b ? -1 : (b < a ? 1 : 0); };
    if (left.value.is_number() && right.value.is_number()) {
        return sign(left.value.to_number<double>(), right.value.to_number<double>());
    }
    if (left.value.is_string() && right.value.is_string()) {
        const bool caseless = left.caseless || right.caseless;
        return sign(folded(left.value, caseless), folded(right.value, caseless));
    }
    return std::nullopt;
}

bool same(const Plain& left, const Plain& right) {
    if (left.value.is_null() || right.value.is_null()) {
        return left.value.is_null() && right.value.is_null();
    }
    if (left.value.is_bool() && right.value.is_bool()) {
        return left.value.get_bool() == right.value.get_bool();
    }
    return order(left, right) == 0;
}

bool within(const Plain& left, const Plain& right) {
    const auto* list = right.value.if_array();
    if (list == nullptr) {
        return same(left, right);
    }
    for (const Json& item : *list) {
        if (same(left, {item, right.caseless})) {
            return true;
        }
    }
    return false;
}

// ---- conditions, each with what it means ----

struct Condition {
    std::string text;
    std::function<bool(const Device&)> holds;
};

using Comparison = std::function<bool(const Plain&, const Plain&)>;

std::pair<std::string, Comparison> random_comparison(Engine& engine) {
    switch (below(engine, 7)) {
    case 0: return {"=", same};
    case 1: return {"==", same};
    case 2: return {"!=", std::not_fn(same)};
    case 3: return {"<", [](const auto& a, const auto& b) { return order(a, b) == -1; }};
    case 4: return {"<=", [](const auto& a, const auto& b) { return order(a, b).value_or(2) < 1; }};
    case 5: return {">", [](const auto& a, const auto& b) { return order(a, b) == 1; }};
    default:
        return {">=", [](const auto& a, const auto& b) { return order(a, b).value_or(-2) > -1; }};
    }
}

Condition comparison(Engine& engine) {
    const Operand left = random_operand(engine);
    const Operand right = random_operand(engine);
    const auto [symbol, compare] = random_comparison(engine);
    return {left.text + ' ' + symbol + ' ' + right.text,
            [=](const Device& device) { return compare(left.of(device), right.of(device)); }};
}

Condition membership_in_list(Engine& engine) {
    Operand left = random_operand(engine);
    while (left.text == "address") { // takes ranges only
        left = random_operand(engine);
    }
    JsonArray items;
    std::string text;
    for (std::size_t i = 1 + below(engine, 3); i > 0; --i) {
        items.push_back(one_of(engine, payload_values));
        text += (text.empty() ? "" : ", ") + literal_text(engine, items.back());
    }
    return {left.text + " in [" + text + "]",
            [=](const Device& device) { return within(left.of(device), {items}); }};
}

Condition membership_in_path(Engine& engine) {
    static const std::vector<Operand> known = paths();
    const Operand left = random_operand(engine);
    const Operand right = known[below(engine, known.size())];
    const bool negated = below(engine, 3) == 0;
    return {left.text + (negated ? " not in " : " in ") + right.text, [=](const Device& device) {
                return within(left.of(device), right.of(device)) != negated;
            }};
}

Condition range(Engine& engine) {
    const bool inner = below(engine, 2) == 0;
    const std::string prefix = inner ? "10.1." : "10.";
    return {inner ? "address in '10.1.0.0/16'" : "address in ('10.0.0.0/8', '192.0.2.1')",
            [=](const Device& device) { return device.inputs.peer_address.starts_with(prefix); }};
}

Condition likeness(Engine& engine) {
    const Operand left = random_operand(engine);
    const std::string letter = below(engine, 2) == 0 ? "a" : "B";
    return {
        left.text + " like '*" + letter + "*'", [=](const Device& device) {
            const Plain value = left.of(device);
            return value.value.is_string() &&
                   folded(value.value, value.caseless).find(folded(Json(letter), value.caseless)) !=
                       std::string::npos;
        }};
}

Condition random_test(Engine& engine) {
    switch (below(engine, 6)) {
    case 0: return membership_in_list(engine);
    case 1: return membership_in_path(engine);
    case 2: return range(engine);
    case 3: return likeness(engine);
    default: return comparison(engine);
    }
}

/// `precedence` says what may stand here without parentheses: 0 or, 1 and, 2 not.
Condition random_condition(Engine& engine, std::size_t depth, int precedence) {
    if (depth == 0 || below(engine, 3) == 0) {
        return random_test(engine);
    }
    const int kind = static_cast<int>(below(engine, 3));
    Condition made;
    if (kind == 2) {
        const Condition inner = random_condition(engine, depth - 1, 2);
        made = {"not " + inner.text, [=](const Device& device) { return !inner.holds(device); }};
    } else {
        const Condition left = random_condition(engine, depth - 1, kind);
        const Condition right = random_condition(engine, depth - 1, kind);
        const bool any = kind == 0;
        made = {left.text + (any ? " or " : " and ") + right.text, [=](const Device& device) {
                    return any ? left.holds(device) || right.holds(device)
                               : left.holds(device) && right.holds(device);
                }};
    }
    return kind < precedence ? Condition{"(" + made.text + ")", made.holds} : made;
}

struct RandomRule {
    std::string text;
    std::vector<Condition> conditions;
    bool otherwise = false;

    [[nodiscard]] std::size_t clause_for(const Device& device) const {
        for (std::size_t i = 0; i < conditions.size(); ++i) {
            if (conditions[i].holds(device)) {
                return i + 1;
            }
        }
        return otherwise ? conditions.size() + 1 : 0;
    }
};

RandomRule random_rule(Engine& engine) {
    RandomRule rule;
    for (std::size_t i = 1 + below(engine, 3); i > 0; --i) {
        rule.conditions.push_back(random_condition(engine, 3, 0));
        rule.text += "when " + rule.conditions.back().text + " then hub('hub-1')\n";
    }
    rule.otherwise = below(engine, 2) == 0;
    rule.text += rule.otherwise ? "otherwise policy('hashed')" : "";
    return rule;
}

TEST(RuleProperty, SaysWhatANaiveEvaluatorSays) {
    constexpr std::uint64_t seed = 20'300'101;
    SCOPED_TRACE("seed " + std::to_string(seed));
    Engine engine(seed);
    std::size_t decided_by_first = 0;
    constexpr int rules = 2000;
    for (int i = 0; i < rules; ++i) {
        const RandomRule random = random_rule(engine);
        if (random.text.size() > rule_bytes_max) {
            continue;
        }
        const auto rule = Rule::parse(random.text);
        ASSERT_TRUE(rule) << random.text << "\n" << rule.error().detail;
        const Device device = random_device(engine);
        const RuleVerdict verdict =
            rule->decide({.id = device.id, .current = device.hub, .inputs = device.inputs});
        ASSERT_EQ(verdict.clause, random.clause_for(device))
            << random.text << "\npayload " << to_text(payload_of(device)) << " address "
            << device.inputs.peer_address << " id " << device.id.text() << " hub "
            << (device.hub ? device.hub->text() : "-") << " hour " << hour_of(device);
        decided_by_first += verdict.clause == 1 ? 1 : 0;
    }
    EXPECT_GT(decided_by_first, rules / 10U) << "both outcomes were tried";
    EXPECT_LT(decided_by_first, rules * 9U / 10U);
}

TEST(RuleProperty, TheSameFactsGiveTheSameVerdict) {
    constexpr std::uint64_t seed = 20'300'101;
    SCOPED_TRACE("seed " + std::to_string(seed));
    Engine engine(seed);
    for (int i = 0; i < 200; ++i) {
        const auto rule = Rule::parse(random_rule(engine).text);
        ASSERT_TRUE(rule);
        const Rule copy = *rule;
        const Device device = random_device(engine);
        const RuleFacts facts{.id = device.id, .current = device.hub, .inputs = device.inputs};
        EXPECT_EQ(rule->decide(facts).clause, copy.decide(facts).clause);
    }
}

/// Whatever is cut out of a rule or put into it: it is a rule, or refused with a place inside.
TEST(RuleProperty, DamagedRulesAreRefusedWithAPlace) {
    constexpr std::uint64_t seed = 20'300'101;
    SCOPED_TRACE("seed " + std::to_string(seed));
    Engine engine(seed);
    std::size_t refused = 0;
    for (int i = 0; i < 2000; ++i) {
        std::string text = random_rule(engine).text;
        const std::size_t at = below(engine, text.size());
        if (below(engine, 2) == 0) {
            text.erase(at, 1 + below(engine, 4));
        } else {
            text.insert(at, 1, static_cast<char>(below(engine, 256)));
        }
        const auto rule = Rule::parse(text);
        if (!rule) {
            ++refused;
            EXPECT_TRUE(rule.error().detail.starts_with("line ") ||
                        rule.error().detail.starts_with("column "))
                << rule.error().detail;
        }
    }
    EXPECT_GT(refused, 500U);
}

} // namespace
} // namespace muster::provisioning
