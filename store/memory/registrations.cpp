#include "store/counted.h"
#include "store/memory/counts.h"
#include "store/memory/ports.h"
#include "store/outcomes.h"

namespace muster::store::memory {

using provisioning::DecidedByGroup;
using provisioning::RegistrationRecord;
using provisioning::Write;

namespace {

bool is_decided_by(const RegistrationRecord& record, const EnrollmentGroupId& group) {
    const auto* decided =
        record.decided_by ? std::get_if<DecidedByGroup>(&*record.decided_by) : nullptr;
    return decided != nullptr && decided->id == group;
}

} // namespace

Result<std::optional<RegistrationRecord>> Registrations::find(const IdScope& scope,
                                                              const RegistrationId& id) {
    const std::scoped_lock lock(tables_.mutex);
    return find_in(tables_.registrations, {scope.text(), id.folded()});
}

Result<void> Registrations::save(const IdScope& scope, const RegistrationRecord& record,
                                 const Write& write) {
    const std::scoped_lock lock(tables_.mutex);
    const Key key{scope.text(), record.id.folded()};
    if (!has_version(tables_.registrations, key, write.expected)) {
        return version_conflict();
    }
    if (Result<void> room = check_creation(tables_, scope, counted_registrations, write); !room) {
        return room;
    }
    tables_.registrations.insert_or_assign(key, record);
    write_accompaniment(tables_.trails, scope, write);
    return {};
}

Result<void> Registrations::erase(const IdScope& scope, const RegistrationId& id,
                                  const Write& write) {
    const std::scoped_lock lock(tables_.mutex);
    const Key key{scope.text(), id.folded()};
    if (!is_there(tables_.registrations, key, write.expected)) {
        return version_conflict();
    }
    tables_.registrations.erase(key);
    write_accompaniment(tables_.trails, scope, write);
    return {};
}

Result<std::vector<RegistrationRecord>> Registrations::of_group(const IdScope& scope,
                                                                const EnrollmentGroupId& group,
                                                                const std::string& after,
                                                                std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    return page_of(tables_.registrations, {scope.text(), after}, count_max,
                   [&](const RegistrationRecord& record) { return is_decided_by(record, group); });
}

Result<std::vector<RegistrationRecord>>
Registrations::all(const IdScope& scope, const std::string& after, std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    return page_of(tables_.registrations, {scope.text(), after}, count_max);
}

Result<std::vector<RegistrationRecord>> Registrations::unfinished(const IdScope& scope,
                                                                  std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    return page_of(tables_.registrations, {scope.text(), ""}, count_max,
                   [](const RegistrationRecord& record) { return record.plan.has_value(); });
}

} // namespace muster::store::memory
