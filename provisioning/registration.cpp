#include "provisioning/registration.h"

#include "base/check.h"

#include <algorithm>

namespace muster::provisioning {

bool RegistrationRecord::answers_to(const OperationId& asked) const {
    return asked == operation ||
           std::ranges::find(earlier_operations, asked) != earlier_operations.end();
}

std::string_view to_string(RegistrationStatus status) {
    switch (status) {
    case RegistrationStatus::unassigned: return "unassigned";
    case RegistrationStatus::assigning: return "assigning";
    case RegistrationStatus::assigned: return "assigned";
    case RegistrationStatus::failed: return "failed";
    case RegistrationStatus::disabled: return "disabled";
    }
    CHECK(false);
    return {};
}

std::string_view to_string(Substatus substatus) {
    switch (substatus) {
    case Substatus::initial_assignment: return "initialAssignment";
    case Substatus::device_data_migrated: return "deviceDataMigrated";
    case Substatus::device_data_reset: return "deviceDataReset";
    case Substatus::reprovisioned_to_initial_assignment: return "reprovisionedToInitialAssignment";
    }
    CHECK(false);
    return {};
}

std::string_view to_string(PlanKind kind) {
    switch (kind) {
    case PlanKind::ask: return "ask";
    case PlanKind::keep: return "keep";
    case PlanKind::assign: return "assign";
    case PlanKind::reset: return "reset";
    case PlanKind::move: return "move";
    }
    CHECK(false);
    return {};
}

std::string_view to_string(PlanStage stage) {
    switch (stage) {
    case PlanStage::begun: return "begun";
    case PlanStage::fenced: return "fenced";
    case PlanStage::decided: return "decided";
    }
    CHECK(false);
    return {};
}

std::string_view to_string(ChoreKind kind) {
    switch (kind) {
    case ChoreKind::release: return "release";
    case ChoreKind::erase: return "erase";
    case ChoreKind::block: return "block";
    case ChoreKind::unblock: return "unblock";
    }
    CHECK(false);
    return {};
}

} // namespace muster::provisioning
