// muster import: individual enrollments from a file of any size.

#include "app/command_line.h"
#include "app/importing/chunk_sender.h"
#include "app/importing/importer.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <memory>

namespace muster::app {

namespace {

struct ImportOptions {
    AdministrationOptions connect;
    std::string file;
    std::string format;
    std::string report;
    std::size_t connections = 4;
    bool replace = false;
    bool quiet = false;
};

void tell(const ImportCounts& counts, std::int64_t offset, std::int64_t size) {
    constexpr double whole = 100.0;
    const double done =
        size == 0 ? whole : whole * static_cast<double>(offset) / static_cast<double>(size);
    std::fputs(fmt::format("{:5.1f} %  {} created, {} replaced, {} unchanged, {} refused\n", done,
                           counts.created, counts.replaced, counts.unchanged, counts.refused)
                   .c_str(),
               stderr);
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
    auto sender = ChunkSender::connect(options.connect, options.connections,
                                       options.replace ? "replace" : "keep");
    if (!sender) {
        return std::unexpected(sender.error());
    }
    auto settings = settings_of(options);
    settings.target = sender->target();
    return run_import(settings, [&](std::size_t connection, const Chunk& chunk) {
        return sender->send(connection, chunk);
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
