// muster simulate: many devices against any DPS-compatible endpoint

#include "app/command_line.h"
#include "app/data_folder.h"
#include "app/simulation/enroll.h"
#include "app/simulation/storm.h"
#include "app/simulation/work.h"
#include "app/stop_signals.h"
#include "base/file.h"
#include "crypto/keys.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <memory>

namespace muster::app {

namespace {

constexpr std::size_t file_bytes_max = 1024 * 1024;
constexpr int bar_width = 40;
constexpr std::size_t dialer_threads = 2;

struct SimulateOptions {
    ConnectOptions connect;
    OutputFormat format = OutputFormat::table;
    std::size_t devices = 100;
    std::size_t first = 1;
    double rate = 0;
    std::size_t concurrency = 50;
    std::string prefix = "sim-";
    std::vector<Transport> transports{Transport::https, Transport::mqtt};
    std::vector<Proof> proofs{Proof::symmetric_key, Proof::x509};
    std::string scope;
    std::string host;
    std::uint16_t mqtt_port = 0;
    std::string group_key;
    std::string signer_certificate;
    std::string signer_key;
    std::string group = "simulated";
    bool work = false;
    bool stay = false;
};

/// Where the devices go, from the flags or from the local server.
struct Endpoint {
    std::string scope;
    std::string host;
    std::string address;
    std::uint16_t https_port = 443;
    std::uint16_t mqtt_port = 8883;
    std::string ca_pem;
};

Result<Endpoint> endpoint_of(const SimulateOptions& options) {
    Endpoint endpoint{.scope = options.scope,
                      .host = options.host,
                      .address = options.connect.address,
                      .ca_pem = {}};
    std::string ca_file = options.connect.ca_file;
    if (options.scope.empty() || options.host.empty()) {
        auto ready = find_server(options.connect);
        if (!ready) {
            return std::unexpected(ready.error());
        }
        endpoint = {.scope = ready->id_scope,
                    .host = ready->provisioning_host,
                    .address = ready->provisioning_address,
                    .https_port = ready->https_port,
                    .mqtt_port = ready->mqtt_port,
                    .ca_pem = {}};
        ca_file = ca_file.empty() ? ready->ca_file : ca_file;
    }
    if (options.connect.port != 0) {
        endpoint.https_port = options.connect.port;
    }
    if (options.mqtt_port != 0) {
        endpoint.mqtt_port = options.mqtt_port;
    }
    if (!ca_file.empty()) {
        auto pem = read_file(ca_file, file_bytes_max);
        if (!pem) {
            return std::unexpected(pem.error());
        }
        endpoint.ca_pem = std::move(*pem);
    }
    return endpoint;
}

bool wants(const SimulateOptions& options, Proof proof) {
    return std::find(options.proofs.begin(), options.proofs.end(), proof) != options.proofs.end();
}

Result<crypto::Identity> given_signer(const SimulateOptions& options) {
    auto certificate = read_file(options.signer_certificate, file_bytes_max);
    if (!certificate) {
        return std::unexpected(certificate.error());
    }
    auto key = read_file(options.signer_key, file_bytes_max);
    if (!key) {
        return std::unexpected(key.error());
    }
    return crypto::read_identity(*certificate, Secret(std::move(*key)));
}

/// Given on the command line, else from groups made through the service API.
Result<FleetSecrets> secrets_of(const SimulateOptions& options, const Environment& environment) {
    FleetSecrets secrets;
    if (!options.group_key.empty()) {
        auto key = crypto::decode_key(options.group_key);
        if (!key) {
            return fail(Code::malformed, "--group-key: " + key.error().detail);
        }
        secrets.group_key = std::move(*key);
    }
    if (!options.signer_certificate.empty()) {
        auto signer = given_signer(options);
        if (!signer) {
            return std::unexpected(signer.error());
        }
        secrets.signer = std::move(*signer);
    }
    const bool needs_key = wants(options, Proof::symmetric_key) && !secrets.group_key;
    const bool needs_signer = wants(options, Proof::x509) && !secrets.signer;
    if (!needs_key && !needs_signer) {
        return secrets;
    }
    auto client = connect_provisioning(options.connect, environment.clock);
    if (!client) {
        return std::unexpected(client.error());
    }
    if (needs_key) {
        auto key = enroll_key_group(*client, options.group + "-keys");
        if (!key) {
            return std::unexpected(key.error());
        }
        secrets.group_key = std::move(*key);
    }
    if (needs_signer) {
        auto signer = enroll_x509_group(*client, options.group + "-x509", environment.clock,
                                        environment.random);
        if (!signer) {
            return std::unexpected(signer.error());
        }
        secrets.signer = std::move(*signer);
    }
    return secrets;
}

/// A bar that redraws itself on a terminal, a line a tenth otherwise; to standard error, so that
/// standard output holds the result alone.
Storm::Progress progress_display(std::size_t devices, const StopSignals& signals) {
    const bool terminal = isatty(STDERR_FILENO) != 0;
    auto tenths = std::make_shared<std::size_t>(0);
    return [=, &signals](std::size_t finished, std::size_t failed) {
        const std::size_t all = std::max<std::size_t>(devices, 1);
        if (terminal) {
            const auto filled = static_cast<int>(finished * bar_width / all);
            fmt::print(stderr, "\r[{:<{}}] {}/{}{}{}",
                       std::string(static_cast<std::size_t>(filled), '#'), bar_width, finished,
                       devices, failed > 0 ? fmt::format(", {} failed", failed) : "",
                       finished == devices ? "\n" : "");
        } else if (const std::size_t tenth = finished * 10 / all; tenth > *tenths) {
            *tenths = tenth;
            fmt::print(stderr, "{} of {} devices done, {} failed\n", finished, devices, failed);
        }
        return !signals.wait_for(std::chrono::milliseconds(0));
    };
}

void print_result(const SimulateOptions& options, const StormResult& result,
                  std::optional<std::size_t> at_work) {
    if (options.format == OutputFormat::json) {
        JsonObject document = to_document(result);
        if (at_work) {
            document["atWork"] = *at_work;
        }
        print(to_text(document) + '\n');
        return;
    }
    print(format_summary(result));
    if (at_work) {
        print(fmt::format("at work: {} devices connected to their hubs, read their twins, reported "
                          "and sent a message\n",
                          *at_work));
    }
}

Result<void> simulate(const SimulateOptions& options, const Environment& environment) {
    const StopSignals signals; // before the dialer's threads
    auto endpoint = endpoint_of(options);
    if (!endpoint) {
        return std::unexpected(endpoint.error());
    }
    auto secrets = secrets_of(options, environment);
    if (!secrets) {
        return std::unexpected(secrets.error());
    }
    auto fleet = Fleet::make({.scope = IdScope(endpoint->scope),
                              .prefix = options.prefix,
                              .first = options.first,
                              .count = options.devices,
                              .transports = options.transports,
                              .proofs = options.proofs,
                              .ca_pem = endpoint->ca_pem},
                             std::move(*secrets), environment.clock, environment.random);
    if (!fleet) {
        return std::unexpected(fleet.error());
    }
    net::Dialer dialer(dialer_threads);
    Storm storm({.host = endpoint->host,
                 .address = endpoint->address,
                 .https_port = endpoint->https_port,
                 .mqtt_port = endpoint->mqtt_port,
                 .concurrency = options.concurrency,
                 .devices_per_second = options.rate},
                *fleet, dialer, environment.clock);
    const bool work = options.work || options.stay;
    const StormResult result = storm.run(work, progress_display(options.devices, signals));

    // Hubs named by an address listen there; hubs named by a name are where provisioning is.
    const bool hubs_have_addresses =
        std::all_of(result.by_hub.begin(), result.by_hub.end(),
                    [](const auto& hub) { return is_ip_address(hub.first); });
    Workforce workforce(
        {.address = hubs_have_addresses ? "" : endpoint->address, .mqtt_port = endpoint->mqtt_port},
        dialer, environment.clock);
    print_result(options, result,
                 work ? std::optional(workforce.begin(result.registered)) : std::nullopt);
    if (options.stay) {
        fmt::print(stderr, "{} devices stay connected and answer methods; Ctrl-C ends it\n",
                   workforce.at_work());
        static_cast<void>(signals.wait());
    }
    dialer.stop(); // its threads use the storm and the workforce
    if (result.succeeded() < result.asked) {
        return fail(Code::internal,
                    fmt::format("{} devices did not register", result.asked - result.succeeded()));
    }
    return {};
}

void add_device_options(CLI::App& command, SimulateOptions& options) {
    static const std::map<std::string, Transport> transports{{"https", Transport::https},
                                                             {"mqtt", Transport::mqtt}};
    static const std::map<std::string, Proof> proofs{{"key", Proof::symmetric_key},
                                                     {"x509", Proof::x509}};
    command.add_option("-n,--devices", options.devices, "how many")
        ->check(CLI::Range(std::size_t{1}, std::size_t{10'000'000}));
    command.add_option("--prefix", options.prefix, "of their registration ids");
    command.add_option("--first", options.first, "number of the first");
    command.add_option("--rate", options.rate, "devices a second (default: no limit)")
        ->check(CLI::NonNegativeNumber);
    command.add_option("--concurrency", options.concurrency, "registrations under way at once")
        ->check(CLI::Range(std::size_t{1}, std::size_t{10'000}));
    command.add_option("--transport", options.transports, "https, mqtt (default: both in turn)")
        ->delimiter(',')
        ->transform(CLI::CheckedTransformer(transports, CLI::ignore_case));
    command.add_option("--proof", options.proofs, "key, x509 (default: both in turn)")
        ->delimiter(',')
        ->transform(CLI::CheckedTransformer(proofs, CLI::ignore_case));
    command.add_flag("--work", options.work,
                     "then connect to the hub, read the twin, report, send a message");
    command.add_flag("--stay", options.stay, "then stay connected and answer methods until Ctrl-C");
}

void add_endpoint_options(CLI::App& command, SimulateOptions& options) {
    command.add_option("--scope", options.scope, "ID scope, for a server elsewhere");
    command.add_option("--host", options.host, "provisioning host, for a server elsewhere");
    command.add_option("--mqtt-port", options.mqtt_port, "8883 unless the server says otherwise");
    command.add_option("--group", options.group,
                       "prefix of the enrollment groups that are made for the devices");
    command.add_option("--group-key", options.group_key,
                       "key of a symmetric-key group instead of making one, base64");
    auto* certificate = command.add_option("--signer", options.signer_certificate,
                                           "PEM certificate of an X.509 group's signer");
    auto* key = command.add_option("--signer-key", options.signer_key, "its PEM key");
    certificate->check(CLI::ExistingFile)->needs(key);
    key->check(CLI::ExistingFile)->needs(certificate);
}

} // namespace

void add_simulate(CLI::App& root, Chosen& chosen, const Environment& environment) {
    CLI::App* command =
        root.add_subcommand("simulate", "Register many devices with any DPS-compatible service");
    command->footer(
        "Against the local server it makes its own enrollment groups. Elsewhere, give "
        "--scope, --host, --ca\nand either --connection-string or the group's secrets.");
    auto options = std::make_shared<SimulateOptions>();
    add_device_options(*command, *options);
    add_endpoint_options(*command, *options);
    add_connect_options(*command, options->connect);
    add_output_option(*command, options->format);
    command->callback([options, &chosen, &environment] {
        chosen.set([options, &environment] {
            auto done = simulate(*options, environment);
            return done ? ExitCode::ok : failed(done.error());
        });
    });
}

} // namespace muster::app
