#pragma once
// Why something was refused, as a closed list: the one table of the error catalogue. Each finding
// has a stable code, a cause and a remedy; `muster catalogue` prints the table and docs/errors.md
// is made from it.

#include "base/json.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::provisioning {

enum class FindingCode : std::uint8_t {
    // the proof as such
    no_proof,
    token_unreadable,
    token_expired,
    token_for_another_resource,
    chain_unreadable,
    chain_too_long,
    // a token against one enrollment
    token_missing,
    key_mismatch,
    key_of_other_spelling,
    key_not_derived,
    key_derived_needlessly,
    key_not_decoded,
    // a certificate against one enrollment
    certificate_missing,
    name_mismatch,
    not_enrolled_certificate,
    leaf_enrolled_elsewhere,
    certificate_expired,
    certificate_not_yet_valid,
    not_issued_by_anchor,
    anchor_presented,
    issuer_not_a_ca,
    purpose_excluded,
    certificate_refused,
    ca_not_registered,
    ca_not_verified,
    // the enrollment itself
    no_attestation,
    attestation_unsupported,
    no_enrollment,
    enrollment_disabled,
    device_blocked,
    // after the proof
    no_hub,
    hub_refused,
    hub_unreachable,
    custom_allocation_failed,
    registration_unknown,
    // around it
    network_rule,
    quota_reached,
    overloaded,
    internal_fault,
};

struct CatalogueEntry {
    FindingCode code;
    std::string_view name; // "token_expired": stable, printed and searched for
    std::string_view cause;
    std::string_view remedy;
    int device_error_code; // the six digits a device sees with it
};

/// Every code once, in the order of the enum.
std::span<const CatalogueEntry> finding_catalogue();
const CatalogueEntry& catalogue_entry(FindingCode code);

/// One thing that did not hold, with the facts of this case: which certificate, which key, which
/// clock. No secrets; for the operator, never for the device.
struct Finding {
    FindingCode code = FindingCode::internal_fault;
    std::string detail; // "expired at 2026-01-01T00:00:00Z, now is ..."
};

/// An enrollment that was looked at on the way to a verdict.
struct Considered {
    std::string kind; // "enrollment" or "enrollmentGroup"
    std::string id;
    std::vector<Finding> findings; // empty: it accepted the proof
};

/// The reasoning behind a verdict. Bounded: see explanation_considered_max.
struct Explanation {
    std::vector<Considered> considered;
    std::vector<Finding> findings; // not tied to one enrollment
    std::size_t left_out = 0;      // considered beyond the bound
};

inline constexpr std::size_t explanation_considered_max = 32;

/// Adds unless the bound is reached, then counts.
void add(Explanation& explanation, Considered considered);

/// `{"considered":[..],"findings":[{"code":..,"detail":..,"remedy":..}]}`
JsonObject to_document(const Explanation& explanation);

/// One line for the log.
std::string summary_of(const Explanation& explanation);

} // namespace muster::provisioning
