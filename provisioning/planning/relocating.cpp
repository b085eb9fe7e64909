// Moves that an operator wants: drains, rebalances, quarantines.

#include "provisioning/allocating/shown_proof.h"
#include "provisioning/planning/declines.h"
#include "provisioning/planning/places.h"

#include <utility>

namespace muster::provisioning {

namespace {

/// An operation has no certificate and no request to show the function.
Question question_of(const RegistrationRecord& record) {
    return {.payload = {},
            .attestation = proof_for_function(record.attestation_note.value_or(JsonObject()), {}),
            .api_version = {},
            .peer_address = {}};
}

class Relocating {
  public:
    explicit Relocating(const Relocation& wanted)
        : wanted_(wanted), terms_(wanted.terms == nullptr ? no_terms() : *wanted.terms),
          record_(without_stuck_plan(wanted.record, wanted.instance)),
          known_(known_place(record_, wanted.instance)) {}

    [[nodiscard]] Decision decide() const {
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

    [[nodiscard]] Decision allocated() const {
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

    [[nodiscard]] Decision allocated_in(const Instance& instance) const {
        const std::optional<HubName> current = known_->place.hub;
        const Allocation allocation = allocate({.id = record_.id,
                                                .terms = terms_,
                                                .instance = instance,
                                                .current = current,
                                                .inputs = wanted_.inputs});
        if (allocation.ask_function) {
            Plan plan = plan_at(PlanKind::ask, HubName());
            plan.question = question_of(record_);
            return Begin{std::move(plan)};
        }
        return allocation.hub ? move_to(*allocation.hub) : Decision(no_hub(allocation));
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
    const EnrollmentTerms& terms_;
    RegistrationRecord record_;
    std::optional<KnownPlace> known_;
};

} // namespace

Decision plan_relocation(const Relocation& wanted) {
    return Relocating(wanted).decide();
}

} // namespace muster::provisioning
