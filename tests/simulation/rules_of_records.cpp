// What provisioning stores: each plan is one that an enrollment in force asks for, and an
// assignment is one that its hub has confirmed.

#include "provisioning/planning.h"
#include "tests/simulation/rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::simulation {

namespace {

using provisioning::AllocationPolicy;
using provisioning::DecidedByGroup;
using provisioning::DecidedByIndividual;
using provisioning::EnrollmentTerms;
using provisioning::InitialTwin;
using provisioning::Plan;
using provisioning::PlanKind;
using provisioning::PlanOrigin;
using provisioning::ProvisioningStatus;
using provisioning::RegistrationStatus;
using provisioning::TwinSource;

constexpr const char* rule_four = "4: one registration id, one assignment";
constexpr const char* rule_five = "5: nobody assigned without an enrollment that takes him";
constexpr const char* rule_eight = "8: an individual enrollment shadows groups";
constexpr const char* promise = "the reprovisioning policy decides about the twin";

enum class Reprovisioning : std::uint8_t { migrate, reset, never };

Reprovisioning reprovisioning_of(const EnrollmentTerms& terms, const std::string& api_version) {
    if (!terms.reprovision_policy) {
        return api_version <= provisioning::sticky_api_version ? Reprovisioning::never
                                                               : Reprovisioning::migrate;
    }
    if (!terms.reprovision_policy->update_hub_assignment) {
        return Reprovisioning::never;
    }
    return terms.reprovision_policy->migrate_device_data ? Reprovisioning::migrate
                                                         : Reprovisioning::reset;
}

/// The twin of a device that was somewhere already.
bool suits(const Plan& plan, const EnrollmentTerms& terms, const std::string& api_version) {
    const bool starts_anew = plan.kind == PlanKind::reset ||
                             (plan.kind == PlanKind::move && plan.twin == TwinSource::initial);
    if (terms.allocation_policy == AllocationPolicy::custom) {
        return true; // the function may say anything
    }
    switch (reprovisioning_of(terms, api_version)) {
    case Reprovisioning::migrate: return !starts_anew;
    case Reprovisioning::reset: return starts_anew || plan.kind == PlanKind::keep;
    case Reprovisioning::never: return plan.kind == PlanKind::keep;
    }
    return false;
}

/// It may have got further, or a newer credential, or be asked for by another request.
bool is_same(const Plan& left, const Plan& right) {
    return left.kind == right.kind && left.place() == right.place() && left.token == right.token;
}

Content content_of(const InitialTwin& twin) {
    return {.tags = twin.tags, .desired = twin.desired, .reported = {}};
}

} // namespace

std::string key_of(const RegistrationId& id) {
    return "i:" + id.folded();
}

std::string key_of(const EnrollmentGroupId& id) {
    return "g:" + id.folded();
}

Rules::Rules(Stage& stage, provisioning::RegistrationStore& records, IdScope scope)
    : stage_(stage), records_(records), scope_(std::move(scope)) {}

void Rules::introduce(const std::string& device, Identity identity) {
    identities_[device] = std::move(identity);
}

void Rules::enrollment_changed(const std::string& key, std::optional<Terms> terms) {
    enrollments_[key].push_back(
        {.since = stage_.engine.now(),
         .terms = terms ? std::make_shared<const Terms>(*std::move(terms)) : nullptr});
}

void Rules::instance_changed(const provisioning::Instance& instance) {
    for (const auto& quarantine : instance.quarantines) {
        quarantines_.insert(quarantine.hub);
    }
}

void Rules::function_answered(const std::string& device, const InitialTwin& twin) {
    ghosts_[device].offered.push_back(content_of(twin));
}

std::vector<Rules::TermsPtr> Rules::in_force(const std::string& key, SteadyTime from) const {
    std::vector<TermsPtr> versions{nullptr};
    const auto found = enrollments_.find(key);
    if (found == enrollments_.end()) {
        return versions;
    }
    for (const Version& version : found->second) {
        if (version.since < from) {
            versions.clear(); // it had been replaced before the window
        }
        versions.push_back(version.terms);
    }
    return versions;
}

