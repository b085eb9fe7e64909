#pragma once
// What an attestation check says: proven, with what the proof showed, or not, with the finding for
// the operator. The device only ever learns that it was refused.

#include "provisioning/findings.h"

#include <expected>
#include <string>
#include <utility>

namespace muster::provisioning {

template <class Evidence = void>
using Verdict = std::expected<Evidence, Finding>;

/// `return unproven(FindingCode::token_expired, "expired at ...");`
inline std::unexpected<Finding> unproven(FindingCode code, std::string detail) {
    return std::unexpected(Finding{.code = code, .detail = std::move(detail)});
}

} // namespace muster::provisioning
