#include "app/command_line.h"

#include "app/data_folder.h"

#include <CLI/CLI.hpp>

#include <map>

namespace muster::app {

namespace {

constexpr const char* description =
    "Muster: a self-hosted device provisioning service and hub that speak the protocols of\n"
    "Azure IoT Hub Device Provisioning Service and IoT Hub.";

constexpr const char* footer =
    "Start a server with `muster serve`; the other commands find it by themselves on this "
    "machine.\n"
    "Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 unauthorized, 5 conflict, 6 unavailable,\n"
    "7 timed out.";

} // namespace

void add_connect_options(CLI::App& command, ConnectOptions& options) {
    CLI::Option_group* group = command.add_option_group(
        "Connection", "Where the server is; with none of these, the one running on this machine");
    group
        ->add_option("--connection-string", options.connection_string,
                     "HostName=...;SharedAccessKeyName=...;SharedAccessKey=...")
        ->envname("MUSTER_CONNECTION_STRING");
    group->add_option("--address", options.address,
                      "connect to this address instead of resolving the host name");
    group->add_option("--port", options.port, "HTTPS port, 443 unless the server says otherwise");
    group->add_option("--ca", options.ca_file, "PEM file of the CA to trust")
        ->envname("MUSTER_CA")
        ->check(CLI::ExistingFile);
    group->add_option("--data", options.data, "data folder of the local server")
        ->envname("MUSTER_DATA");
}

void add_hub_options(CLI::App& command, ConnectOptions& options) {
    add_connect_options(command, options);
    command.add_option("--hub", options.hub, "hub of the local server, by name or host name")
        ->envname("MUSTER_HUB");
}

void add_output_option(CLI::App& command, OutputFormat& format) {
    static const std::map<std::string, OutputFormat> names{{"table", OutputFormat::table},
                                                           {"json", OutputFormat::json}};
    command.add_option("-o,--output", format, "json or table")
        ->transform(CLI::CheckedTransformer(names, CLI::ignore_case))
        ->default_str("table");
}

ExitCode failed(const Error& error) {
    print_error(error);
    return exit_code_of(error.code);
}

ExitCode run_command_line(int count, const char* const* arguments, const Environment& environment) {
    CLI::App root{description, "muster"};
    root.footer(footer);
    root.set_version_flag("--version", "muster " MUSTER_VERSION);
    root.require_subcommand(1);
    root.fallthrough(false);

    Chosen chosen;
    add_serve(root, chosen, environment);
    add_rekey(root, chosen, environment);
    add_configuration(root, chosen);
    add_import(root, chosen);
    add_migrate(root, chosen, environment);
    add_token(root, chosen, environment);
    add_instance(root, chosen);
    add_audit(root, chosen);
    add_explain(root, chosen, environment);
    add_events(root, chosen);
    add_timeline(root, chosen);
    add_catalogue(root, chosen);
    add_moves(root, chosen);
    add_drain(root, chosen);
    add_rebalance(root, chosen);
    add_operation(root, chosen);
    add_quarantine(root, chosen);
    add_suspects(root, chosen);
    add_block(root, chosen);
    add_unblock(root, chosen);
    add_enrollment(root, chosen, environment);
    add_group(root, chosen, environment);
    add_registration(root, chosen, environment);
    add_hub(root, chosen, environment);
    add_simulate(root, chosen, environment);
    add_howto(root, chosen);

    try {
        root.parse(count, arguments);
    } catch (const CLI::ParseError& error) { // CLI11's way of saying help, version and mistakes
        const bool asked_for = error.get_exit_code() == 0;
        root.exit(error);
        return asked_for ? ExitCode::ok : ExitCode::usage;
    }
    return chosen.action()();
}

} // namespace muster::app
