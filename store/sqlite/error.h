#pragma once
// What SQLite's result codes mean to a caller.

#include "base/result.h"

#include <sqlite3.h>

#include <string_view>

namespace muster::store::sqlite {

/// `doing` says what was tried. Busy, full disk and I/O errors pass: unavailable. A damaged file
/// does not: internal.
std::unexpected<Error> engine_error(int result_code, std::string_view doing, std::string_view why);

/// The same with the connection's own words.
std::unexpected<Error> engine_error(sqlite3* connection, std::string_view doing);

} // namespace muster::store::sqlite
