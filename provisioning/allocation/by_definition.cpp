// custom: what the enrollment's customAllocationDefinition says (dps-service 9.3).
//
//   rule       decides first, unless the function has been asked already: then it has had its say,
//              and the facts it saw (the certificate, the time) may be gone
//   function   its answer names a candidate, or leaves the choice to the fallback
//   fallback   `fallbackPolicy`; without one, `hashed`

#include "provisioning/allocating/function.h"
#include "provisioning/allocating/rule.h"
#include "provisioning/allocation/by_weight.h"
#include "provisioning/allocation/policies.h"

#include <fmt/format.h>

namespace muster::provisioning {

namespace {

/// One `custom` within another has no meaning.
AllocationPolicy plain(AllocationPolicy policy) {
    return policy == AllocationPolicy::custom ? AllocationPolicy::hashed : policy;
}

/// Why a hub that somebody named is not among the candidates.
std::string objection_to(const HubName& hub, const Candidates& candidates) {
    for (const std::string& excluded : candidates.excluded) {
        if (excluded.starts_with(hub.text() + ": ")) {
            return excluded;
        }
    }
    return hub.text() + ": not among the hubs of the enrollment";
}

void follow_answer(const FunctionAnswer& answer, const FunctionDefinition& definition,
                   const AllocationFacts& facts, const Candidates& candidates,
                   Allocation& allocation) {
    if (!answer.hub) {
        allocation.reasons.emplace_back("the function leaves the choice to the fallback policy");
        const auto fallback = definition.fallback.value_or(AllocationPolicy::hashed);
        follow_policy(plain(fallback), facts, candidates, allocation);
        return;
    }
    if (const LinkedHub* hub = candidates.find(*answer.hub)) {
        allocation.hub = hub->name;
        allocation.reasons.push_back(hub->name.text() + ": named by the function");
        return;
    }
    allocation.reasons.push_back("the function named a hub that cannot take the device");
    allocation.excluded.push_back(objection_to(*answer.hub, candidates));
}

void ask_function(const FunctionDefinition& definition, Allocation& allocation) {
    allocation.ask_function = definition.url.has_value();
    allocation.reasons.emplace_back(definition.url ? "the function is to be asked"
                                                   : "there is no function to ask");
}

/// One hub must be it; of several, those that can take the device share by weight.
void follow_choice(const ChosenHubs& chosen, const AllocationFacts& facts,
                   const Candidates& candidates, Allocation& allocation) {
    Candidates some;
    for (const HubName& name : chosen.hubs) {
        if (const LinkedHub* hub = candidates.find(name)) {
            some.hubs.push_back(hub);
        } else {
            allocation.excluded.push_back(objection_to(name, candidates));
        }
    }
    if (chosen.hubs.size() > 1) {
        choose_by_weight(facts, some, allocation);
    } else if (!some.hubs.empty()) {
        allocation.hub = some.hubs.front()->name;
    }
}

void follow_rule(const FunctionDefinition& definition, const AllocationFacts& facts,
                 const Candidates& candidates, Allocation& allocation) {
    const auto rule = Rule::parse(definition.rule);
    if (!rule) { // refused when it was to be saved, but stored by another version perhaps
        allocation.reasons.push_back("rule: " + rule.error().detail);
        return;
    }
    const RuleVerdict verdict =
        rule->decide({.id = facts.id, .current = facts.current, .inputs = facts.inputs});
    if (verdict.clause == 0) {
        allocation.reasons.emplace_back("rule: no clause applies, the instance's policy decides");
        follow_policy(plain(facts.instance.default_policy), facts, candidates, allocation);
        return;
    }
    allocation.reasons.push_back(fmt::format("rule: clause {} applies", verdict.clause));
    if (const auto* chosen = std::get_if<ChosenHubs>(&verdict.choice)) {
        follow_choice(*chosen, facts, candidates, allocation);
        return;
    }
    const AllocationPolicy policy = std::get<ChosenPolicy>(verdict.choice).policy;
    if (policy == AllocationPolicy::custom) {
        ask_function(definition, allocation);
    } else {
        follow_policy(policy, facts, candidates, allocation);
    }
}

} // namespace

void follow_definition(const AllocationFacts& facts, const Candidates& candidates,
                       Allocation& allocation) {
    allocation.policy = AllocationPolicy::custom;
    if (!facts.terms.custom_allocation) {
        allocation.reasons.emplace_back("the enrollment has no customAllocationDefinition");
        return;
    }
    const auto definition = read_function_definition(*facts.terms.custom_allocation);
    if (!definition) {
        allocation.reasons.push_back(definition.error().detail);
    } else if (facts.inputs.answer) {
        follow_answer(*facts.inputs.answer, *definition, facts, candidates, allocation);
    } else if (!definition->rule.empty()) {
        follow_rule(*definition, facts, candidates, allocation);
    } else {
        ask_function(*definition, allocation);
    }
}

} // namespace muster::provisioning
