#pragma once
// The audit entry of a batch of enrollments (ports.h, EnrollmentStore::save_all). Which rows a
// store takes is known only inside its transaction, so the store settles the entry there: rows that
// it refused move from "created" and "replaced" to "refused".

#include "provisioning/ports.h"

#include <optional>
#include <span>

namespace muster::provisioning {

/// `change` is Write::change of the batch, `outcomes` has one for each row. Nothing, if there is
/// nothing to tell: no entry was asked for, or no row was written.
std::optional<Change> settled_change(const Change* change, std::span<const IndividualWrite> rows,
                                     std::span<const Result<void>> outcomes);

} // namespace muster::provisioning
