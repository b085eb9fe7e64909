#include "provisioning/enrollments.h"

#include "provisioning/completion.h"
#include "provisioning/preconditions.h"
#include "provisioning/retries.h"
#include "provisioning/stamps.h"
#include "provisioning/uniqueness.h"
#include "provisioning/validation.h"

namespace muster::provisioning {

namespace {

// ---- individual enrollments and groups under one name each ----

struct Shelf {
    const IdScope& scope;
    EnrollmentStore& store;
};

Result<std::optional<IndividualEnrollment>> find(const Shelf& shelf, const RegistrationId& id) {
    return shelf.store.find_individual(shelf.scope, id);
}

Result<std::optional<EnrollmentGroup>> find(const Shelf& shelf, const EnrollmentGroupId& id) {
    return shelf.store.find_group(shelf.scope, id);
}

Result<void> erase_from(const Shelf& shelf, const RegistrationId& id, Expected expected) {
    return shelf.store.erase_individual(shelf.scope, id, expected);
}

Result<void> erase_from(const Shelf& shelf, const EnrollmentGroupId& id, Expected expected) {
    return shelf.store.erase_group(shelf.scope, id, expected);
}

std::string_view kind_of(const RegistrationId& /*id*/) {
    return "enrollment";
}

std::string_view kind_of(const EnrollmentGroupId& /*id*/) {
    return "enrollment group";
}

template <class Resource>
const ResourceStamp* stamp_of(const std::optional<Resource>& stored) {
    return stored ? &stored->stamp : nullptr;
}

/// What was found, or Code::not_found.
template <class Resource>
Result<Resource> present(Result<std::optional<Resource>> found, std::string_view kind) {
    if (!found) {
        return std::unexpected(std::move(found).error());
    }
    if (!*found) {
        return fail(Code::not_found, std::string(kind) + " not found");
    }
    return **std::move(found);
}

// ---- load, decide, save ----

/// `wanted` as it is to be stored: completed from what is there already, checked.
template <class Resource>
Result<Resource> prepare(Resource wanted, const std::optional<Resource>& stored,
                         const Instance& instance, Random& random) {
    const Attestation* had = stored ? &stored->terms.attestation : nullptr;
    Result<Attestation> attestation =
        complete_attestation(std::move(wanted.terms.attestation), had, random);
    if (!attestation) {
        return std::unexpected(std::move(attestation).error());
    }
    wanted.terms.attestation = *std::move(attestation);
    if (stored) {
        wanted.id = stored->id; // dps-service 14, 21: the first spelling stays
    }
    if (auto valid = validate(wanted, instance); !valid) {
        return std::unexpected(std::move(valid).error());
    }
    return wanted;
}

struct Desk {
    const Instance& instance;
    EnrollmentStore& store;
    const Clock& clock;
    Random& random;
};

template <class Resource>
Result<Resource> put_once(const Desk& desk, const Resource& wanted, const IfMatch& if_match) {
    const Shelf shelf{.scope = desk.instance.scope, .store = desk.store};
    const auto stored = find(shelf, wanted.id);
    if (!stored) {
        return std::unexpected(stored.error());
    }
    const auto expected = permit_put(stamp_of(*stored), if_match, kind_of(wanted.id));
    if (!expected) {
        return std::unexpected(expected.error());
    }
    Result<Resource> next = prepare(wanted, *stored, desk.instance, desk.random);
    if (!next) {
        return next;
    }
    if (auto unique = check_certificates_unique(*next, shelf.scope, shelf.store); !unique) {
        return std::unexpected(std::move(unique).error());
    }
    const Mark mark = new_mark(desk.clock, desk.random);
    next->stamp = *stored ? next_stamp((*stored)->stamp, mark) : first_stamp(mark);
    if (auto saved = desk.store.save(shelf.scope, *next, *expected); !saved) {
        return std::unexpected(std::move(saved).error());
    }
    return next;
}

template <class Key>
Result<void> erase_once(const Shelf& shelf, const Key& id, const IfMatch& if_match) {
    const auto stored = find(shelf, id);
    if (!stored) {
        return std::unexpected(stored.error());
    }
    const auto expected = permit_erase(stamp_of(*stored), if_match, kind_of(id));
    if (!expected) {
        return std::unexpected(expected.error());
    }
    return erase_from(shelf, id, *expected);
}

} // namespace

Enrollments::Enrollments(const Instance& instance, EnrollmentStore& enrollments,
                         RegistrationStore& registrations, const Clock& clock, Random& random)
    : instance_(instance), enrollments_(enrollments), registrations_(registrations), clock_(clock),
      random_(random) {}

Result<IndividualEnrollment> Enrollments::put(IndividualEnrollment wanted,
                                              const IfMatch& if_match) {
    const Desk desk{instance_, enrollments_, clock_, random_};
    return retry_on_conflict<IndividualEnrollment>(
        [&] { return put_once(desk, wanted, if_match); });
}

Result<EnrollmentGroup> Enrollments::put(EnrollmentGroup wanted, const IfMatch& if_match) {
    const Desk desk{instance_, enrollments_, clock_, random_};
    return retry_on_conflict<EnrollmentGroup>([&] { return put_once(desk, wanted, if_match); });
}

Result<EnrollmentView> Enrollments::get(const RegistrationId& id) {
    Result<IndividualEnrollment> enrollment =
        present(enrollments_.find_individual(instance_.scope, id), kind_of(id));
    if (!enrollment) {
        return std::unexpected(std::move(enrollment).error());
    }
    auto registration = registrations_.find(instance_.scope, id);
    if (!registration) {
        return std::unexpected(std::move(registration).error());
    }
    return EnrollmentView{*std::move(enrollment), *std::move(registration)};
}

Result<EnrollmentGroup> Enrollments::get(const EnrollmentGroupId& id) {
    return present(enrollments_.find_group(instance_.scope, id), kind_of(id));
}

Result<void> Enrollments::erase(const RegistrationId& id, const IfMatch& if_match) {
    const Shelf shelf{instance_.scope, enrollments_};
    return retry_on_conflict<void>([&] { return erase_once(shelf, id, if_match); });
}

Result<void> Enrollments::erase(const EnrollmentGroupId& id, const IfMatch& if_match) {
    const Shelf shelf{instance_.scope, enrollments_};
    return retry_on_conflict<void>([&] { return erase_once(shelf, id, if_match); });
}

Result<std::vector<IndividualEnrollment>> Enrollments::individuals(const std::string& after,
                                                                   std::size_t count_max) {
    return enrollments_.individuals(instance_.scope, after, count_max);
}

Result<std::vector<EnrollmentGroup>> Enrollments::groups() {
    return enrollments_.groups(instance_.scope);
}

// ---- registration records ----

Result<RegistrationRecord> Enrollments::registration(const RegistrationId& id) {
    return present(registrations_.find(instance_.scope, id), "registration");
}

Result<void> Enrollments::erase_registration(const RegistrationId& id, const IfMatch& if_match) {
    return retry_on_conflict<void>([&]() -> Result<void> {
        const auto stored = registrations_.find(instance_.scope, id);
        if (!stored) {
            return std::unexpected(stored.error());
        }
        const auto expected = permit_erase(stamp_of(*stored), if_match, "registration");
        if (!expected) {
            return std::unexpected(expected.error());
        }
        return registrations_.erase(instance_.scope, id, *expected);
    });
}

Result<std::vector<RegistrationRecord>>
Enrollments::registrations_of(const EnrollmentGroupId& group, const std::string& after,
                              std::size_t count_max) {
    return registrations_.of_group(instance_.scope, group, after, count_max);
}

} // namespace muster::provisioning
