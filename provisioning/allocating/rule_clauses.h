#pragma once
// What a parsed rule is made of. Internal to allocating/: rule_parser.cpp builds it, rule.cpp
// decides by it.

#include "provisioning/allocating/rule.h"
#include "provisioning/ip_range.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace muster::provisioning {

/// Where a value comes from; `payload`, `subject` and `issuer` are looked into by keys.
enum class RuleSource : std::uint8_t {
    registration_id,
    current_hub,
    payload,
    subject,
    issuer,
    address,
    latitude,
    longitude,
    hour,
    minute,
    weekday,
    date,
};

struct RulePath {
    RuleSource source = RuleSource::payload;
    std::vector<std::string> keys;
};

struct RuleNull {};

/// Numbers are wide enough for every integer and double that JSON has.
using RuleLiteral = std::variant<RuleNull, bool, long double, std::string>;
using RuleOperand = std::variant<RulePath, RuleLiteral>;

/// Of the list of an `in`; a text that reads as a range of addresses is one, too.
struct RuleMember {
    RuleLiteral literal;
    std::optional<IpRange> range;
};

enum class RuleOperator : std::uint8_t {
    equal,
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    like,   // a text on the right
    in,     // members on the right
    within, // `in`, with a path on the right
};

struct RuleCondition {
    enum class Kind : std::uint8_t {
        all,      // children
        any,      // children
        negation, // one child
        test,     // the rest
    };

    Kind kind = Kind::all;
    std::vector<RuleCondition> children;
    RuleOperator comparator = RuleOperator::equal;
    RuleOperand left;
    RuleOperand right;
    std::vector<RuleMember> members;
};

using RuleChoice = std::variant<ChosenHubs, ChosenPolicy>;

struct RuleClause {
    std::optional<RuleCondition> when; // absent: otherwise
    RuleChoice choice;
};

struct Rule::Clauses {
    std::vector<RuleClause> in_order;
    std::vector<HubName> hubs; // each once
    bool asks_function = false;
};

} // namespace muster::provisioning
