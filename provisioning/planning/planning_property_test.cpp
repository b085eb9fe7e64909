// Whatever the enrollment, the instance and the record: no decision contradicts planning.h.

#include "provisioning/planning/planning_world.h"

#include <random>

namespace muster::provisioning {
namespace {

/// A life at random: each step is a change by an operator, a registration, or a step of a plan.
class RandomLife : public PlanningWorld {
  public:
    explicit RandomLife(std::uint64_t seed) : engine_(seed) {}

    void TestBody() override {}

    void step() {
        switch (below(6)) {
        case 0: change_enrollment(); break;
        case 1: change_hubs(); break;
        case 2: advance(); break;
        case 3: end(); break;
        case 4: registers(); break;
        default: meddle(); break;
        }
        check_record();
    }

    int decisions[4] = {};
    int kinds[5] = {};

  private:
    std::size_t below(std::size_t bound) { return engine_() % bound; }

    std::string any_hub() { return "hub-" + std::to_string(1 + below(3)); }

    void change_enrollment() {
        static const std::optional<ReprovisionPolicy> policies[] = {migrating, resetting,
                                                                    never_moving, std::nullopt};
        reprovision(policies[below(4)]);
        inputs.api_version = below(3) == 0 ? "2018-04-01" : "2021-06-01";
        switch (below(4)) {
        case 0: ask_a_function(); break;
        case 1:
            change([](EnrollmentTerms& next) {
                next.allocation_policy.reset();
                next.hubs.clear();
            });
            break;
        default: want(any_hub()); break;
        }
        change([&](EnrollmentTerms& next) {
            next.status =
                below(8) == 0 ? ProvisioningStatus::disabled : ProvisioningStatus::enabled;
        });
        applicant.device_id = below(4) == 0
                                  ? std::optional(DeviceId("named-" + std::to_string(below(2))))
                                  : std::nullopt;
    }

    void change_hubs() {
        const HubName hub(any_hub());
        if (instance.find_hub(hub) != nullptr && instance.hubs.size() > 1) {
            unlink(hub.text(), below(3) == 0);
            return;
        }
        std::erase_if(instance.former_hubs, [&](const FormerHub& one) { return one.name == hub; });
        if (instance.find_hub(hub) == nullptr) {
            instance.hubs.push_back({.name = hub});
        }
    }

    void meddle() {
        if (!record) {
            return;
        }
        switch (below(4)) {
        case 0: erase(); break;
        case 1:
            record->held_at = below(2) == 0 ? std::optional(HubName(any_hub())) : std::nullopt;
            break;
        case 2: applicant.credential = HubThumbprints{std::to_string(below(3)), "B"}; break;
        default: record->chores.clear(); break;
        }
    }

    void advance() {
        if (record && record->plan && !record->plan->token.empty()) {
            reach(record->plan->stage == PlanStage::begun ? PlanStage::fenced : PlanStage::decided);
        }
    }

    void end() {
        if (!record || !record->plan) {
            return;
        }
        const Plan plan = *record->plan;
        const bool is_done = plan.kind == PlanKind::keep || plan.kind == PlanKind::assign ||
                             plan.stage == PlanStage::decided;
        if (is_done) {
            confirm();
            EXPECT_EQ(record->assignment->place(), plan.place());
        } else {
            give_up(below(2) == 0 ? HubKnows::perhaps : HubKnows::nothing);
        }
    }

    void registers() {
        inputs.answer.reset();
        const bool is_asked = record && record->plan && record->plan->kind == PlanKind::ask;
        if (is_asked && below(2) == 0) {
            inputs.answer = FunctionAnswer{.hub = HubName(any_hub()), .twin = {}, .payload = {}};
        }
        const RegistrationFacts all = facts();
        const Decision decision = plan_registration(all);
        ++decisions[decision.index()];
        if (const auto* amend = std::get_if<Amend>(&decision)) {
            check_plan(amend->plan);
            record = record_plan(all, amend->plan, {record->operation, attempt().mark});
        } else if (const auto* begin = std::get_if<Begin>(&decision)) {
            check_plan(begin->plan);
            record = record_plan(all, begin->plan, attempt());
        } else if (const auto* decline = std::get_if<Decline>(&decision)) {
            record = record_refusal(all, *decline, attempt());
        }
    }

