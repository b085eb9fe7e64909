#include "tests/simulation/stepped_stores.h"

#include <fmt/format.h>

namespace muster::simulation {

using provisioning::EnrollmentGroup;
using provisioning::IndividualEnrollment;
using provisioning::RegistrationRecord;
using provisioning::Write;

namespace {

std::string text_of(const provisioning::Place& place) {
    return place.device_id.text() + "@" + place.hub.text();
}

std::string text_of(const provisioning::Plan& plan) {
    std::string text = fmt::format("{} {}", to_string(plan.kind), to_string(plan.stage));
    if (plan.from) {
        text += " from " + text_of(*plan.from);
    }
    if (!plan.hub.empty()) {
        text += " to " + text_of(plan.place());
    }
    if (plan.twin == provisioning::TwinSource::initial) {
        text += ", initial twin";
    }
    if (!plan.token.empty()) {
        text += ", token " + plan.token.text().substr(0, 4);
    }
    return text;
}

} // namespace

std::string summary_of(const RegistrationRecord& record) {
    std::string text =
        fmt::format("v..{:03} {}", record.stamp.version % 1000, to_string(record.status));
    if (record.erased) {
        text += ", erased";
    }
    if (record.assignment) {
        text += ", at " + text_of(record.assignment->place());
    }
    if (record.plan) {
        text += "; plan: " + text_of(*record.plan);
    }
    if (record.unconfirmed) {
        text += "; unconfirmed " + text_of(*record.unconfirmed);
    }
    if (record.held_at) {
        text += "; held at " + record.held_at->text();
    }
    for (const auto& chore : record.chores) {
        text += fmt::format("; chore: {} {}, token {}", to_string(chore.kind), text_of(chore.place),
                            chore.token.text().substr(0, 4));
    }
    if (record.failure) {
        text += fmt::format("; failure {}", record.failure->error_code);
    }
    return text;
}

// ---- enrollments ----

Result<std::optional<IndividualEnrollment>>
SteppedEnrollments::find_individual(const IdScope& scope, const RegistrationId& id) {
    return steps_.stored([&] { return store_.find_individual(scope, id); });
}

Result<void> SteppedEnrollments::save(const IdScope& scope, const IndividualEnrollment& enrollment,
                                      const Write& write) {
    return steps_.stored([&] {
        auto saved = store_.save(scope, enrollment, write);
        if (saved) {
            rules_.enrollment_changed(key_of(enrollment.id), enrollment.terms);
        }
        return saved;
    });
}

Result<std::vector<Result<void>>> SteppedEnrollments::save_all(
    const IdScope& scope, std::span<const provisioning::IndividualWrite> rows, const Write& batch) {
    return steps_.stored([&] { return store_.save_all(scope, rows, batch); });
}

Result<std::vector<IndividualEnrollment>>
SteppedEnrollments::find_individuals(const IdScope& scope, std::span<const RegistrationId> ids) {
    return steps_.stored([&] { return store_.find_individuals(scope, ids); });
}

Result<void> SteppedEnrollments::erase_individual(const IdScope& scope, const RegistrationId& id,
                                                  const Write& write,
                                                  const provisioning::Remains& remains) {
    return steps_.stored([&] {
        auto erased = store_.erase_individual(scope, id, write, remains);
        if (erased) {
            rules_.enrollment_changed(key_of(id), {});
        }
        return erased;
    });
}

Result<std::optional<EnrollmentGroup>> SteppedEnrollments::find_group(const IdScope& scope,
                                                                      const EnrollmentGroupId& id) {
    return steps_.stored([&] { return store_.find_group(scope, id); });
}

Result<void> SteppedEnrollments::save(const IdScope& scope, const EnrollmentGroup& group,
                                      const Write& write) {
    return steps_.stored([&] {
        auto saved = store_.save(scope, group, write);
        if (saved) {
            rules_.enrollment_changed(key_of(group.id), group.terms);
        }
        return saved;
    });
}

Result<void> SteppedEnrollments::erase_group(const IdScope& scope, const EnrollmentGroupId& id,
                                             const Write& write) {
    return steps_.stored([&] {
        auto erased = store_.erase_group(scope, id, write);
        if (erased) {
            rules_.enrollment_changed(key_of(id), {});
        }
        return erased;
    });
}

Result<std::vector<EnrollmentGroup>> SteppedEnrollments::groups(const IdScope& scope) {
    return steps_.stored([&] { return store_.groups(scope); });
}

Result<std::int64_t> SteppedEnrollments::groups_revision(const IdScope& scope) {
    return steps_.stored([&] { return store_.groups_revision(scope); });
}

Result<std::vector<IndividualEnrollment>> SteppedEnrollments::individuals(const IdScope& scope,
                                                                          const std::string& after,
                                                                          std::size_t count_max) {
    return steps_.stored([&] { return store_.individuals(scope, after, count_max); });
}

Result<std::vector<IndividualEnrollment>>
SteppedEnrollments::individuals_where(const IdScope& scope,
                                      const provisioning::EnrollmentFilter& filter,
                                      const std::string& after, std::size_t count_max) {
    return steps_.stored([&] { return store_.individuals_where(scope, filter, after, count_max); });
}

Result<provisioning::ScopeCounts> SteppedEnrollments::counts(const IdScope& scope) {
    return steps_.stored([&] { return store_.counts(scope); });
}

Result<std::optional<RegistrationId>>
SteppedEnrollments::individual_with_thumbprint(const IdScope& scope,
                                               const std::string& sha256_thumbprint) {
    return steps_.stored(
        [&] { return store_.individual_with_thumbprint(scope, sha256_thumbprint); });
}

// ---- registrations ----

Result<std::optional<RegistrationRecord>> SteppedRegistrations::find(const IdScope& scope,
                                                                     const RegistrationId& id) {
    return steps_.stored([&] { return store_.find(scope, id); });
}

Result<void> SteppedRegistrations::save(const IdScope& scope, const RegistrationRecord& record,
                                        const Write& write) {
    Stage& stage = steps_.stage();
    const SteadyTime began = stage.engine.task_began();
    return steps_.stored([&] {
        const auto before = store_.find(scope, record.id);
        auto saved = store_.save(scope, record, write);
        if (saved) {
            stage.tell(steps_.name(), record.id.text() + ": " + summary_of(record));
            rules_.record_saved(before.value_or(std::nullopt), record, began);
        } else {
            stage.tell(steps_.name(), fmt::format("{}: not saved, {}", record.id.text(),
                                                  to_string(saved.error().code)));
        }
        return saved;
    });
}

Result<void> SteppedRegistrations::erase(const IdScope& scope, const RegistrationId& id,
                                         const Write& write) {
    return steps_.stored([&] {
        auto erased = store_.erase(scope, id, write);
        if (erased) {
            steps_.stage().tell(steps_.name(), id.text() + ": the record is gone");
        }
        return erased;
    });
}

Result<std::vector<RegistrationRecord>>
SteppedRegistrations::of_group(const IdScope& scope, const EnrollmentGroupId& group,
                               const std::string& after, std::size_t count_max) {
    return steps_.stored([&] { return store_.of_group(scope, group, after, count_max); });
}

Result<std::vector<RegistrationRecord>> SteppedRegistrations::at_hub(const IdScope& scope,
                                                                     const HubName& hub,
                                                                     const std::string& after,
                                                                     std::size_t count_max) {
    return steps_.stored([&] { return store_.at_hub(scope, hub, after, count_max); });
}

Result<std::vector<RegistrationRecord>>
SteppedRegistrations::all(const IdScope& scope, const std::string& after, std::size_t count_max) {
    return steps_.stored([&] { return store_.all(scope, after, count_max); });
}

Result<std::vector<RegistrationRecord>> SteppedRegistrations::unfinished(const IdScope& scope,
                                                                         const std::string& after,
                                                                         std::size_t count_max) {
    return steps_.stored([&] { return store_.unfinished(scope, after, count_max); });
}

Result<std::vector<provisioning::HubCount>> SteppedRegistrations::hub_counts(const IdScope& scope) {
    return steps_.stored([&] { return store_.hub_counts(scope); });
}

} // namespace muster::simulation
