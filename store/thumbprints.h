#pragma once
// The client certificates of an individual enrollment, as the key they are found by.

#include "provisioning/enrollment.h"

#include <string>
#include <vector>

namespace muster::store {

/// SHA-256 thumbprints, each once: the same certificate may stand in both slots.
std::vector<std::string> client_thumbprints(const provisioning::IndividualEnrollment& enrollment);

} // namespace muster::store
