#include "store/sqlite/error.h"

#include <fmt/format.h>

namespace muster::store::sqlite {

namespace {

struct Meaning {
    Code code;
    std::string_view detail;
};

Meaning meaning_of(int result_code) {
    switch (result_code & 0xff) { // the primary code
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_INTERRUPT: return {Code::unavailable, "the database is busy"};
    case SQLITE_FULL: return {Code::unavailable, "the disk is full"};
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_NOMEM: return {Code::unavailable, "the database cannot be reached"};
    case SQLITE_CORRUPT: return {Code::internal, "the database file is damaged"};
    case SQLITE_NOTADB: return {Code::internal, "the file is not a database, or damaged"};
    default: break;
    }
    if (result_code == SQLITE_CONSTRAINT_UNIQUE || result_code == SQLITE_CONSTRAINT_PRIMARYKEY) {
        return {Code::already_exists, "the key is taken"};
    }
    return {Code::internal, "the database refused a statement"};
}

} // namespace

std::unexpected<Error> engine_error(int result_code, std::string_view doing, std::string_view why) {
    const Meaning meaning = meaning_of(result_code);
    return fail(meaning.code, std::string(meaning.detail),
                fmt::format("{}: {} (SQLite {})", doing, why, result_code));
}

std::unexpected<Error> engine_error(sqlite3* connection, std::string_view doing) {
    return engine_error(sqlite3_extended_errcode(connection), doing, sqlite3_errmsg(connection));
}

} // namespace muster::store::sqlite