std::vector<Rules::TermsPtr> Rules::deciding(const Record& record, SteadyTime from) const {
    const auto* group =
        record.decided_by ? std::get_if<DecidedByGroup>(&*record.decided_by) : nullptr;
    auto versions = in_force(group != nullptr ? key_of(group->id) : key_of(record.id), from);
    std::erase(versions, nullptr);
    return versions;
}

void Rules::record_saved(const std::optional<Record>& before, const Record& next,
                         SteadyTime began) {
    Ghost& ghost = ghosts_[next.id.folded()];
    if (next.plan && next.plan->kind != PlanKind::ask) {
        const Content offer = content_of(next.plan->provision.initial_twin);
        if (std::ranges::find(ghost.offered, offer) == ghost.offered.end()) {
            ghost.offered.push_back(offer);
        }
    }
    const bool is_new =
        next.plan && (!before || !before->plan || !is_same(*before->plan, *next.plan));
    if (is_new) {
        const bool answers = before && before->plan && before->plan->kind == PlanKind::ask;
        ghost.plan_began = answers ? std::min(ghost.plan_began, began) : began;
        check_new_plan(before, next, ghost.plan_began);
    }
    check_assignment(before, next);
}

void Rules::check_new_plan(const std::optional<Record>& before, const Record& next,
                           SteadyTime began) {
    if (next.plan->origin != PlanOrigin::device) {
        return;
    }
    const std::string device = next.id.folded();
    const auto individuals = in_force(key_of(next.id), began);
    const bool by_group =
        next.decided_by && std::holds_alternative<DecidedByGroup>(*next.decided_by);
    if (by_group && std::ranges::find(individuals, nullptr) == individuals.end()) {
        stage_.violated(rule_eight, device + " is decided by a group");
    }
    const auto versions = deciding(next, began);
    const auto takes = [](const TermsPtr& terms) {
        return terms->status == ProvisioningStatus::enabled;
    };
    if (std::ranges::none_of(versions, takes)) {
        stage_.violated(rule_five, device + " has a plan");
    }
    const bool was_somewhere = before && before->assignment && !before->erased;
    const bool is_held = next.held_at || (by_group && quarantines_.contains(next.plan->hub));
    const auto fits = [&](const TermsPtr& terms) {
        return suits(*next.plan, *terms, identities_[device].api_version);
    };
    const bool is_excused = !was_somewhere || is_held || next.plan->kind == PlanKind::assign ||
                            next.plan->kind == PlanKind::ask;
    if (!is_excused && std::ranges::none_of(versions, fits)) {
        stage_.violated(
            promise,
            fmt::format("{} is to {} with {} twin", device, to_string(next.plan->kind),
                        next.plan->twin == TwinSource::initial ? "the initial" : "its own"));
    }
}

void Rules::check_assignment(const std::optional<Record>& before, const Record& next) {
    const bool comes_to_be = next.status == RegistrationStatus::assigned && before && before->plan;
    if (!comes_to_be || next.plan) {
        return;
    }
    const auto& plan = *before->plan;
    if (!next.assignment) {
        stage_.violated(rule_four, next.id.text() + " is assigned to nothing");
        return;
    }
    const auto place = next.assignment->place();
    const bool kept = before->assignment && before->assignment->place() == place;
    if (place != plan.place() && !kept) {
        stage_.violated(rule_four, next.id.text() + " is assigned elsewhere than planned");
    }
    const Ghost& ghost = ghosts_[next.id.folded()];
    // A plan that an operator began and that was given up leaves the assignment as it was.
    const bool is_given_up = kept && (place != plan.place() || plan.origin != PlanOrigin::device);
    const bool is_excused = is_given_up || lost_.contains(place.hub) ||
                            (ghost.touched && *ghost.touched >= ghost.plan_began);
    if (!is_excused && !ghost.in_use.contains(place)) {
        stage_.violated(rule_four, next.id.text() + " is assigned to a place where it is not");
    }
}

} // namespace muster::simulation
