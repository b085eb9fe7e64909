// The table of planning.h.

#include "base/text.h"
#include "provisioning/allocating/shown_proof.h"
#include "provisioning/planning/declines.h"
#include "provisioning/planning/places.h"

#include <expected>
#include <utility>

namespace muster::provisioning {

namespace {

enum class Reprovision : std::uint8_t { never, migrate, reset };

/// An api-version begins with its date; an operation has none, and nothing that is old.
bool is_sticky(std::string_view api_version) {
    const std::string_view date = api_version.substr(0, sticky_api_version.size());
    return date.size() == sticky_api_version.size() && date <= sticky_api_version;
}

/// dps-service 9.4. A policy on the enrollment wins over the device's api-version.
Reprovision reprovision_of(const EnrollmentTerms& terms, std::string_view api_version) {
    if (!terms.reprovision_policy) {
        return is_sticky(api_version) ? Reprovision::never : Reprovision::migrate;
    }
    if (!terms.reprovision_policy->update_hub_assignment) {
        return Reprovision::never;
    }
    return terms.reprovision_policy->migrate_device_data ? Reprovision::migrate
                                                         : Reprovision::reset;
}

/// The device's name at the hub.
DeviceId name_at_hub(const RegistrationFacts& facts) {
    if (facts.applicant.device_id) {
        return *facts.applicant.device_id;
    }
    return DeviceId(facts.record ? facts.record->id.text() : facts.applicant.id.text());
}

std::optional<HubName> quarantine_of(const RegistrationFacts& facts) {
    if (facts.record && facts.record->held_at) {
        return facts.record->held_at;
    }
    const auto* group = std::get_if<DecidedByGroup>(&facts.applicant.decided_by);
    const auto* quarantine = group == nullptr ? nullptr : facts.instance.find_quarantine(group->id);
    return quarantine == nullptr ? std::nullopt : std::optional(quarantine->hub);
}

/// Decides for a device without a plan, or with one that cannot go on.
class Course {
  public:
    using Choice = std::expected<Plan, Decline>;

    explicit Course(const RegistrationFacts& facts)
        : facts_(facts), terms_(*facts.applicant.terms),
          reprovision_(reprovision_of(terms_, facts.inputs.api_version)) {
        if (facts.record) {
            record_ = without_stuck_plan(*facts.record, facts.instance);
            known_ = known_place(record_, facts.instance);
        }
        if (known_) {
            current_ = known_->place.hub;
        }
    }

    Choice choose(Allocation& reasoning) const {
        if (const auto hub = quarantine_of(facts_)) {
            reasoning.reasons = {hub->text() + ": the device is quarantined there"};
            return facts_.instance.find_hub(*hub) == nullptr
                       ? Choice(std::unexpected(quarantine_unlinked(*hub)))
                       : go_to(place_at(*hub), TwinSource::carried);
        }
        const bool custom = reasoning.policy == AllocationPolicy::custom;
        if (stays() && !custom) {
            reasoning.reasons = {current_->text() + ": the device is never moved from its hub"};
            return at(PlanKind::keep, known_->place);
        }
        reasoning = allocate({.id = facts_.applicant.id,
                              .terms = terms_,
                              .instance = facts_.instance,
                              .current = current_,
                              .inputs = facts_.inputs});
        return reasoning.ask_function ? Choice(question()) : follow(reasoning);
    }

  private:
    [[nodiscard]] bool stays() const {
        return reprovision_ == Reprovision::never && known_ && known_->assigned;
    }

    [[nodiscard]] Choice follow(const Allocation& reasoning) const {
        if (stays()) {
            return at(PlanKind::keep, known_->place);
        }
        if (!reasoning.hub) {
            const auto& answer = facts_.inputs.answer;
            return std::unexpected(answer && answer->hub ? wrong_answer(reasoning)
                                                         : no_hub(reasoning));
        }
        const Place target = place_at(*reasoning.hub);
        if (reprovision_ == Reprovision::reset && known_ && known_->place == target) {
            return with_token(at(PlanKind::reset, target));
        }
        const bool is_fresh = reprovision_ == Reprovision::reset || answered_twin() != nullptr;
        return go_to(target, is_fresh ? TwinSource::initial : TwinSource::carried);
    }

    /// To this place from wherever it is.
    [[nodiscard]] Choice go_to(const Place& target, TwinSource twin) const {
        if (!known_) {
            return at(PlanKind::assign, target);
        }
        if (known_->place == target) {
            return at(known_->assigned ? PlanKind::keep : PlanKind::assign, target);
        }
        Plan plan = at(PlanKind::move, target);
        plan.from = known_->place;
        plan.twin = twin;
        return with_token(std::move(plan));
    }

    [[nodiscard]] Choice with_token(Plan plan) const {
        if (!has_room_for_move(record_)) {
            return std::unexpected(too_many_chores(record_));
        }
        plan.token = facts_.token;
        return plan;
    }

