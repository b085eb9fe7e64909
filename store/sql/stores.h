#pragma once
// The storage ports over one database.

#include "store/sql/database.h"
#include "store/sql/settings.h"
#include "store/stores.h"

#include <memory>

namespace muster::store::sql {

std::unique_ptr<Stores> make_stores(std::unique_ptr<Database> database, Settings settings);

} // namespace muster::store::sql
