#include "provisioning/documents/names.h"

#include "base/check.h"
#include "base/text.h"

#include <initializer_list>

namespace muster::provisioning {

namespace {

template <class T>
std::optional<T> named(std::string_view text, std::initializer_list<T> values) {
    for (const T value : values) {
        if (equal_ignoring_case(text, to_string(value))) {
            return value;
        }
    }
    return std::nullopt;
}

} // namespace

std::string_view to_string(ProvisioningStatus status) {
    switch (status) {
    case ProvisioningStatus::enabled: return "enabled";
    case ProvisioningStatus::disabled: return "disabled";
    }
    CHECK(false);
    return {};
}

std::string_view to_string(AllocationPolicy policy) {
    switch (policy) {
    case AllocationPolicy::hashed: return "hashed";
    case AllocationPolicy::geo_latency: return "geoLatency";
    case AllocationPolicy::fixed: return "static";
    case AllocationPolicy::custom: return "custom";
    }
    CHECK(false);
    return {};
}

std::optional<ProvisioningStatus> provisioning_status(std::string_view text) {
    return named(text, {ProvisioningStatus::enabled, ProvisioningStatus::disabled});
}

std::optional<AllocationPolicy> allocation_policy(std::string_view text) {
    using enum AllocationPolicy;
    return named(text, {hashed, geo_latency, fixed, custom});
}

std::optional<RegistrationStatus> registration_status(std::string_view text) {
    using enum RegistrationStatus;
    return named(text, {unassigned, assigning, assigned, failed, disabled});
}

std::optional<Substatus> substatus(std::string_view text) {
    using enum Substatus;
    return named(text, {initial_assignment, device_data_migrated, device_data_reset,
                        reprovisioned_to_initial_assignment});
}

std::optional<PlanKind> plan_kind(std::string_view text) {
    using enum PlanKind;
    return named(text, {ask, keep, assign, reset, move});
}

std::optional<PlanStage> plan_stage(std::string_view text) {
    using enum PlanStage;
    return named(text, {begun, fenced, decided});
}

std::optional<ChoreKind> chore_kind(std::string_view text) {
    using enum ChoreKind;
    return named(text, {release, erase, block, unblock});
}

} // namespace muster::provisioning
