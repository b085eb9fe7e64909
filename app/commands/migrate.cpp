// muster migrate: the enrollments of another provisioning service.

#include "app/administration.h"
#include "app/command_line.h"
#include "app/migrating/migration.h"
#include "base/text.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <memory>

namespace muster::app {

namespace {

struct MigrateOptions {
    ConnectOptions source;
    AdministrationOptions target;
    std::filesystem::path certificates;
    std::vector<std::string> hubs;
    std::filesystem::path report;
    bool replace = false;
};

Result<std::map<std::string, std::string>> parse_hubs(const std::vector<std::string>& texts) {
    std::map<std::string, std::string> hubs;
    for (const std::string& text : texts) {
        const auto pair = split_once(text, '=');
        if (!pair || pair->first.empty() || pair->second.empty()) {
            return fail(Code::malformed, "--map-hub must be OLD=NEW");
        }
        hubs[to_lower(pair->first)] = std::string(pair->second);
    }
    return hubs;
}

Result<MigrationCounts> migrate(const MigrateOptions& options, const Clock& clock) {
    CertificateShelf shelf;
    if (!options.certificates.empty()) {
        if (auto added = shelf.add_folder(options.certificates); !added) {
            return std::unexpected(added.error());
        }
    }
    auto hubs = parse_hubs(options.hubs);
    if (!hubs) {
        return std::unexpected(hubs.error());
    }
    auto source = connect_provisioning(options.source, clock);
    if (!source) {
        return std::unexpected(source.error());
    }
    auto target = Administration::connect(options.target);
    if (!target) {
        return std::unexpected(target.error());
    }
    auto service = target->service();
    if (!service) {
        return std::unexpected(service.error());
    }
    std::ofstream report(options.report);
    if (!report) {
        return fail(Code::unavailable, fmt::format("cannot write {}", options.report.string()));
    }
    const Migration::Settings settings{
        .rules = {.certificates = shelf, .hubs = std::move(*hubs)},
        .existing = options.replace ? Existing::replace : Existing::keep,
        .refused =
            [&](const Refused& refused) {
                report << to_text(JsonObject{
                              {"kind", refused.kind}, {"id", refused.id}, {"why", refused.why}})
                       << '\n'
                       << std::flush;
            },
        .tell =
            [](const MigrationCounts& counts) {
                std::fputs(fmt::format("{} created, {} replaced, {} unchanged, {} refused\n",
                                       counts.created, counts.replaced, counts.unchanged,
                                       counts.refused)
                               .c_str(),
                           stderr);
            }};
    return Migration(*source, *target, *service, settings).run();
}

ExitCode report(const Result<MigrationCounts>& counts, const MigrateOptions& options) {
    if (!counts) {
        return failed(counts.error());
    }
    print(fmt::format("{} created, {} replaced, {} unchanged, {} refused\n"
                      "Not carried, because the service API does not show it: registration records "
                      "(devices\nregister again), policies, linked hubs, CA certificates.\n",
                      counts->created, counts->replaced, counts->unchanged, counts->refused));
    if (counts->refused == 0) {
        return ExitCode::ok;
    }
    print(fmt::format("what was refused and why: {}\n", options.report.string()));
    return ExitCode::failed;
}

} // namespace

void add_migrate(CLI::App& root, Chosen& chosen, const Environment& environment) {
    CLI::App* command = root.add_subcommand(
        "migrate", "Copy the enrollments of another provisioning service, Azure's included");
    command->footer("It may be repeated: what is there already is left alone, or replaced with\n"
                    "--replace. Certificates of enrollments are not shown by any service; hand\n"
                    "them over with --certificates, they are found by their thumbprints.");
    auto options = std::make_shared<MigrateOptions>();
    options->report = "migrate.refused";
    command
        ->add_option("--from", options->source.connection_string,
                     "connection string of the source's service API")
        ->envname("MUSTER_FROM")
        ->required();
    command->add_option("--from-address", options->source.address,
                        "connect to this address instead of resolving the source's name");
    command->add_option("--from-port", options->source.port, "HTTPS port of the source");
    command->add_option("--from-ca", options->source.ca_file, "PEM file of the CA of the source")
        ->check(CLI::ExistingFile);
    command->add_option("--certificates", options->certificates, "folder with certificates")
        ->check(CLI::ExistingDirectory);
    command->add_option("--map-hub", options->hubs, "OLD=NEW host name of a hub; repeatable");
    command->add_option("--report", options->report, "file for what was refused");
    command->add_flag("--replace", options->replace, "replace what is there already");
    add_instance_options(*command, options->target);
    command->callback([options, &chosen, &environment] {
        chosen.set([options, &environment] {
            return report(migrate(*options, environment.clock), *options);
        });
    });
}

} // namespace muster::app
