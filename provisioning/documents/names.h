#pragma once
// Enumerations as they are spelled in documents. Reading disregards case (dps-service 2.1, 2.2);
// writing is camelCase.

#include "provisioning/enrollment.h"
#include "provisioning/registration.h"

#include <optional>
#include <string_view>

namespace muster::provisioning {

std::string_view to_string(ProvisioningStatus status);
std::string_view to_string(AllocationPolicy policy);

std::optional<ProvisioningStatus> provisioning_status(std::string_view text);
std::optional<AllocationPolicy> allocation_policy(std::string_view text);
std::optional<RegistrationStatus> registration_status(std::string_view text);
std::optional<Substatus> substatus(std::string_view text);
std::optional<PlanKind> plan_kind(std::string_view text);
std::optional<PlanStage> plan_stage(std::string_view text);
std::optional<ChoreKind> chore_kind(std::string_view text);

} // namespace muster::provisioning
