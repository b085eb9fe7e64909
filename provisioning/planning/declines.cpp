#include "provisioning/planning/declines.h"

#include "provisioning/refusals.h"

namespace muster::provisioning {

namespace {

constexpr std::size_t findings_max = 16;

std::vector<Finding> findings_of(FindingCode code, const std::vector<std::string>& details) {
    std::vector<Finding> findings;
    for (const std::string& detail : details) {
        if (findings.size() < findings_max) {
            findings.push_back({.code = code, .detail = detail});
        }
    }
    return findings;
}

} // namespace

std::optional<Decline> objection_of(const EnrollmentTerms& terms) {
    if (terms.status == ProvisioningStatus::enabled) {
        return std::nullopt;
    }
    return Decline{.status = RegistrationStatus::disabled,
                   .failure = {failure_code::enrollment_disabled, "The enrollment is disabled."},
                   .findings = {{.code = FindingCode::enrollment_disabled,
                                 .detail = "the provisioning status is disabled"}}};
}

Decline blocked_decline(const Block& block) {
    std::string detail = "blocked since " + format_time(block.since);
    if (!block.reason.empty()) {
        detail += ": " + block.reason;
    }
    return Decline{.status = RegistrationStatus::disabled,
                   .failure = blocked_failure(),
                   .findings = {{.code = FindingCode::device_blocked, .detail = detail}}};
}

Failure blocked_failure() {
    return {failure_code::enrollment_disabled, "The device is blocked."};
}

Finding quota_finding(const Instance& instance) {
    return {.code = FindingCode::quota_reached,
            .detail = "the quota is " + std::to_string(instance.quotas.registrations.value_or(0)) +
                      " registrations"};
}

Decline enrollment_gone(const DecidedBy& decider) {
    const auto* group = std::get_if<DecidedByGroup>(&decider);
    const std::string which = group != nullptr
                                  ? "the group " + in_quotes(group->id.text())
                                  : "the individual enrollment " +
                                        in_quotes(std::get<DecidedByIndividual>(decider).id.text());
    return {.status = RegistrationStatus::failed,
            .failure = {failure_code::enrollment_gone, "The enrollment was deleted."},
            .findings = {{.code = FindingCode::no_enrollment,
                          .detail = which + " was deleted while the device was being assigned"}}};
}

Decline no_hub(const Allocation& reasoning) {
    Decline decline{
        .status = RegistrationStatus::failed,
        .failure = {failure_code::no_hub, "No IoT hub is available for this enrollment."},
        .findings = findings_of(FindingCode::no_hub, reasoning.excluded)};
    if (decline.findings.empty()) {
        decline.findings = findings_of(FindingCode::no_hub, reasoning.reasons);
    }
    if (decline.findings.empty()) {
        decline.findings.push_back({.code = FindingCode::no_hub, .detail = "no hub is linked"});
    }
    return decline;
}

Decline wrong_answer(const Allocation& reasoning) {
    std::vector<std::string> details = reasoning.reasons;
    details.insert(details.end(), reasoning.excluded.begin(), reasoning.excluded.end());
    return {.status = RegistrationStatus::failed,
            .failure = {failure_code::custom_allocation,
                        "Custom allocation failed: the IoT hub it chose cannot take the device."},
            .findings = findings_of(FindingCode::custom_allocation_failed, details)};
}

Decline quarantine_unlinked(const HubName& hub) {
    return {.status = RegistrationStatus::failed,
            .failure = {failure_code::no_hub, "No IoT hub is available for this enrollment."},
            .findings = {{.code = FindingCode::no_hub,
                          .detail = "the device is quarantined at " + hub.text() +
                                    ", which is not linked"}}};
}

Decline too_many_chores(const RegistrationRecord& record) {
    const Chore& oldest = record.chores.front();
    return {.status = RegistrationStatus::failed,
            .failure = {failure_code::internal, "Earlier moves of the device are not finished."},
            .findings = {{.code = FindingCode::hub_unreachable,
                          .detail = std::to_string(record.chores.size()) +
                                    " chores are left, the oldest at " + oldest.place.hub.text() +
                                    ": " + oldest.problem}}};
}

Decline not_now(std::string message) {
    return {.status = RegistrationStatus::failed,
            .failure = {failure_code::internal, std::move(message)},
            .findings = {}};
}

} // namespace muster::provisioning
