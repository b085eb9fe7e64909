#pragma once
// What a small C program would do: one prepared upsert into a table of the schema, WAL and
// synchronous=FULL.

#include <sqlite3.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace muster::bench {

/// For tables with the columns scope, folded_id, version and document; more by `columns` and
/// `values`, which are constant: ", status" and ", 'assigned'". Ends the program on any error.
class BareTable {
  public:
    BareTable(const std::filesystem::path& file, const std::string& table,
              const std::string& columns = ", id", const std::string& values = ", ?2");
    ~BareTable();
    BareTable(const BareTable&) = delete;
    BareTable& operator=(const BareTable&) = delete;

    void run(const char* text);
    void upsert(const std::string& id, const std::string& document);

  private:
    void bind(int position, std::string_view text);

    sqlite3* database_ = nullptr;
    sqlite3_stmt* upsert_ = nullptr;
};

} // namespace muster::bench
