#include "provisioning/enrollments.h"

#include "provisioning/enrollment_desk.h"

namespace muster::provisioning {

namespace {

constexpr std::chrono::seconds filtered_query_pause{2};

/// Gives its place back however the query ends.
class Filtering {
  public:
    explicit Filtering(std::counting_semaphore<filtered_queries_max>& places) : places_(places) {}

    ~Filtering() { places_.release(); }

    Filtering(const Filtering&) = delete;
    Filtering& operator=(const Filtering&) = delete;

  private:
    std::counting_semaphore<filtered_queries_max>& places_;
};

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

/// What an erased record leaves is for the next registration only.
std::optional<RegistrationRecord> visible(std::optional<RegistrationRecord> record) {
    return record && record->erased ? std::nullopt : std::move(record);
}

} // namespace

Enrollments::Enrollments(const CurrentInstance& instance, EnrollmentStore& enrollments,
                         RegistrationStore& registrations, const Clock& clock, Random& random)
    : instance_(instance), enrollments_(enrollments), registrations_(registrations), clock_(clock),
      random_(random) {}

Desk Enrollments::desk(const Principal& by) {
    return {.instance = instance_.get(),
            .enrollments = enrollments_,
            .registrations = registrations_,
            .clock = clock_,
            .random = random_,
            .by = by,
            .placing_certificates = placing_certificates_};
}

Result<IndividualEnrollment> Enrollments::put(IndividualEnrollment wanted, const IfMatch& if_match,
                                              const Principal& by) {
    return put_enrollment(desk(by), wanted, if_match);
}

Result<EnrollmentGroup> Enrollments::put(EnrollmentGroup wanted, const IfMatch& if_match,
                                         const Principal& by) {
    return put_enrollment(desk(by), wanted, if_match);
}

Result<EnrollmentView> Enrollments::get(const RegistrationId& id) {
    Result<IndividualEnrollment> enrollment =
        present(enrollments_.find_individual(instance_.scope(), id), kind_of(id));
    if (!enrollment) {
        return std::unexpected(std::move(enrollment).error());
    }
    auto registration = registrations_.find(instance_.scope(), id);
    if (!registration) {
        return std::unexpected(std::move(registration).error());
    }
    return EnrollmentView{*std::move(enrollment), visible(*std::move(registration))};
}

Result<EnrollmentGroup> Enrollments::get(const EnrollmentGroupId& id) {
    return present(enrollments_.find_group(instance_.scope(), id), kind_of(id));
}

Result<void> Enrollments::erase(const RegistrationId& id, const IfMatch& if_match,
                                const Principal& by) {
    return erase_enrollment(desk(by), id, if_match);
}

Result<void> Enrollments::erase(const EnrollmentGroupId& id, const IfMatch& if_match,
                                const Principal& by) {
    return erase_enrollment(desk(by), id, if_match);
}

Result<std::vector<IndividualEnrollment>> Enrollments::individuals(const std::string& after,
                                                                   std::size_t count_max,
                                                                   const EnrollmentFilter* filter) {
    if (filter == nullptr || filter->matches_everything()) {
        return enrollments_.individuals(instance_.scope(), after, count_max);
    }
    if (!filtering_.try_acquire()) {
        auto refusal = fail(Code::rate_limited, "too many filtered queries at once");
        refusal.error().retry_after = filtered_query_pause;
        return refusal;
    }
    const Filtering under_way(filtering_);
    return enrollments_.individuals_where(instance_.scope(), *filter, after, count_max);
}

Result<std::vector<EnrollmentGroup>> Enrollments::groups() {
    return enrollments_.groups(instance_.scope());
}

Result<ScopeCounts> Enrollments::counts() {
    return enrollments_.counts(instance_.scope());
}

// ---- registration records ----

Result<RegistrationRecord> Enrollments::registration(const RegistrationId& id) {
    auto found = registrations_.find(instance_.scope(), id);
    if (found) {
        found = visible(*std::move(found));
    }
    return present(std::move(found), "registration");
}

Result<void> Enrollments::erase_registration(const RegistrationId& id, const IfMatch& if_match,
                                             const Principal& by) {
    return provisioning::erase_registration(desk(by), id, if_match);
}

Result<std::vector<RegistrationRecord>>
Enrollments::registrations_of(const EnrollmentGroupId& group, const std::string& after,
                              std::size_t count_max) {
    return registrations_.of_group(instance_.scope(), group, after, count_max);
}

} // namespace muster::provisioning
