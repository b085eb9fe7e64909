// muster serve

#include "app/command_line.h"
#include "app/config.h"
#include "app/data_folder.h"
#include "app/server.h"
#include "app/stop_signals.h"
#include "base/log.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>

namespace muster::app {

namespace {

constexpr std::chrono::seconds stop_grace{10};
constexpr std::size_t config_bytes_max = 1024 * 1024;

struct ServeOptions {
    std::string config_file;
    std::filesystem::path data;
    std::vector<std::string> listen;
    std::vector<std::string> hosts;
    std::uint16_t https_port = 0;
    std::uint16_t mqtt_port = 0;
    std::filesystem::path ready_file;
    std::filesystem::path key_file;
    bool new_admin_token = false;
    std::string log_file;
    std::string log_level;
};

Result<ServerConfig> load_config(const ServeOptions& options, DataFolder& folder, Random& random) {
    if (options.config_file.empty()) {
        return folder.configuration_or_default(options.listen, options.hosts, random);
    }
    auto text = read_file(options.config_file, config_bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    return parse_config(*text, options.config_file);
}

std::optional<log::Level> level_of(const std::string& name) {
    static const std::map<std::string, log::Level> levels{{"debug", log::Level::debug},
                                                          {"info", log::Level::info},
                                                          {"warning", log::Level::warning},
                                                          {"error", log::Level::error},
                                                          {"off", log::Level::off}};
    const auto found = levels.find(name);
    return found != levels.end() ? std::optional(found->second) : std::nullopt;
}

void override_config(ServerConfig& config, const ServeOptions& options) {
    if (!options.listen.empty()) {
        config.listen = options.listen;
    }
    for (const std::string& host : options.hosts) {
        config.hosts.push_back(host);
    }
    if (options.https_port != 0) {
        config.https_port = options.https_port;
    }
    if (options.mqtt_port != 0) {
        config.mqtt_port = options.mqtt_port;
    }
    config.new_admin_token = options.new_admin_token;
    if (!options.key_file.empty()) {
        config.key_file = options.key_file;
    }
    config.log_level = level_of(options.log_level).value_or(config.log_level);
}

/// Flags are held to the rules of the file.
Result<ServerConfig> effective_config(const ServeOptions& options, DataFolder& folder,
                                      Random& random) {
    auto config = load_config(options, folder, random);
    if (!config) {
        return config;
    }
    override_config(*config, options);
    if (const auto found = find_contradiction(*config)) {
        return fail(Code::malformed, found->what);
    }
    return config;
}

void announce(const ReadyFile& ready, const ServerConfig& config, const DataFolder& folder) {
    std::string hubs;
    for (const ReadyHub& hub : ready.hubs) {
        hubs += fmt::format("  hub            {} at {}\n", hub.name, hub.host_name);
    }
    print(fmt::format("Muster is ready.\n"
                      "  ID scope       {}\n"
                      "  provisioning   {} (https {}, mqtt {})\n"
                      "{}"
                      "  CA to trust    {}\n"
                      "  keys           {} (mode 0600)\n"
                      "  administrator  {} (mode 0600)\n"
                      "  configuration  {}\n",
                      ready.id_scope, ready.provisioning_host, config.https_port, config.mqtt_port,
                      hubs, ready.ca_file, folder.ready_file().string(),
                      folder.admin_token().string(), folder.configuration().string()));
}

Result<void> write_ready_files(const Server& server, const DataFolder& folder,
                               const std::filesystem::path& asked_for) {
    const ReadyFile ready = server.ready_file();
    if (auto written = write_ready_file(folder.ready_file(), ready); !written) {
        return written;
    }
    return asked_for.empty() ? Result<void>() : write_ready_file(asked_for, ready);
}

void remove_ready_files(const DataFolder& folder, const std::filesystem::path& asked_for) {
    std::error_code ignored; // a file that stays behind is found stale by whoever connects
    std::filesystem::remove(folder.ready_file(), ignored);
    if (!asked_for.empty()) {
        std::filesystem::remove(asked_for, ignored);
    }
}

Result<void> serve(const ServeOptions& options, const Environment& environment) {
    const StopSignals signals; // before any thread starts, so that all inherit the mask
    auto folder = DataFolder::open(options.data.empty() ? default_data_folder() : options.data);
    if (!folder) {
        return std::unexpected(folder.error());
    }
    auto config = effective_config(options, *folder, environment.random);
    if (!config) {
        return std::unexpected(config.error());
    }
    log::start(config->log_level, options.log_file);

    auto server = Server::start(*config, *folder);
    if (!server) {
        return std::unexpected(server.error());
    }
    if (auto written = write_ready_files(**server, *folder, options.ready_file); !written) {
        return written;
    }
    announce((*server)->ready_file(), *config, *folder);

    const int received = signals.wait();
    log::info("stopping", {{"signal", std::to_string(received)}});
    remove_ready_files(*folder, options.ready_file);
    (*server)->stop(stop_grace);
    return {};
}

} // namespace

void add_serve(CLI::App& root, Chosen& chosen, const Environment& environment) {
    CLI::App* command = root.add_subcommand("serve", "Run the server");
    command->footer("With no configuration file, the first run makes one in the data folder: one "
                    "instance,\ntwo hubs, a private CA and new keys. Ctrl-C or SIGTERM stops it.");
    auto options = std::make_shared<ServeOptions>();
    command->add_option("--config", options->config_file, "configuration file (TOML)")
        ->envname("MUSTER_CONFIG")
        ->check(CLI::ExistingFile);
    command->add_option("--data", options->data, "data folder")->envname("MUSTER_DATA");
    command
        ->add_option("--listen", options->listen,
                     "address to listen on, repeatable (default 127.0.0.1: this machine only)")
        ->envname("MUSTER_LISTEN");
    command->add_option("--https-port", options->https_port, "HTTPS and WebSocket (default 443)")
        ->envname("MUSTER_HTTPS_PORT")
        ->check(CLI::Range(1, 65535));
    command->add_option("--mqtt-port", options->mqtt_port, "MQTT over TLS (default 8883)")
        ->envname("MUSTER_MQTT_PORT")
        ->check(CLI::Range(1, 65535));
    command
        ->add_option("--host", options->hosts,
                     "name that the server certificate must cover, repeatable")
        ->envname("MUSTER_HOST");
    command
        ->add_option("--ready-file", options->ready_file,
                     "write where everything is to this file once connections are accepted")
        ->envname("MUSTER_READY_FILE");
    command
        ->add_option("--key-file", options->key_file,
                     "keys that seal the database's secrets (default: sealing.key in the data "
                     "folder; better on another medium)")
        ->envname("MUSTER_KEY_FILE");
    command->add_flag("--new-admin-token", options->new_admin_token,
                      "issue an owner's token into admin.token of the data folder");
    command->add_option("--log-level", options->log_level, "debug, info, warning, error or off")
        ->envname("MUSTER_LOG_LEVEL")
        ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}));
    command->add_option("--log-file", options->log_file, "instead of standard error")
        ->envname("MUSTER_LOG_FILE");
    command->callback([options, &chosen, &environment] {
        chosen.set([options, &environment] {
            auto served = serve(*options, environment);
            return served ? ExitCode::ok : failed(served.error());
        });
    });
}

} // namespace muster::app
