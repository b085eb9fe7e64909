#pragma once
// The tables, as numbered migrations. Migration n leads from version n to n + 1, runs in one
// transaction and never changes once it has been released: new needs get a new one at the end.

#include "store/sql/database.h"

#include <span>

namespace muster::store::sql {

struct Migration {
    std::span<const Statement> statements;
};

std::span<const Migration> migrations();

} // namespace muster::store::sql
