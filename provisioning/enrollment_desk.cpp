#include "provisioning/enrollment_desk.h"

#include "provisioning/completion.h"
#include "provisioning/enrollment_audit.h"
#include "provisioning/planning.h"
#include "provisioning/preconditions.h"
#include "provisioning/retries.h"
#include "provisioning/stamps.h"
#include "provisioning/uniqueness.h"

namespace muster::provisioning {

namespace {

template <class Resource>
const Resource* pointer_to(const std::optional<Resource>& stored) {
    return stored ? &*stored : nullptr;
}

template <class Resource>
const ResourceStamp* stamp_of(const std::optional<Resource>& stored) {
    return stored ? &stored->stamp : nullptr;
}

std::optional<std::int64_t> quota_for(const RegistrationId& /*id*/, const Quotas& quotas) {
    return quotas.enrollments;
}

std::optional<std::int64_t> quota_for(const EnrollmentGroupId& /*id*/, const Quotas& quotas) {
    return quotas.enrollment_groups;
}

Signature signature_of(const Desk& desk) {
    return {.at = desk.clock.wall(), .by = desk.by};
}

// ---- putting ----

template <class Resource>
Result<void> save(const Desk& desk, const std::optional<Resource>& stored, const Resource& next,
                  Expected expected) {
    const Change change = put_change(signature_of(desk), pointer_to(stored), next);
    return desk.enrollments.save(
        desk.instance->scope, next,
        Write(expected).limited(quota_for(next.id, desk.instance->quotas)).audited(change));
}

template <class Resource>
Result<Resource> put_once(const Desk& desk, const Resource& wanted, const IfMatch& if_match) {
    const auto stored = find_enrollment(desk, wanted.id);
    if (!stored) {
        return std::unexpected(stored.error());
    }
    const auto expected = permit_put(stamp_of(*stored), if_match, kind_of(wanted.id));
    if (!expected) {
        return std::unexpected(expected.error());
    }
    Result<Resource> next = completed(wanted, pointer_to(*stored), *desk.instance, desk.random);
    if (!next) {
        return next;
    }
    if (auto unique = check_certificates_unique(*next, desk.instance->scope, desk.enrollments);
        !unique) {
        return std::unexpected(std::move(unique).error());
    }
    const Mark mark = new_mark(desk.clock, desk.random);
    next->stamp = *stored ? next_stamp((*stored)->stamp, mark) : first_stamp(mark);
    if (auto saved = save(desk, *stored, *next, *expected); !saved) {
        return std::unexpected(std::move(saved).error());
    }
    return next;
}

// ---- erasing ----

DeviceEvent erased_event(const Desk& desk, const RegistrationRecord& record) {
    DeviceEvent event{.sequence = 0,
                      .at = desk.clock.wall(),
                      .kind = DeviceEventKind::erased,
                      .registration_id = record.id.text(),
                      .tracking_id = {},
                      .group = {},
                      .detail = {{"by", desk.by.name}}};
    if (record.decided_by) {
        if (const auto* group = std::get_if<DecidedByGroup>(&*record.decided_by)) {
            event.group = group->id.text();
        }
    }
    if (record.assignment) {
        event.detail["hub"] = record.assignment->hub.text();
    }
    return event;
}

/// An erased record is shown to nobody, as if it were not there.
Result<std::optional<RegistrationRecord>> find_visible(const Desk& desk, const RegistrationId& id) {
    auto record = desk.registrations.find(desk.instance->scope, id);
    if (record && *record && (*record)->erased) {
        record->reset();
    }
    return record;
}

Remains remains_at(const Desk& desk) {
    return [mark = new_mark(desk.clock, desk.random)](const RegistrationRecord& record) {
        return remains_of(record, mark);
    };
}

Result<void> erase_found(const Desk& desk, const IndividualEnrollment& stored, Expected expected) {
    const auto record = find_visible(desk, stored.id);
    if (!record) {
        return std::unexpected(record.error());
    }
    const Change change = erase_change(signature_of(desk), stored, *record);
    std::optional<DeviceEvent> event;
    Write write = Write(expected).audited(change);
    if (*record) {
        event = erased_event(desk, **record);
        write.event = &*event;
    }
    return desk.enrollments.erase_individual(desk.instance->scope, stored.id, write,
                                             remains_at(desk));
}

Result<void> erase_found(const Desk& desk, const EnrollmentGroup& stored, Expected expected) {
    const Change change = erase_change(signature_of(desk), stored);
    return desk.enrollments.erase_group(desk.instance->scope, stored.id,
                                        Write(expected).audited(change));
}

template <class Key>
Result<void> erase_once(const Desk& desk, const Key& id, const IfMatch& if_match) {
    const auto stored = find_enrollment(desk, id);
    if (!stored) {
        return std::unexpected(stored.error());
    }
    const auto expected = permit_erase(stamp_of(*stored), if_match, kind_of(id));
    if (!expected) {
        return std::unexpected(expected.error());
    }
    return erase_found(desk, **stored, *expected);
}

Result<void> erase_registration_once(const Desk& desk, const RegistrationId& id,
                                     const IfMatch& if_match) {
    const auto stored = find_visible(desk, id);
    if (!stored) {
        return std::unexpected(stored.error());
    }
    const auto expected = permit_erase(stamp_of(*stored), if_match, "registration");
    if (!expected) {
        return std::unexpected(expected.error());
    }
    const Change change = erase_change(signature_of(desk), **stored);
    const DeviceEvent event = erased_event(desk, **stored);
    const Write write = Write(*expected).audited(change).noted(event);
    if (const auto remains = remains_at(desk)(**stored)) {
        return desk.registrations.save(desk.instance->scope, *remains, write);
    }
    return desk.registrations.erase(desk.instance->scope, id, write);
}

} // namespace

Result<std::optional<IndividualEnrollment>> find_enrollment(const Desk& desk,
                                                            const RegistrationId& id) {
    return desk.enrollments.find_individual(desk.instance->scope, id);
}

Result<std::optional<EnrollmentGroup>> find_enrollment(const Desk& desk,
                                                       const EnrollmentGroupId& id) {
    return desk.enrollments.find_group(desk.instance->scope, id);
}

std::string_view kind_of(const RegistrationId& /*id*/) {
    return "enrollment";
}

std::string_view kind_of(const EnrollmentGroupId& /*id*/) {
    return "enrollment group";
}

Result<IndividualEnrollment> put_enrollment(const Desk& desk, const IndividualEnrollment& wanted,
                                            const IfMatch& if_match) {
    return retry_on_conflict<IndividualEnrollment>(
        [&] { return put_once(desk, wanted, if_match); });
}

Result<EnrollmentGroup> put_enrollment(const Desk& desk, const EnrollmentGroup& wanted,
                                       const IfMatch& if_match) {
    // The store keeps individual enrollments from sharing a certificate, but not groups: two that
    // look for each other's at the same time would both find none.
    std::unique_lock alone(desk.placing_certificates, std::defer_lock);
    if (std::holds_alternative<SigningCertificates>(wanted.terms.attestation)) {
        alone.lock();
    }
    return retry_on_conflict<EnrollmentGroup>([&] { return put_once(desk, wanted, if_match); });
}

Result<void> erase_enrollment(const Desk& desk, const RegistrationId& id, const IfMatch& if_match) {
    return retry_on_conflict<void>([&] { return erase_once(desk, id, if_match); });
}

Result<void> erase_enrollment(const Desk& desk, const EnrollmentGroupId& id,
                              const IfMatch& if_match) {
    return retry_on_conflict<void>([&] { return erase_once(desk, id, if_match); });
}

Result<void> erase_registration(const Desk& desk, const RegistrationId& id,
                                const IfMatch& if_match) {
    return retry_on_conflict<void>([&] { return erase_registration_once(desk, id, if_match); });
}

} // namespace muster::provisioning
