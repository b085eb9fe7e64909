#include "app/administration.h"

#include "app/config.h"
#include "app/data_folder.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/text.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace muster::app {

namespace {

constexpr std::size_t ca_bytes_max = 1024 * 1024;
constexpr std::size_t reply_bytes_max = 16 * 1024 * 1024;
constexpr const char* api_version = "2021-10-01";

struct Server {
    std::string host;
    std::uint16_t port = 443;
};

Result<Server> parse_server(std::string_view text) {
    const auto pair = split_once(text, ':');
    if (!pair) {
        return Server{.host = std::string(text)};
    }
    Server server{.host = std::string(pair->first), .port = 0};
    const auto digits = pair->second;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), server.port);
    if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() ||
        server.port == 0 || server.host.empty()) {
        return fail(Code::malformed, "--server must be HOST or HOST:PORT");
    }
    return server;
}

} // namespace

void add_administration_options(CLI::App& command, AdministrationOptions& options) {
    CLI::Option_group* group = command.add_option_group(
        "Connection", "Where the server is; with none of these, the one running on this machine");
    group->add_option("--server", options.server, "HOST or HOST:PORT")->envname("MUSTER_SERVER");
    group->add_option("--address", options.address,
                      "connect to this address instead of resolving the host name");
    group->add_option("--ca", options.ca_file, "PEM file of the CA to trust")
        ->envname("MUSTER_CA")
        ->check(CLI::ExistingFile);
    group->add_option("--token", options.token, "administrator's token; better by MUSTER_TOKEN")
        ->envname("MUSTER_TOKEN");
    group->add_option("--data", options.data, "data folder of the local server")
        ->envname("MUSTER_DATA");
}

void add_instance_options(CLI::App& command, AdministrationOptions& options) {
    add_administration_options(command, options);
    command
        .add_option("--instance", options.instance,
                    "by name (default: the first of the local server)")
        ->envname("MUSTER_INSTANCE");
}

Result<Administration::Reach> Administration::reach_of(const AdministrationOptions& options) {
    Reach reach{.host = {},
                .address = options.address,
                .ca_pem = {},
                .token = Secret(std::string(options.token)),
                .instance = options.instance};
    std::string ca_file = options.ca_file;
    if (!options.server.empty()) {
        const auto server = parse_server(options.server);
        if (!server) {
            return std::unexpected(server.error());
        }
        reach.host = server->host;
        reach.port = server->port;
    } else {
        auto ready = find_server({.data = options.data});
        if (!ready) {
            return std::unexpected(ready.error());
        }
        reach.host = ready->control_endpoint;
        reach.port = ready->https_port;
        reach.address = reach.address.empty() ? ready->provisioning_address : reach.address;
        reach.token = reach.token.empty() ? ready->admin_token : reach.token;
        reach.instance = reach.instance.empty() ? ready->instance : reach.instance;
        ca_file = ca_file.empty() ? ready->ca_file : ca_file;
    }
    if (reach.token.empty()) {
        return fail(Code::unauthenticated, "an administrator's token is needed: --token or "
                                           "MUSTER_TOKEN (see `muster token`)");
    }
    if (!ca_file.empty()) {
        auto pem = read_file(ca_file, ca_bytes_max);
        if (!pem) {
            return std::unexpected(pem.error());
        }
        reach.ca_pem = std::move(*pem);
    }
    return reach;
}

ApiClient Administration::client_for(const Reach& reach, const std::string& host) {
    net::HttpClient http({.host = host,
                          .address = reach.address,
                          .port = reach.port,
                          .ca_pem = reach.ca_pem,
                          .body_bytes_max = reply_bytes_max});
    return {host, std::move(http), api_version,
            [token = reach.token] { return "Bearer " + std::string(token.reveal()); }};
}

Administration::Administration(Reach reach)
    : reach_(std::move(reach)), api_(client_for(reach_, reach_.host)) {}

Result<Administration> Administration::connect(const AdministrationOptions& options) {
    auto reach = reach_of(options);
    if (!reach) {
        return std::unexpected(reach.error());
    }
    return Administration(std::move(*reach));
}

std::string Administration::host() const {
    return reach_.port == 443 ? reach_.host : fmt::format("{}:{}", reach_.host, reach_.port);
}

Result<std::string> Administration::instance() const {
    if (reach_.instance.empty()) {
        return fail(Code::malformed, "which instance? say --instance NAME");
    }
    return reach_.instance;
}

Result<std::string> Administration::instance_path() const {
    const auto name = instance();
    if (!name) {
        return name;
    }
    return "/muster/instances/" + percent_encode(*name);
}

Result<ApiClient> Administration::service() {
    const auto path = instance_path();
    if (!path) {
        return std::unexpected(path.error());
    }
    const auto instance = api_.send_json({.method = "GET", .path = *path});
    if (!instance) {
        return std::unexpected(instance.error());
    }
    const auto* object = instance->if_object();
    const Json* hosts = object != nullptr ? find_member(*object, "hosts") : nullptr;
    if (hosts == nullptr || !hosts->is_array() || hosts->as_array().empty() ||
        !hosts->as_array().front().is_string()) {
        return fail(Code::internal, "the server's instance has no host");
    }
    const std::string host(hosts->as_array().front().as_string());
    Reach reach = reach_;
    // A name need not resolve here: its server is the one that was asked.
    if (reach.address.empty()) {
        reach.address = reach_.host;
    }
    return client_for(reach, host);
}

} // namespace muster::app
