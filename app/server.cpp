#include "app/server.h"

#include "app/local_hubs.h"
#include "base/check.h"
#include "base/file.h"
#include "base/log.h"
#include "base/task.h"
#include "gateway/front.h"
#include "net/server.h"
#include "store/stores.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace muster::app {

namespace {

constexpr std::size_t ca_file_bytes_max = 1024 * 1024;

/// An instance with the use cases that serve it. Its address never changes.
struct InstanceParts {
    InstanceParts(provisioning::Instance configured, store::Stores& stores, LocalHubs& hubs,
                  Executor& workers, Scheduler& timers, const Clock& clock, Random& random)
        : instance(std::move(configured)),
          enrollments(instance, stores.enrollments(), stores.registrations(), clock, random),
          registration(instance, stores.enrollments(), stores.registrations(), hubs, workers,
                       timers, clock, random) {}

    provisioning::Instance instance;
    provisioning::Enrollments enrollments;
    provisioning::DeviceRegistration registration;
};

const KeyPair& keys_of(const PolicyKeys& keys, const std::string& section,
                       const std::string& policy) {
    return keys.at(section).at(policy); // DataFolder::policy_keys completed them
}

const HubConfig& hub_named(const ServerConfig& config, const std::string& name) {
    const auto found = std::find_if(config.hubs.begin(), config.hubs.end(),
                                    [&](const HubConfig& hub) { return hub.name == name; });
    CHECK(found != config.hubs.end()); // find_contradiction
    return *found;
}

Result<provisioning::CaCertificate> load_ca(const CaFile& file) {
    auto text = read_file(file.file, ca_file_bytes_max);
    if (!text) {
        return fail(Code::malformed,
                    fmt::format("certificate '{}': {}", file.name, text.error().detail));
    }
    auto certificate = crypto::Certificate::from_text(*text);
    if (!certificate) {
        return fail(Code::malformed,
                    fmt::format("certificate '{}': {}", file.name, certificate.error().detail));
    }
    return provisioning::CaCertificate{file.name, *certificate, file.verified};
}

Result<provisioning::Instance>
make_instance(const ServerConfig& config, const InstanceConfig& settings, const PolicyKeys& keys) {
    using provisioning::Right;
    provisioning::Instance instance;
    instance.scope = settings.scope;
    instance.host_names = settings.hosts;
    instance.default_policy = settings.default_policy;
    for (const HubLink& link : settings.links) {
        instance.hubs.push_back(
            {hub_named(config, link.hub).host, link.weight, link.apply_allocation_policy});
    }
    const KeyPair& owner = keys_of(keys, "scope:" + settings.scope.text(), provisioning_owner);
    instance.policies.push_back(
        {provisioning_owner,
         {owner.primary, owner.secondary},
         {Right::service_config, Right::enrollment_read, Right::enrollment_write,
          Right::device_connect, Right::registration_read, Right::registration_write}});
    for (const CaFile& file : settings.certificates) {
        auto certificate = load_ca(file);
        if (!certificate) {
            return std::unexpected(certificate.error());
        }
        instance.certificates.push_back(std::move(*certificate));
    }
    return instance;
}

std::vector<hub::Right> rights_of(const std::string& policy) {
    using hub::Right;
    if (policy == "iothubowner") {
        return {Right::registry_read, Right::registry_write, Right::service_connect,
                Right::device_connect};
    }
    if (policy == "service") {
        return {Right::service_connect};
    }
    if (policy == "device") {
        return {Right::device_connect};
    }
    if (policy == "registryRead") {
        return {Right::registry_read};
    }
    return {Right::registry_read, Right::registry_write}; // registryReadWrite
}

hub::HubSettings hub_settings(const HubConfig& config, const PolicyKeys& keys) {
    hub::HubSettings settings;
    settings.name = config.host;
    settings.devices_max = config.devices_max;
    settings.retention.messages_max = config.telemetry_messages_max;
    settings.retention.age_max = std::chrono::days(config.telemetry_days_max);
    for (const std::string& policy : hub_policy_names()) {
        const KeyPair& pair = keys_of(keys, "hub:" + config.host.text(), policy);
        settings.policies.push_back({policy, pair.primary, pair.secondary, rights_of(policy)});
    }
    return settings;
}

} // namespace

/// In the order of construction; destroyed the other way round, so nothing outlives what it uses.
struct Server::Parts {
    explicit Parts(const ServerConfig& configured)
        : config(configured), workers({.threads = configured.workers}),
          context{sites, workers, timers, clock, random} {}

    ServerConfig config;
    std::filesystem::path ca_file;
    PolicyKeys keys;
    SystemClock clock;
    SystemRandom random;
    std::unique_ptr<store::Stores> stores;
    TimerThread timers;
    WorkerPool workers;
    std::vector<std::unique_ptr<hub::Service>> hubs;
    LocalHubs local_hubs;
    std::vector<std::unique_ptr<InstanceParts>> instances;
    gateway::Sites sites;
    gateway::Context context;
    std::unique_ptr<net::Server> network;
    bool stopped = false;

