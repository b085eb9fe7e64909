#pragma once
// A registration record as its row: what stands in the columns beside the document, so that it can
// be looked for. An erased record stands in no index but that of the unfinished.

#include "provisioning/registration.h"
#include "store/sql/database.h"

#include <cstdint>
#include <string_view>

namespace muster::store::sql {

/// Views into the record.
struct RegistrationColumns {
    std::string_view status;
    Value group;        // that decided
    Value hub;          // of the plan, else of the assignment
    Value assigned_hub; // of the assignment
    std::int64_t unfinished = 0;
    std::int64_t erased = 0;
};

RegistrationColumns columns_of(const provisioning::RegistrationRecord& record);

} // namespace muster::store::sql
