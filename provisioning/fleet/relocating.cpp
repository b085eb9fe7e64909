#include "provisioning/fleet/relocating.h"

#include "provisioning/allocation/candidates.h"

#include <algorithm>
#include <utility>

namespace muster::provisioning {

namespace {

/// Either where the operation wants it, or that it stays.
struct Wish {
    std::optional<HubName> to;
    std::optional<HubName> away_from;
};

using Course = std::variant<Leave, Wish>;

bool names_only(const EnrollmentTerms& terms, const HubName& hub) {
    const std::vector<HubName> hubs = hubs_named(terms);
    return !hubs.empty() &&
           std::ranges::all_of(hubs, [&](const HubName& named) { return named == hub; });
}

bool is_fixed_to(const Subject& subject, const HubName& hub) {
    const EnrollmentTerms& terms = *subject.standing.terms;
    const std::vector<HubName> hubs = hubs_named(terms);
    return effective_policy(terms, subject.instance) == AllocationPolicy::fixed && !hubs.empty() &&
           hubs.front() == hub;
}

Course course_of_drain(const Subject& subject) {
    const HubName& hub = *subject.operation.hub;
    if (subject.record.assignment->hub != hub) {
        return Leave{};
    }
    const auto* terms = subject.standing.terms.get();
    if (terms != nullptr && is_fixed_to(subject, hub)) {
        return Leave{"its enrollment is static to this hub"};
    }
    if (terms != nullptr && names_only(*terms, hub)) {
        return Leave{"its enrollment names no other hub"};
    }
    return Wish{.to = {}, .away_from = hub};
}

Course course_of_rebalance(const Subject& subject) {
    const auto* terms = subject.standing.terms.get();
    if (terms == nullptr) {
        return Leave{"its enrollment is gone"};
    }
    if (says_never(*terms)) {
        return Leave{"its enrollment says never"};
    }
    switch (effective_policy(*terms, subject.instance)) {
    case AllocationPolicy::fixed: return Leave{"its enrollment is static"};
    case AllocationPolicy::custom: return Leave{"its allocation is custom"};
    case AllocationPolicy::hashed:
    case AllocationPolicy::geo_latency: break;
    }
    return Wish{};
}

/// A quarantine overrode the reprovisioning policy, so its end does, too.
Course course_of_release(const Subject& subject) {
    const auto* terms = subject.standing.terms.get();
    if (terms == nullptr) {
        return Leave{"its enrollment is gone"};
    }
    const std::optional<HubName> current = subject.record.assignment->hub;
    if (subject.operation.hub && *subject.operation.hub != *current) {
        return Leave{};
    }
    const Allocation allocation = allocate({.id = subject.record.id,
                                            .terms = *terms,
                                            .instance = subject.instance,
                                            .current = current,
                                            .inputs = subject.inputs});
    if (allocation.ask_function) {
        return Leave{"its allocation function is asked when it registers"};
    }
    return Wish{.to = allocation.hub, .away_from = {}};
}

Course course_of(const Subject& subject) {
    if (const auto hub = quarantine_hub(subject.record, subject.standing, subject.instance)) {
        if (*hub == subject.record.assignment->hub) {
            return Leave{subject.operation.kind == OperationKind::gather ? "" : "quarantined here"};
        }
        return Wish{.to = hub, .away_from = {}};
    }
    switch (subject.operation.kind) {
    case OperationKind::drain: return course_of_drain(subject);
    case OperationKind::rebalance: return course_of_rebalance(subject);
    case OperationKind::release: return course_of_release(subject);
    // Its quarantine has ended, or an individual enrollment decides by now.
    case OperationKind::gather: return Leave{"not quarantined any more"};
    }
    std::unreachable();
}

RelocationVerdict verdict_of(Decision decision) {
    if (auto* begun = std::get_if<Begin>(&decision)) {
        return Relocate{std::move(begun->plan)};
    }
    if (const auto* declined = std::get_if<Decline>(&decision)) {
        return Refuse{declined->failure.message};
    }
    return Leave{};
}

} // namespace

std::optional<HubName> quarantine_hub(const RegistrationRecord& record,
                                      const Applicants::Standing& standing,
                                      const Instance& instance) {
    if (record.held_at) {
        return record.held_at;
    }
    const auto* decider =
        standing.decided_by ? std::get_if<DecidedByGroup>(&*standing.decided_by) : nullptr;
    const auto* quarantine = decider == nullptr ? nullptr : instance.find_quarantine(decider->id);
    return quarantine == nullptr ? std::nullopt : std::optional(quarantine->hub);
}

RelocationVerdict decide_relocation(const Subject& subject) {
    if (subject.record.plan) {
        return Wait{};
    }
    if (subject.record.erased || !subject.record.assignment) {
        return Leave{};
    }
    if (subject.record.chores.size() >= chores_max) {
        return Refuse{"too much is left to do at its former hubs"};
    }
    const Course course = course_of(subject);
    if (const auto* leave = std::get_if<Leave>(&course)) {
        return *leave;
    }
    const auto& wish = std::get<Wish>(course);
    return verdict_of(plan_relocation({.terms = subject.standing.terms.get(),
                                       .record = subject.record,
                                       .instance = subject.instance,
                                       .inputs = subject.inputs,
                                       .to = wish.to,
                                       .away_from = wish.away_from,
                                       .token = subject.token,
                                       .operation = subject.operation.id}));
}

} // namespace muster::provisioning
