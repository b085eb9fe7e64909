#pragma once
// Goes through records and asks their hubs, a page at a time.

#include "provisioning/fleet/fleets.h"

#include <cstddef>
#include <string>

namespace muster::provisioning {

Result<Fleets::SuspectPage> search_suspects(const Fleets::Ports& ports, const std::string& after,
                                            std::size_t records_max);

} // namespace muster::provisioning
