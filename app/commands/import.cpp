// muster import: individual enrollments from a file of any size.

#include "app/administration.h"
#include "app/command_line.h"
#include "app/importing/importer.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

namespace muster::app {

namespace {

constexpr int tries_max = 6;
constexpr std::chrono::milliseconds first_pause{250};
constexpr std::chrono::minutes chunk_time_max{2};

struct ImportOptions {
    AdministrationOptions connect;
    std::string file;
    std::string format;
    std::string report;
    std::size_t connections = 4;
    bool replace = false;
    bool quiet = false;
};

std::string body_of(const Chunk& chunk) {
    std::string body = R"({"enrollments":[)";
    for (const std::string& enrollment : chunk.enrollments) {
        body += enrollment;
        body += ',';
    }
    body.back() = ']'; // the last comma
    return body + '}';
}

Result<RefusedRow> refused_row(const Json& value, const Chunk& chunk) {
    const auto* row = value.if_object();
    const Json* index = row != nullptr ? find_member(*row, "index") : nullptr;
    const Json* code = row != nullptr ? find_member(*row, "errorCode") : nullptr;
    if (index == nullptr || !index->is_int64() || code == nullptr || !code->is_int64() ||
        !std::in_range<std::size_t>(index->as_int64()) ||
        static_cast<std::size_t>(index->as_int64()) >= chunk.lines.size()) {
        return fail(Code::internal, "the server refused a row that was not sent");
    }
    return RefusedRow{.line = chunk.lines[static_cast<std::size_t>(index->as_int64())],
                      .registration_id = string_member(*row, "registrationId").value_or(""),
                      .error_code = static_cast<int>(code->as_int64()),
                      .message = string_member(*row, "message").value_or("")};
}

Result<ChunkOutcome> outcome_of(const Json& answer, const Chunk& chunk) {
    const auto* document = answer.if_object();
    if (document == nullptr) {
        return fail(Code::internal, "the server answered the import with something else");
    }
    ChunkOutcome outcome;
    for (const auto& [name, count] : {std::pair{"created", &outcome.counts.created},
                                      std::pair{"replaced", &outcome.counts.replaced},
                                      std::pair{"unchanged", &outcome.counts.unchanged}}) {
        const Json* member = find_member(*document, name);
        if (member == nullptr || !member->is_int64()) {
            return fail(Code::internal, "the server's answer lacks its counts");
        }
        *count = member->as_int64();
    }
    const Json* refused = find_member(*document, "refused");
    if (refused == nullptr || !refused->is_array()) {
        return fail(Code::internal, "the server's answer lacks the refused rows");
    }
    for (const Json& value : refused->as_array()) {
        auto row = refused_row(value, chunk);
        if (!row) {
            return std::unexpected(row.error());
        }
        outcome.refused.push_back(std::move(*row));
    }
    return outcome;
}

bool passes_by_itself(Code code) {
    return code == Code::unavailable || code == Code::rate_limited ||
           code == Code::deadline_exceeded;
}

/// A chunk may be sent again: what arrived the first time is unchanged the second.
Result<Json> send_patiently(ApiClient& client, const ApiClient::Request& request) {
    auto pause = first_pause;
    for (int tries = 1;; ++tries) {
        auto answer = client.send_json(request);
        if (answer || tries == tries_max || !passes_by_itself(answer.error().code)) {
            return answer;
        }
        std::this_thread::sleep_for(pause);
        pause *= 2;
    }
}

void tell(const ImportCounts& counts, std::int64_t offset, std::int64_t size) {
    constexpr double whole = 100.0;
    const double done =
        size == 0 ? whole : whole * static_cast<double>(offset) / static_cast<double>(size);
    std::fputs(fmt::format("{:5.1f} %  {} created, {} replaced, {} unchanged, {} refused\n", done,
                           counts.created, counts.replaced, counts.unchanged, counts.refused)
                   .c_str(),
               stderr);
}

Result<std::vector<Administration>> connect_all(const ImportOptions& options) {
    std::vector<Administration> connections;
    for (std::size_t i = 0; i < options.connections; ++i) {
        auto connection = Administration::connect(options.connect);
        if (!connection) {
            return std::unexpected(connection.error());
        }
        connections.push_back(std::move(*connection));
    }
    return connections;
}

ImportSettings settings_of(const ImportOptions& options) {
    ImportSettings settings;
    settings.file = options.file;
    settings.report = options.report.empty() ? options.file + ".refused" : options.report;
    settings.progress = options.file + ".progress";
    settings.format = options.format.empty()    ? format_of(options.file)
                      : options.format == "csv" ? RowFormat::csv
                                                : RowFormat::ndjson;
    settings.connections = options.connections;
    if (!options.quiet) {
        std::error_code ignored; // told as 100 %; opening the file will say what is wrong
        const auto size =
            static_cast<std::int64_t>(std::filesystem::file_size(options.file, ignored));
        settings.tell = [size](const ImportCounts& counts, std::int64_t offset) {
            tell(counts, offset, size);
        };
    }
    return settings;
}

Result<ImportCounts> import_file(const ImportOptions& options) {
    auto connections = connect_all(options);
    if (!connections) {
        return std::unexpected(connections.error());
    }
    const auto path = connections->front().instance_path();
    if (!path) {
        return std::unexpected(path.error());
    }
    return run_import(settings_of(options),
                      [&](std::size_t connection, const Chunk& chunk) -> Result<ChunkOutcome> {
                          const ApiClient::Request request{
                              .method = "POST",
                              .path = *path + "/import",
                              .query = {{"mode", options.replace ? "replace" : "keep"}},
                              .headers = {},
                              .body = body_of(chunk),
                              .time_max = chunk_time_max};
                          const auto answer =
                              send_patiently((*connections)[connection].api(), request);
                          if (!answer) {
                              return std::unexpected(answer.error());
                          }
                          return outcome_of(*answer, chunk);
                      });
}

ExitCode report(const Result<ImportCounts>& counts, const ImportOptions& options) {
    if (!counts) {
        return failed(counts.error());
    }
    print(fmt::format("{} rows: {} created, {} replaced, {} unchanged, {} refused\n",
                      counts->total(), counts->created, counts->replaced, counts->unchanged,
                      counts->refused));
    if (counts->refused == 0) {
        return ExitCode::ok;
    }
    print(fmt::format("the refused rows and why: {}\n", settings_of(options).report.string()));
    return ExitCode::failed;
}

} // namespace

void add_import(CLI::App& root, Chosen& chosen) {
    CLI::App* command =
        root.add_subcommand("import", "Create individual enrollments from a file of any size");
    command->footer("CSV needs a header; columns: registrationId, deviceId, provisioningStatus,\n"
                    "allocationPolicy, iotHubs, primaryKey, secondaryKey, certificate,\n"
                    "secondaryCertificate, iotEdge, tags.NAME, desired.NAME. NDJSON has one\n"
                    "enrollment document a line. An interrupted import goes on where it stopped;\n"
                    "repeating one changes nothing.");
    auto options = std::make_shared<ImportOptions>();
    command->add_option("file", options->file, "CSV or NDJSON")
        ->required()
        ->check(CLI::ExistingFile);
    command->add_option("--format", options->format, "csv or ndjson (default: by the extension)")
        ->check(CLI::IsMember({"csv", "ndjson"}));
    command->add_flag("--replace", options->replace,
                      "replace enrollments that differ (default: they are refused)");
    command->add_option("--report", options->report,
                        "file for the refused rows (default: FILE.refused)");
    command->add_option("--connections", options->connections, "chunks under way at once")
        ->check(CLI::Range(1, 16));
    command->add_flag("--quiet", options->quiet, "no progress on standard error");
    add_instance_options(*command, options->connect);
    command->callback([options, &chosen] {
        chosen.set([options] { return report(import_file(*options), *options); });
    });
}

} // namespace muster::app
