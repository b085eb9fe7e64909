#pragma once
// A device before the rules of planning.h, with everything that they look at. For tests.

#include "provisioning/planning.h"
#include "provisioning/planning/places.h"
#include "provisioning/test_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace muster::provisioning {

inline constexpr ReprovisionPolicy migrating{.update_hub_assignment = true,
                                             .migrate_device_data = true};
inline constexpr ReprovisionPolicy resetting{.update_hub_assignment = true,
                                             .migrate_device_data = false};
inline constexpr ReprovisionPolicy never_moving{.update_hub_assignment = false,
                                                .migrate_device_data = false};

struct PlanningWorld : testing::Test {
    PlanningWorld() {
        instance.hubs.push_back({.name = HubName("hub-3")});
        applicant.id = RegistrationId("dev-1");
        applicant.decided_by = DecidedByGroup{EnrollmentGroupId("g")};
        applicant.credential = HubKeys{test_keys};
        applicant.attestation_note = {{"symmetricKey", JsonObject{{"enrollmentGroupId", "g"}}}};
        inputs.api_version = "2021-06-01";
        change([](EnrollmentTerms&) {});
    }

    // ---- what the operator does ----

    template <class Edit>
    void change(Edit edit) {
        edit(terms);
        applicant.terms = std::make_shared<const EnrollmentTerms>(terms);
    }

    /// From now on the enrollment wants the device at this hub.
    void want(const std::string& hub) {
        change([&](EnrollmentTerms& next) {
            next.allocation_policy = AllocationPolicy::fixed;
            next.hubs = {HubName(hub)};
        });
    }

    void reprovision(std::optional<ReprovisionPolicy> policy) {
        change([&](EnrollmentTerms& next) { next.reprovision_policy = policy; });
    }

    void ask_a_function() {
        change([](EnrollmentTerms& next) {
            next.allocation_policy = AllocationPolicy::custom;
            next.hubs.clear();
            next.custom_allocation =
                JsonObject{{"webhookUrl", "https://f.example/a"}, {"apiVersion", "2021-10-01"}};
        });
    }

    void unlink(const std::string& hub, bool lost = false) {
        std::erase_if(instance.hubs, [&](const LinkedHub& one) { return one.name.text() == hub; });
        instance.former_hubs.push_back(
            {.name = HubName(hub), .connection_string = {}, .lost = lost});
    }

    // ---- what the device does ----

    [[nodiscard]] RegistrationFacts facts() {
        return {.applicant = applicant,
                .record = record,
                .instance = instance,
                .inputs = inputs,
                .token = MoveToken("token-" + std::to_string(++tokens))};
    }

    Decision decide() { return plan_registration(facts()); }

    template <class Kind>
    Kind expect() {
        const Decision decision = decide();
        EXPECT_TRUE(std::holds_alternative<Kind>(decision)) << decision.index();
        const auto* kind = std::get_if<Kind>(&decision);
        return kind == nullptr ? Kind() : *kind;
    }

    /// The plan that is decided for, of whatever kind the decision is.
    Plan plan() {
        const Decision decision = decide();
        if (const auto* begin = std::get_if<Begin>(&decision)) {
            return begin->plan;
        }
        if (const auto* amend = std::get_if<Amend>(&decision)) {
            return amend->plan;
        }
        EXPECT_TRUE(std::holds_alternative<Continue>(decision)) << "declined";
        return record && record->plan ? *record->plan : Plan();
    }

    Attempt attempt() {
        ++attempts;
        return {.operation = OperationId("op-" + std::to_string(attempts)),
                .mark = {.now = test_time + 1min * attempts,
                         .etag = ETag("etag-" + std::to_string(attempts))}};
    }

    /// Decides to begin, and stores the plan.
    void begin() { record = record_plan(facts(), expect<Begin>().plan, attempt()); }

    void confirm() { record = record_assignment(*record, attempt().mark); }

    void reach(PlanStage stage) { record->plan->stage = stage; }

    /// Registers at this hub, whatever was before.
    void settle_at(const std::string& hub) {
        const EnrollmentTerms before = terms;
        change([](EnrollmentTerms& next) { next.reprovision_policy = migrating; });
        want(hub);
        begin();
        confirm();
        change([&](EnrollmentTerms& next) { next = before; });
    }

    void give_up(HubKnows knows = HubKnows::perhaps) {
        const Ending ending{.status = RegistrationStatus::failed,
                            .failure = {failure_code::internal, "no"},
                            .knows = knows};
        record = record_ending(*record, ending, attempt().mark);
    }

    void erase() { record = remains_of(*record, attempt().mark); }

    std::vector<Chore> chores() const { return record->chores; }

    static Place at(const std::string& hub, const std::string& device = "dev-1") {
        return {.hub = HubName(hub), .device_id = DeviceId(device)};
    }

    const Decline off{.status = RegistrationStatus::disabled,
                      .failure = {failure_code::enrollment_disabled, "off"},
                      .findings = {}};
    Instance instance = test_instance();
    EnrollmentTerms terms;
    Applicant applicant;
    AllocationInputs inputs;
    std::optional<RegistrationRecord> record;
    int attempts = 0;
    int tokens = 0;
};

} // namespace muster::provisioning
