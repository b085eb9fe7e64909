#include "store/sql/registration_rows.h"

namespace muster::store::sql {

using provisioning::DecidedByGroup;
using provisioning::RegistrationRecord;

namespace {

Value group_column(const RegistrationRecord& record) {
    const auto* decided =
        record.decided_by ? std::get_if<DecidedByGroup>(&*record.decided_by) : nullptr;
    return decided == nullptr ? Value(Null{}) : Value(std::string_view(decided->id.folded()));
}

Value assigned_hub_column(const RegistrationRecord& record) {
    return record.assignment ? Value(std::string_view(record.assignment->hub.text()))
                             : Value(Null{});
}

Value hub_column(const RegistrationRecord& record) {
    // The plan has none while the allocation function has to be asked.
    const bool is_planned = record.plan && !record.plan->hub.empty();
    return is_planned ? Value(std::string_view(record.plan->hub.text()))
                      : assigned_hub_column(record);
}

} // namespace

RegistrationColumns columns_of(const RegistrationRecord& record) {
    RegistrationColumns columns{.status = to_string(record.status),
                                .group = Null{},
                                .hub = Null{},
                                .assigned_hub = Null{},
                                .unfinished = record.unfinished() ? 1 : 0,
                                .erased = record.erased ? 1 : 0};
    if (!record.erased) {
        columns.group = group_column(record);
        columns.hub = hub_column(record);
        columns.assigned_hub = assigned_hub_column(record);
    }
    return columns;
}

} // namespace muster::store::sql
