#include "bench/bare_table.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace muster::bench {

namespace {

void must(bool done, std::string_view what) {
    if (!done) {
        fmt::print(stderr, "{} failed\n", what);
        std::exit(1);
    }
}

} // namespace

BareTable::BareTable(const std::filesystem::path& file, const std::string& table,
                     const std::string& columns, const std::string& values) {
    must(sqlite3_open(file.c_str(), &database_) == SQLITE_OK, "open");
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    const std::string upsert =
        fmt::format("INSERT INTO {} (scope, folded_id, version, document{}) VALUES (?1, ?2, 1, "
                    "?3{}) ON CONFLICT (scope, folded_id) DO UPDATE SET version = "
                    "excluded.version, document = excluded.document",
                    table, columns, values);
    must(sqlite3_prepare_v2(database_, upsert.c_str(), -1, &upsert_, nullptr) == SQLITE_OK,
         "prepare");
}

BareTable::~BareTable() {
    sqlite3_finalize(upsert_);
    sqlite3_close(database_);
}

void BareTable::run(const char* text) {
    must(sqlite3_exec(database_, text, nullptr, nullptr, nullptr) == SQLITE_OK, text);
}

void BareTable::upsert(const std::string& id, const std::string& document) {
    bind(1, "0ne00000001");
    bind(2, id);
    bind(3, document);
    must(sqlite3_step(upsert_) == SQLITE_DONE, "upsert");
    sqlite3_reset(upsert_);
}

void BareTable::bind(int position, std::string_view text) {
    sqlite3_bind_text(upsert_, position, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

} // namespace muster::bench
