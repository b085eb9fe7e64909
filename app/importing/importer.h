#pragma once
// Sends a file of enrollments to a server in chunks, several at a time, and keeps book: where the
// next run goes on, and which rows were refused and why. Repeating is harmless: the server leaves
// alone what it has already.

#include "app/importing/rows.h"
#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace muster::app {

inline constexpr std::size_t chunk_rows_max = 1000;
inline constexpr std::size_t chunk_bytes_max = 240 * 1024; // of the request's 256 KiB

struct ImportCounts {
    std::int64_t created = 0;
    std::int64_t replaced = 0;
    std::int64_t unchanged = 0;
    std::int64_t refused = 0;

    [[nodiscard]] std::int64_t total() const { return created + replaced + unchanged + refused; }

    friend bool operator==(const ImportCounts&, const ImportCounts&) = default;
};

/// Everything before `position` has been answered by the server, and noted in the report.
struct ImportProgress {
    RowPosition position;
    ImportCounts counts;
    std::int64_t report_bytes = 0; // what lies behind them in the report is of a lost run
};

Result<ImportProgress> read_progress(const std::filesystem::path& file,
                                     const std::string& fingerprint);
Result<void> write_progress(const std::filesystem::path& file, const std::string& fingerprint,
                            const ImportProgress& progress);

struct ImportSettings;

/// Of the file's size and beginning, and of where it goes: progress made with another file, or
/// towards another instance, does not count.
Result<std::string> fingerprint_of(const ImportSettings& settings);

struct RefusedRow {
    std::int64_t line = 0;
    std::string registration_id; // empty if there was none to read
    int error_code = 0;
    std::string message;
};

/// Rows to send together.
struct Chunk {
    std::vector<std::string> enrollments; // JSON texts
    std::vector<std::int64_t> lines;      // of each
    std::vector<RefusedRow> refused;      // rows that make no enrollment
    RowPosition end;
};

/// What became of a chunk; `refused` without the chunk's own.
struct ChunkOutcome {
    ImportCounts counts;
    std::vector<RefusedRow> refused;
};

/// Called from several threads at once, each with its own number from 0 on.
using SendChunk = std::function<Result<ChunkOutcome>(std::size_t connection, const Chunk& chunk)>;

struct ImportSettings {
    std::filesystem::path file;
    std::filesystem::path report;   // of refused rows, NDJSON
    std::filesystem::path progress; // removed at the end
    std::string target;             // server, instance, mode: anything that tells imports apart
    RowFormat format = RowFormat::ndjson;
    std::size_t connections = 4;
    std::function<void(const ImportCounts&, std::int64_t offset)> tell; // about once a second
};

/// Goes on where an earlier run stopped, if its progress file is there. Errors: of the file, of
/// sending (after what was answered has been noted), of the report.
Result<ImportCounts> run_import(const ImportSettings& settings, const SendChunk& send);

/// Cuts a file into chunks within both bounds.
class Chunker {
  public:
    explicit Chunker(RowReader& reader) : reader_(reader) {}

    /// Empty at the end of the file.
    Result<Chunk> next();

  private:
    struct Pending {
        std::string enrollment;
        std::int64_t line = 0;
        RowPosition end;
    };

    /// The next row that makes an enrollment; others are put into `refused`.
    Result<std::optional<Pending>> next_row(Chunk& chunk);

    RowReader& reader_;
    std::optional<Pending> pending_; // read, but too large for the chunk before
};

} // namespace muster::app