    Result<void> open(DataFolder& folder);
    Result<void> build_services();
    Result<void> listen(DataFolder& folder);
};

Result<void> Server::Parts::open(DataFolder& folder) {
    ca_file = folder.ca_certificate();
    auto loaded = folder.policy_keys(config, random);
    if (!loaded) {
        return std::unexpected(loaded.error());
    }
    keys = std::move(*loaded);
    auto opened = store::open_sqlite_stores({.file = folder.database()});
    if (!opened) {
        return std::unexpected(opened.error());
    }
    stores = std::move(*opened);
    return {};
}

Result<void> Server::Parts::build_services() {
    for (const HubConfig& settings : config.hubs) {
        hubs.push_back(std::make_unique<hub::Service>(hub_settings(settings, keys),
                                                      stores->devices(), stores->sessions(),
                                                      stores->telemetry(), timers, clock, random));
        local_hubs.add(*hubs.back());
        sites.add(*hubs.back());
    }
    for (const InstanceConfig& settings : config.instances) {
        auto instance = make_instance(config, settings, keys);
        if (!instance) {
            return std::unexpected(instance.error());
        }
        instances.push_back(std::make_unique<InstanceParts>(
            std::move(*instance), *stores, local_hubs, workers, timers, clock, random));
        InstanceParts& parts = *instances.back();
        sites.add({&parts.instance, &parts.enrollments, &parts.registration});
        auto resumed = parts.registration.resume();
        if (!resumed) {
            return std::unexpected(resumed.error());
        }
        if (*resumed > 0) {
            log::info("resuming unfinished registrations", {{"scope", parts.instance.scope.text()},
                                                            {"count", std::to_string(*resumed)}});
        }
    }
    return {};
}

Result<void> Server::Parts::listen(DataFolder& folder) {
    auto certificate = folder.server_certificate(names_of(config), clock, random);
    if (!certificate) {
        return std::unexpected(certificate.error());
    }
    auto tls = net::ServerTls::make({certificate->chain_pem, certificate->key_pem});
    if (!tls) {
        return std::unexpected(tls.error());
    }
    net::ServerOptions options;
    for (const std::string& address : addresses_of(config)) {
        options.listeners.push_back(
            {address, config.https_port, gateway::make_https_front(context)});
        options.listeners.push_back({address, config.mqtt_port, gateway::make_mqtt_front(context)});
    }
    auto started = net::Server::start(std::move(options), *tls);
    if (!started) {
        return std::unexpected(started.error());
    }
    network = std::move(*started);
    return {};
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() {
    stop(std::chrono::milliseconds(0));
}

Result<std::unique_ptr<Server>> Server::start(const ServerConfig& config, DataFolder& folder) {
    // A server from the first step on: if a later one fails, the work that has begun by then is
    // stopped before anything it uses is destroyed.
    std::unique_ptr<Server> server(new Server(std::make_unique<Parts>(config)));
    Parts& parts = *server->parts_;
    if (auto opened = parts.open(folder); !opened) {
        return std::unexpected(opened.error());
    }
    if (auto built = parts.build_services(); !built) {
        return std::unexpected(built.error());
    }
    if (auto listening = parts.listen(folder); !listening) {
        return std::unexpected(listening.error());
    }
    return server;
}

void Server::stop(std::chrono::milliseconds grace) {
    if (std::exchange(parts_->stopped, true)) {
        return;
    }
    if (parts_->network) {
        parts_->network->stop(grace);
    }
    // Workers before timers: a finishing use case may still set a timer, which is then dropped.
    parts_->workers.stop();
    parts_->timers.stop();
}

ReadyFile Server::ready_file() const {
    const ServerConfig& config = parts_->config;
    const InstanceConfig& instance = config.instances.front();
    const std::string& address = config.listen.front();

    ReadyFile ready;
    ready.id_scope = instance.scope.text();
    ready.provisioning_host = instance.hosts.front();
    ready.provisioning_address = is_any_address(address) ? "127.0.0.1" : address;
    ready.https_port = config.https_port;
    ready.mqtt_port = config.mqtt_port;
    ready.ca_file = parts_->ca_file.string();
    ready.service_connection_string = connection_string(
        instance.hosts.front(), provisioning_owner,
        keys_of(parts_->keys, "scope:" + instance.scope.text(), provisioning_owner).primary);
    for (const HubConfig& hub : config.hubs) {
        ready.hubs.push_back(
            {hub.name, hub.host.text(),
             connection_string(
                 hub.host.text(), "iothubowner",
                 keys_of(parts_->keys, "hub:" + hub.host.text(), "iothubowner").primary)});
    }
    return ready;
}

} // namespace muster::app
