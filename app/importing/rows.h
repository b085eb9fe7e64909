#pragma once
// A file of individual enrollments, row after row, however large: NDJSON (one enrollment document a
// line) or CSV (RFC 4180, with a header).
//
// CSV columns: registrationId, deviceId, provisioningStatus, allocationPolicy, iotHubs (separated
// by blanks or ';'), primaryKey, secondaryKey (base64), certificate, secondaryCertificate (PEM or
// base64 of DER), iotEdge, tags.NAME, desired.NAME (texts, or JSON if they are JSON). Empty cells
// are not set. A row with a certificate is X.509, else it has symmetric keys (made by the server if
// none is given).

#include "base/json.h"
#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::app {

inline constexpr std::size_t row_bytes_max = 128 * 1024;
inline constexpr std::size_t csv_columns_max = 256;

struct Row {
    std::int64_t line = 0;   // where it begins, from 1
    std::int64_t offset = 0; // of the byte behind it: reading may go on there
    Result<JsonObject> enrollment;
};

enum class RowFormat : std::uint8_t { ndjson, csv };

/// By the file's extension: .csv, else NDJSON.
RowFormat format_of(const std::filesystem::path& file);

/// Where reading goes on.
struct RowPosition {
    std::int64_t offset = 0;
    std::int64_t line = 1; // the number of the line at the offset
};

/// Not thread safe.
class RowReader {
  public:
    /// Errors: not_found, unavailable; malformed for a CSV header that cannot be.
    static Result<RowReader> open(const std::filesystem::path& file, RowFormat format,
                                  const RowPosition& from = {});

    /// The next row, none at the end. A row that makes no enrollment carries its error. Error: a
    /// file that cannot be read on (a quote that never ends, a row beyond row_bytes_max).
    Result<std::optional<Row>> next();

    [[nodiscard]] RowPosition position() const { return position_; }

  private:
    explicit RowReader(RowFormat format) : format_(format) {}

    Result<void> read_header();
    Result<std::optional<std::string>> read_record();

    RowFormat format_;
    std::ifstream file_;
    RowPosition position_;
    std::vector<std::string> columns_;
};

// ---- pure ----

/// The fields of one CSV record without its line end. Error: malformed.
Result<std::vector<std::string>> parse_csv_record(std::string_view record);

/// Error: malformed, naming an unknown or doubled column, or that registrationId is missing.
Result<void> check_columns(const std::vector<std::string>& columns);

Result<JsonObject> enrollment_of(const std::vector<std::string>& columns,
                                 const std::vector<std::string>& fields);

} // namespace muster::app