    [[nodiscard]] bool never() const {
        return terms.reprovision_policy ? !terms.reprovision_policy->update_hub_assignment
                                        : inputs.api_version == "2018-04-01";
    }

    /// Against the table, and what a plan must have to be carried out.
    void check_plan(const Plan& plan) {
        ++kinds[static_cast<int>(plan.kind)];
        EXPECT_EQ(terms.status, ProvisioningStatus::enabled) << "disabled takes none";
        EXPECT_EQ(plan.kind == PlanKind::ask, plan.question.has_value());
        EXPECT_EQ(plan.kind == PlanKind::ask, plan.hub.empty());
        EXPECT_EQ(plan.kind == PlanKind::move, plan.from.has_value());
        EXPECT_EQ(plan.kind == PlanKind::move || plan.kind == PlanKind::reset, !plan.token.empty());
        EXPECT_EQ(plan.provision.credential, applicant.credential);
        const bool was_under_way = record && record->plan && record->plan->kind == plan.kind &&
                                   record->plan->token == plan.token &&
                                   record->plan->place() == plan.place();
        if (!was_under_way) {
            check_new(plan);
        }
    }

    void check_new(const Plan& plan) {
        EXPECT_EQ(plan.stage, PlanStage::begun);
        if (plan.kind == PlanKind::ask) {
            return;
        }
        const RegistrationRecord before =
            record ? without_stuck_plan(*record, instance) : RegistrationRecord();
        const auto known = record ? known_place(before, instance) : std::nullopt;
        EXPECT_EQ(plan.kind == PlanKind::assign && !known, !known) << "nowhere: assign";
        const bool held = record && record->held_at;
        if (known && plan.kind == PlanKind::move) {
            EXPECT_EQ(*plan.from, known->place) << "never on two hubs";
            EXPECT_NE(plan.place(), known->place);
            EXPECT_TRUE(held || !(never() && known->assigned)) << "never means never";
        } else if (known) {
            EXPECT_EQ(plan.place(), known->place);
        }
        if (plan.kind == PlanKind::reset) {
            EXPECT_TRUE(!held && !never());
        }
        if (held) {
            EXPECT_EQ(plan.hub, *record->held_at);
        }
        const bool stays = plan.kind == PlanKind::keep && never();
        EXPECT_TRUE(stays || instance.find_hub(plan.hub) != nullptr) << "linked";
    }

    void check_record() const {
        if (!record) {
            return;
        }
        EXPECT_LE(record->chores.size(), chores_max);
        EXPECT_EQ(record->plan.has_value(), record->status == RegistrationStatus::assigning);
        EXPECT_LE(record->moved.size(), 8U);
        EXPECT_LE(record->registered.size(), 24U);
        EXPECT_LE(record->earlier_operations.size(), 4U);
        if (record->status == RegistrationStatus::assigned) {
            EXPECT_TRUE(record->assignment);
        }
    }

    std::mt19937_64 engine_;
};

TEST(PlanningProperty, NoDecisionContradictsTheTable) {
    int decisions[4] = {};
    int kinds[5] = {};
    const std::uint64_t first_seed = 20'300'101;
    for (std::uint64_t seed = first_seed; seed < first_seed + 200; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        RandomLife life(seed);
        for (int i = 0; i < 100 && !testing::Test::HasFailure(); ++i) {
            life.step();
        }
        for (int i = 0; i < 4; ++i) {
            decisions[i] += life.decisions[i];
        }
        for (int i = 0; i < 5; ++i) {
            kinds[i] += life.kinds[i];
        }
    }
    for (const int count : decisions) {
        EXPECT_GT(count, 100);
    }
    for (const int count : kinds) {
        EXPECT_GT(count, 50);
    }
}

} // namespace
} // namespace muster::provisioning
