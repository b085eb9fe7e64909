#pragma once
// What an attestation check says: proven, with what the proof showed, or not, with the reason for
// the operator. The device only ever learns that it was refused.

#include <expected>
#include <string>

namespace muster::provisioning {

template <class Evidence = void>
using Verdict = std::expected<Evidence, std::string>;

} // namespace muster::provisioning
