#include "app/importing/rows.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::app {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string_view without_line_end(std::string_view record) {
    if (record.ends_with('\n')) {
        record.remove_suffix(1);
    }
    if (record.ends_with('\r')) {
        record.remove_suffix(1);
    }
    return record;
}

/// With its line end. Stops at the bound, so that a file without lines costs no memory.
void append_line(std::ifstream& file, std::string& record) {
    std::streambuf& bytes = *file.rdbuf();
    while (record.size() <= row_bytes_max) {
        const int next = bytes.sbumpc();
        if (next == std::char_traits<char>::eof()) {
            file.setstate(std::ios::eofbit);
            return;
        }
        record += static_cast<char>(next);
        if (next == '\n') {
            return;
        }
    }
}

std::int64_t lines_in(std::string_view record) {
    return std::ranges::count(record, '\n');
}

Row row_of(const RowPosition& begin, const RowPosition& end, Result<JsonObject> enrollment) {
    return {.line = begin.line, .offset = end.offset, .enrollment = std::move(enrollment)};
}

} // namespace

RowFormat format_of(const std::filesystem::path& file) {
    return equal_ignoring_case(file.extension().string(), ".csv") ? RowFormat::csv
                                                                  : RowFormat::ndjson;
}

Result<RowReader> RowReader::open(const std::filesystem::path& file, RowFormat format,
                                  const RowPosition& from) {
    RowReader reader(format);
    reader.file_.open(file, std::ios::binary);
    if (!reader.file_) {
        return fail(Code::not_found, fmt::format("cannot read {}", file.string()));
    }
    if (auto header = reader.read_header(); !header) {
        return std::unexpected(header.error());
    }
    if (from.offset > reader.position_.offset) {
        reader.file_.seekg(from.offset);
        reader.position_ = from;
    }
    return reader;
}

Result<void> RowReader::read_header() {
    if (format_ != RowFormat::csv) {
        return {};
    }
    const auto record = read_record();
    if (!record) {
        return std::unexpected(record.error());
    }
    if (!*record) {
        return fail(Code::malformed, "the file is empty; a CSV file begins with a header");
    }
    std::string_view text = without_line_end(**record);
    if (text.starts_with(byte_order_mark)) { // spreadsheets write it
        text.remove_prefix(byte_order_mark.size());
    }
    auto columns = parse_csv_record(text);
    if (!columns) {
        return std::unexpected(columns.error());
    }
    for (std::string& column : *columns) {
        column = std::string(trim(column));
    }
    columns_ = std::move(*columns);
    return check_columns(columns_);
}

/// With its line end, so that the bytes can be counted. In CSV, a record goes on while a quote is
/// open.
Result<std::optional<std::string>> RowReader::read_record() {
    std::string record;
    bool quoted = false;
    while (!file_.eof()) {
        const std::size_t begin = record.size();
        append_line(file_, record);
        if (record.size() > row_bytes_max) {
            return fail(Code::too_large, fmt::format("the row at line {} is longer than {} bytes",
                                                     position_.line, row_bytes_max));
        }
        const auto line = std::string_view(record).substr(begin);
        quoted = quoted != (format_ == RowFormat::csv && std::ranges::count(line, '"') % 2 == 1);
        if (!quoted) {
            break;
        }
    }
    if (file_.bad()) {
        return fail(Code::unavailable, "the file cannot be read on");
    }
    if (quoted) {
        return fail(Code::malformed,
                    fmt::format("the quote in the row at line {} never ends", position_.line));
    }
    if (record.empty()) {
        return std::nullopt;
    }
    position_.offset += static_cast<std::int64_t>(record.size());
    position_.line += std::max<std::int64_t>(1, lines_in(record));
    return record;
}

Result<std::optional<Row>> RowReader::next() {
    for (;;) {
        const RowPosition begin = position_;
        const auto record = read_record();
        if (!record) {
            return std::unexpected(record.error());
        }
        if (!*record) {
            return std::nullopt;
        }
        const auto text = without_line_end(**record);
        if (trim(text).empty()) {
            continue;
        }
        if (format_ == RowFormat::ndjson) {
            return row_of(begin, position_, parse_json_object(text, {.bytes_max = row_bytes_max}));
        }
        const auto fields = parse_csv_record(text);
        return row_of(begin, position_,
                      fields ? enrollment_of(columns_, *fields) : std::unexpected(fields.error()));
    }
}

} // namespace muster::app
