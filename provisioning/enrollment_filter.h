#pragma once
// The query language of enrollments (reference: dps-service 5.1). Azure ignores the text; here a
// WHERE clause filters.
//
//     query      = SELECT columns [ FROM name ] [ WHERE condition ]
//     condition  = or-terms of AND-terms of [NOT] ( condition ) | comparison | function
//     comparison = path ( = | != | <> | < | <= | > | >= ) literal
//                | path [NOT] IN [ literal, .. ]  or ( literal, .. )
//     function   = IS_DEFINED(path) | STARTSWITH(path, 'text') | CONTAINS(path, 'text')
//     literal    = 'text' | "text" | number | true | false | null
//
// A quote within a text is doubled. Not defined is what is missing or null.
//
// Keywords, member names of the service API and values of its enumerations compare without case;
// ids do too; everything below initialTwin compares exactly. Dates compare as times. A path is one
// of registrationId, enrollmentGroupId, deviceId, provisioningStatus, attestation.type,
// allocationPolicy, iotHubs (any of them), iotHubHostName, createdDateTimeUtc,
// lastUpdatedDateTimeUtc, capabilities.iotEdge, etag, initialTwin.tags.*, tags.*,
// initialTwin.properties.desired.*, optionalDeviceInformation.*.

#include "base/json.h"
#include "base/result.h"

#include <memory>
#include <string>
#include <string_view>

namespace muster::provisioning {

inline constexpr std::size_t query_bytes_max = 8 * 1024;
inline constexpr std::size_t query_terms_max = 64;
inline constexpr std::size_t query_depth_max = 16;

/// A parsed WHERE clause. Immutable, cheap to copy, thread safe.
class EnrollmentFilter {
  public:
    /// Matches everything.
    EnrollmentFilter() = default;

    /// `document` has the members of the service API (documents.h, View::read or stored). A member
    /// that is missing satisfies no comparison but `!=`, NOT, and `= null`.
    [[nodiscard]] bool matches(const JsonObject& document) const;

    [[nodiscard]] bool matches_everything() const { return root_ == nullptr; }

    struct Node;

  private:
    friend Result<EnrollmentFilter> parse_enrollment_query(std::string_view text);
    std::shared_ptr<const Node> root_;
};

/// `*`, an empty text and a SELECT without WHERE match everything. Error: malformed, with the place
/// as the number of the byte, from 1 (`at 27: expected a literal`); the caller then returns
/// everything, as Azure does.
Result<EnrollmentFilter> parse_enrollment_query(std::string_view text);

} // namespace muster::provisioning
