#include "provisioning/allocating/rule_choices.h"

#include "base/text.h"
#include "provisioning/documents/names.h"
#include "provisioning/grammar.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

void add_once(std::vector<HubName>& hubs, const HubName& hub) {
    if (std::ranges::find(hubs, hub) == hubs.end()) {
        hubs.push_back(hub);
    }
}

HubName hub(QueryCursor& cursor, Rule::Clauses& clauses) {
    const std::size_t begin = cursor.next().at;
    const HubName name(cursor.expect(QueryToken::Kind::text, "the name of a hub in quotes"));
    if (!is_host_name(name.text())) {
        cursor.refuse_at(begin, "no hub can have this name");
    }
    add_once(clauses.hubs, name);
    return name;
}

ChosenHubs hubs(QueryCursor& cursor, Rule::Clauses& clauses) {
    ChosenHubs chosen;
    cursor.expect_symbol("(");
    do {
        add_once(chosen.hubs, hub(cursor, clauses));
    } while (cursor.accept_symbol(","));
    cursor.expect_symbol(")");
    return chosen;
}

ChosenPolicy policy(QueryCursor& cursor, Rule::Clauses& clauses) {
    cursor.expect_symbol("(");
    const std::size_t begin = cursor.next().at;
    const std::string name =
        cursor.expect(QueryToken::Kind::text, "the name of a policy in quotes");
    const bool asks = equal_ignoring_case(name, "webhook");
    const auto known = asks ? AllocationPolicy::custom : allocation_policy(name);
    if (!known || (!asks && known == AllocationPolicy::custom)) {
        cursor.refuse_at(begin, "a policy is hashed, geoLatency, static or webhook");
    }
    clauses.asks_function = clauses.asks_function || asks;
    cursor.expect_symbol(")");
    return {.policy = known.value_or(AllocationPolicy::hashed)};
}

} // namespace

RuleChoice rule_choice(QueryCursor& cursor, Rule::Clauses& clauses) {
    if (cursor.accept_word("hub")) {
        cursor.expect_symbol("(");
        ChosenHubs chosen{{hub(cursor, clauses)}};
        cursor.expect_symbol(")");
        return chosen;
    }
    if (cursor.accept_word("hubs")) {
        return hubs(cursor, clauses);
    }
    if (cursor.accept_word("policy")) {
        return policy(cursor, clauses);
    }
    cursor.refuse("expected hub, hubs or policy");
    return {};
}

} // namespace muster::provisioning
