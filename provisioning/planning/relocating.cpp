// Moves that an operator wants: drains, rebalances, quarantines.

#include "provisioning/planning/relocating.h"

#include "provisioning/allocating/shown_proof.h"
#include "provisioning/planning/declines.h"
#include "provisioning/planning/places.h"

#include <utility>

namespace muster::provisioning {

namespace {

bool says_never(const EnrollmentTerms& terms) {
    return terms.reprovision_policy && !terms.reprovision_policy->update_hub_assignment;
}

/// An operation has no certificate and no request to show the function.
Question question_of(const RegistrationRecord& record) {
    return {.payload = {},
            .attestation = proof_for_function(record.attestation_note.value_or(JsonObject()), {}),
            .api_version = {},
            .peer_address = {}};
}

class Relocating {
  public:
    Relocating(const Relocation& wanted, Allocation& reasoning)
        : wanted_(wanted), reasoning_(reasoning),
          terms_(wanted.terms == nullptr ? no_terms() : *wanted.terms),
          record_(without_stuck_plan(wanted.record, wanted.instance)),
          known_(known_place(record_, wanted.instance)) {}

    Decision decide() {
        if (record_.plan) {
            return not_now("Another plan of the device is under way.");
        }
        if (!known_ || !concerns()) {
            return Continue{};
        }
        if (wanted_.to) {
            return wanted_.instance.find_hub(*wanted_.to) == nullptr
                       ? Decision(not_now("The IoT hub is not linked."))
                       : move_to(*wanted_.to);
        }
        return allocated();
    }

    /// By the policy alone, whoever it was that asked.
    Decision allocated() {
        if (!known_) {
            return Continue{};
        }
        const LinkedHub* left =
            wanted_.away_from ? wanted_.instance.find_hub(*wanted_.away_from) : nullptr;
        if (left == nullptr || !left->apply_allocation_policy) {
            return allocated_in(wanted_.instance);
        }
        Instance without = wanted_.instance;
        for (LinkedHub& hub : without.hubs) {
            hub.apply_allocation_policy &= hub.name != left->name;
        }
        return allocated_in(without);
    }

  private:
    /// Deleted enrollments have no wishes: every linked hub will do, by weight.
    static const EnrollmentTerms& no_terms() {
        static const EnrollmentTerms none;
        return none;
    }

    [[nodiscard]] bool concerns() const {
        if (wanted_.away_from) {
            return known_->place.hub == *wanted_.away_from;
        }
        return wanted_.to || !says_never(terms_);
    }

    Decision allocated_in(const Instance& instance) {
        const std::optional<HubName> current = known_->place.hub;
        reasoning_ = allocate({.id = record_.id,
                               .terms = terms_,
                               .instance = instance,
                               .current = current,
                               .inputs = wanted_.inputs});
        if (reasoning_.ask_function) {
            Plan plan = plan_at(PlanKind::ask, HubName());
            plan.question = question_of(record_);
            return Begin{std::move(plan)};
        }
        return reasoning_.hub ? move_to(*reasoning_.hub) : Decision(no_hub(reasoning_));
    }

    [[nodiscard]] Decision move_to(const HubName& hub) const {
        if (hub == known_->place.hub) {
            return Continue{};
        }
        if (!has_room_for_move(record_)) {
            return too_many_chores(record_);
        }
        Plan plan = plan_at(PlanKind::move, hub);
        plan.from = known_->place;
        plan.token = wanted_.token;
        const auto& answer = wanted_.inputs.answer;
        if (answer && answer->twin) { // it wins over migration (dps-service 9.3)
            plan.twin = TwinSource::initial;
            plan.provision.initial_twin = *answer->twin;
        }
        return Begin{std::move(plan)};
    }

    /// The device keeps its name, its credential and all else it has.
    [[nodiscard]] Plan plan_at(PlanKind kind, const HubName& hub) const {
        Plan plan{.kind = kind,
                  .hub = hub,
                  .provision = {.device_id = known_->place.device_id,
                                .credential = {},
                                .iot_edge = terms_.iot_edge.value_or(false),
                                .initial_twin = initial_twin_of(terms_)},
                  .origin = PlanOrigin::operation,
                  .operation = wanted_.operation};
        if (wanted_.inputs.answer) {
            plan.payload = wanted_.inputs.answer->payload;
        }
        return plan;
    }

    const Relocation& wanted_;
    Allocation& reasoning_;
    const EnrollmentTerms& terms_;
    RegistrationRecord record_;
    std::optional<KnownPlace> known_;
};

} // namespace

Decision plan_relocation(const Relocation& wanted) {
    Allocation reasoning;
    return Relocating(wanted, reasoning).decide();
}

Decision plan_answered_relocation(const RegistrationFacts& facts, Allocation& reasoning) {
    RegistrationRecord record = *facts.record;
    const std::string operation = record.plan->operation;
    record.plan.reset();
    const Relocation wanted{.terms = facts.applicant.terms.get(),
                            .record = record,
                            .instance = facts.instance,
                            .inputs = facts.inputs,
                            .to = {},
                            .away_from = {},
                            .token = facts.token,
                            .operation = operation};
    Decision decision = Relocating(wanted, reasoning).allocated();
    if (auto* begin = std::get_if<Begin>(&decision)) {
        return Amend{std::move(begin->plan)};
    }
    return std::holds_alternative<Decline>(decision) ? decision
                                                     : not_now("The device is where it should be.");
}

} // namespace muster::provisioning
