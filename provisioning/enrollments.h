#pragma once
// The operator's use cases on enrollments and registration records (reference: dps-service 2 to 4,
// 7, 8): load, decide, save with an expected version, reply.

#include "base/clock.h"
#include "base/random.h"
#include "provisioning/current_instance.h"
#include "provisioning/ports.h"
#include "provisioning/principal.h"

#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <vector>

namespace muster::provisioning {

/// The If-Match header as understood by every client (dps-service 2.5).
struct IfMatch {
    enum class Kind : std::uint8_t { absent, any, exactly };
    Kind kind = Kind::absent;
    ETag etag; // with exactly

    /// `*` and `"*"` are any; `E` and `"E"` are the same etag.
    static IfMatch from_header(std::string_view value);
};

/// A registration record beside its enrollment, as GET of an individual enrollment shows it.
struct EnrollmentView {
    IndividualEnrollment enrollment;
    std::optional<RegistrationRecord> registration;
};

/// dps-service 2.6.
enum class BulkMode : std::uint8_t { create, update, update_if_match_etag, erase };

/// Without regard to case.
std::optional<BulkMode> parse_bulk_mode(std::string_view text);

/// One item of a bulk operation: the etag in its document counts as If-Match in the update modes.
template <class Resource>
struct BulkItem {
    Resource resource; // in BulkMode::erase only the id matters
    ETag etag;         // empty if it has none
};

inline constexpr std::size_t bulk_items_max = 10;

/// Of one instance at once: each may look at every enrollment and holds a worker meanwhile.
inline constexpr int filtered_queries_max = 4;

/// What to do with an imported enrollment whose id is there already.
enum class ImportMode : std::uint8_t { keep, replace };

enum class ImportOutcome : std::uint8_t { created, replaced, unchanged };

inline constexpr std::size_t import_rows_max = 1000;

struct Desk; // enrollment_desk.h

/// Thread safe. Errors of all: not_found, already_exists, precondition, malformed, quota_exceeded,
/// plus the store's. Every change is audited in the name of `by`.
class Enrollments {
  public:
    Enrollments(const CurrentInstance& instance, EnrollmentStore& enrollments,
                RegistrationStore& registrations, const Clock& clock, Random& random);

    /// Creates or replaces. `wanted` carries what the caller set; keys and certificates that it
    /// leaves open are kept from the stored one or generated (dps-service 6.4, 7).
    Result<IndividualEnrollment> put(IndividualEnrollment wanted, const IfMatch& if_match,
                                     const Principal& by);
    Result<EnrollmentGroup> put(EnrollmentGroup wanted, const IfMatch& if_match,
                                const Principal& by);

    /// An outcome for each item, in order. Error: malformed, for the whole: more than
    /// bulk_items_max, or an id twice.
    Result<std::vector<Result<void>>>
    bulk(BulkMode mode, std::vector<BulkItem<IndividualEnrollment>> items, const Principal& by);
    Result<std::vector<Result<void>>>
    bulk(BulkMode mode, std::vector<BulkItem<EnrollmentGroup>> items, const Principal& by);

    /// Many rows in one transaction and one audit entry; repeating it changes nothing. An existing
    /// row that says the same is unchanged; one that differs is already_exists in mode keep. Error:
    /// as bulk, beyond import_rows_max.
    Result<std::vector<Result<ImportOutcome>>> import(std::vector<IndividualEnrollment> rows,
                                                      ImportMode mode, const Principal& by);

    Result<EnrollmentView> get(const RegistrationId& id);
    Result<EnrollmentGroup> get(const EnrollmentGroupId& id);

    Result<void> erase(const RegistrationId& id, const IfMatch& if_match, const Principal& by);
    Result<void> erase(const EnrollmentGroupId& id, const IfMatch& if_match, const Principal& by);

    /// All of them, or those that the filter matches. Error: rate_limited, beyond
    /// filtered_queries_max.
    Result<std::vector<IndividualEnrollment>> individuals(const std::string& after,
                                                          std::size_t count_max,
                                                          const EnrollmentFilter* filter = nullptr);
    Result<std::vector<EnrollmentGroup>> groups();

    Result<RegistrationRecord> registration(const RegistrationId& id);
    Result<void> erase_registration(const RegistrationId& id, const IfMatch& if_match,
                                    const Principal& by);
    Result<std::vector<RegistrationRecord>> registrations_of(const EnrollmentGroupId& group,
                                                             const std::string& after,
                                                             std::size_t count_max);

    [[nodiscard]] const CurrentInstance& instance() const { return instance_; }

    Result<ScopeCounts> counts();

  private:
    [[nodiscard]] Desk desk(const Principal& by);

    const CurrentInstance& instance_;
    EnrollmentStore& enrollments_;
    RegistrationStore& registrations_;
    const Clock& clock_;
    Random& random_;
    std::mutex placing_certificates_; // Desk
    std::counting_semaphore<filtered_queries_max> filtering_{filtered_queries_max};
};

} // namespace muster::provisioning