    /// Not moved for the sake of another spelling: names are told apart without regard to case, as
    /// registration ids are, and the first one stays (iothub C.2).
    [[nodiscard]] Place place_at(const HubName& hub) const {
        const DeviceId wanted = name_at_hub(facts_);
        const bool keeps_name =
            known_ &&
            (stays() || equal_ignoring_case(known_->place.device_id.text(), wanted.text()));
        return {.hub = hub, .device_id = keeps_name ? known_->place.device_id : wanted};
    }

    [[nodiscard]] const InitialTwin* answered_twin() const {
        const auto& answer = facts_.inputs.answer;
        return answer && answer->twin ? &*answer->twin : nullptr;
    }

    [[nodiscard]] Plan at(PlanKind kind, const Place& place) const {
        const InitialTwin* answered = answered_twin();
        Plan plan{.kind = kind,
                  .hub = place.hub,
                  .provision = {.device_id = place.device_id,
                                .credential = facts_.applicant.credential,
                                .iot_edge = terms_.iot_edge.value_or(false),
                                .initial_twin =
                                    answered == nullptr ? initial_twin_of(terms_) : *answered}};
        if (facts_.inputs.answer) {
            plan.payload = facts_.inputs.answer->payload;
        }
        return plan;
    }

    [[nodiscard]] Plan question() const {
        Plan plan = at(PlanKind::ask, place_at(HubName()));
        plan.question = Question{.payload = facts_.inputs.payload,
                                 .attestation = proof_for_function(
                                     facts_.applicant.attestation_note, facts_.inputs.leaf_der),
                                 .api_version = facts_.inputs.api_version,
                                 .peer_address = facts_.inputs.peer_address};
        return plan;
    }

    const RegistrationFacts& facts_;
    const EnrollmentTerms& terms_;
    Reprovision reprovision_;
    RegistrationRecord record_; // without a plan that is not to be gone on with
    std::optional<KnownPlace> known_;
    std::optional<HubName> current_;
};

/// The plan under way, with what the device and its enrollment say now. Where it leads stays.
Plan refreshed(const RegistrationFacts& facts) {
    const EnrollmentTerms& terms = *facts.applicant.terms;
    Plan plan = *facts.record->plan;
    plan.origin = PlanOrigin::device;
    plan.provision.credential = facts.applicant.credential;
    const bool custom = effective_policy(terms, facts.instance) == AllocationPolicy::custom;
    // The function is not asked for an operator's plan that has its hub, and said nothing new.
    if (custom && facts.record->plan->origin == PlanOrigin::operation && !plan.payload) {
        plan.payload = facts.record->payload;
    }
    if (plan.stage != PlanStage::decided) {
        plan.provision.iot_edge = terms.iot_edge.value_or(false);
    }
    if (plan.stage != PlanStage::decided && !custom) {
        plan.provision.initial_twin = initial_twin_of(terms);
    }
    return plan;
}

/// The operation stays: it is the same attempt.
Decision going_on(const RegistrationFacts& facts, Plan plan) {
    const RegistrationRecord& record = *facts.record;
    plan.operation = record.plan->operation;
    const bool is_same =
        plan == *record.plan && !record.failure && record.decided_by == facts.applicant.decided_by;
    return is_same ? Decision(Continue{}) : Decision(Amend{std::move(plan)});
}

bool is_question(const std::optional<RegistrationRecord>& record) {
    return record && record->plan && record->plan->kind == PlanKind::ask;
}

/// The same step at the same place, or what an answered question led to.
bool goes_on(const std::optional<RegistrationRecord>& record, const Plan& plan) {
    return is_question(record) ||
           (record && record->plan && record->plan->kind == plan.kind &&
            record->plan->place() == plan.place() && record->plan->token == plan.token);
}

} // namespace

Decision plan_registration(const RegistrationFacts& facts, Allocation* reasoning) {
    const EnrollmentTerms& terms = *facts.applicant.terms;
    Allocation unread;
    Allocation& told = reasoning == nullptr ? unread : *reasoning;
    told = {.policy = effective_policy(terms, facts.instance)};
    if (std::optional<Decline> objection = objection_of(terms)) {
        return *std::move(objection);
    }
    if (facts.record && facts.record->block) {
        return blocked_decline(*facts.record->block);
    }
    if (facts.record && facts.record->plan && !is_question(facts.record) &&
        can_go_on(*facts.record->plan, facts.instance)) {
        told.hub = facts.record->plan->hub;
        told.reasons = {told.hub->text() + ": what is under way is finished first"};
        return going_on(facts, refreshed(facts));
    }
    auto plan = Course(facts).choose(told);
    if (!plan) {
        return std::move(plan).error();
    }
    return goes_on(facts.record, *plan) ? going_on(facts, *std::move(plan))
                                        : Decision(Begin{*std::move(plan)});
}

} // namespace muster::provisioning
