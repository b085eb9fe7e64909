#include "app/server.h"

#include "app/endpoints/event_routing.h"
#include "app/hub_settings.h"
#include "app/key_file.h"
#include "app/local_hubs.h"
#include "app/outside.h"
#include "app/seeding.h"
#include "app/served_instances.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/log.h"
#include "base/task.h"
#include "base/text.h"
#include "gateway/front.h"
#include "net/server.h"
#include "store/stores.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>
#include <vector>

namespace muster::app {

namespace {

constexpr std::size_t token_file_bytes_max = 4096;
constexpr std::size_t caller_threads = 64;
constexpr unsigned private_mode = 0600;

/// What earlier versions left in the clear, and what an interrupted rekey left to do. It is
/// readable as it is, so a server that cannot do it now serves, and tries again at the next start.
void seal_rest(const std::filesystem::path& database, const crypto::KeyRing& keys) {
    const auto done = store::finish_sealing(database, keys);
    if (!done) {
        log::error("secrets in the database are not sealed yet",
                   {{"detail", done.error().detail}, {"cause", done.error().cause}});
    } else if (done->sealed > 0) {
        log::info("sealed the secrets in the database",
                  {{"documents", std::to_string(done->sealed)}});
    }
}

const provisioning::Administrator server_itself{
    .principal = {.name = "server"}, .role = provisioning::AdminRole::owner, .reach = {}};

/// Those that admin.token held before: a lost one is to be of no use to whoever finds it.
Result<void> revoke_own_tokens(provisioning::AdminTokens& tokens) {
    for (const provisioning::AdminToken& token : tokens.all()) {
        if (token.created_by != server_itself.principal.name) {
            continue;
        }
        if (auto revoked = tokens.revoke(token.id, server_itself); !revoked) {
            return revoked;
        }
    }
    return {};
}

/// `local`, or, if somebody's token bears that name, with a number behind it.
Result<provisioning::AdminTokens::Issued> issue_own_token(provisioning::AdminTokens& tokens,
                                                          Random& random) {
    provisioning::AdminTokens::Wanted wanted{
        .name = "local", .role = provisioning::AdminRole::owner, .reach = {}, .expires = {}};
    auto issued = tokens.issue(wanted, server_itself);
    if (issued || issued.error().code != Code::already_exists) {
        return issued;
    }
    constexpr std::size_t number_bytes = 8;
    wanted.name += '-' + hex_encode_lower(random.bytes(number_bytes));
    return tokens.issue(wanted, server_itself);
}

/// One that may do everything, for whoever owns the data folder.
Result<Secret> renew_own_token(provisioning::AdminTokens& tokens, const DataFolder& folder,
                               Random& random) {
    if (auto revoked = revoke_own_tokens(tokens); !revoked) {
        return std::unexpected(revoked.error());
    }
    auto issued = issue_own_token(tokens, random);
    if (!issued) {
        return std::unexpected(issued.error());
    }
    auto written = write_file_atomically(folder.admin_token(),
                                         std::string(issued->text.reveal()) + '\n', private_mode);
    if (!written) {
        return std::unexpected(written.error());
    }
    return std::move(issued->text);
}

Secret read_token(const DataFolder& folder) {
    auto text = read_file(folder.admin_token(), token_file_bytes_max);
    if (!text) {
        return {}; // the commands that need one will say so
    }
    const Secret content(std::move(*text));
    return Secret(std::string(trim(content.reveal())));
}

/// The pool, until it is to be stopped: then what is queued is dropped. A stop would else wait for
/// all of it, and a hub that does not answer takes its time for each. What it was for is stored,
/// and goes on at the next start.
class UntilStopped final : public Executor {
  public:
    explicit UntilStopped(WorkerPool& pool) : pool_(pool) {}

    [[nodiscard]] bool submit(Task task) override {
        return pool_.submit([this, task = std::move(task)]() mutable {
            if (!is_stopped_) {
                task();
            }
        });
    }

    void stop() {
        is_stopped_ = true;
        pool_.stop();
    }

  private:
    WorkerPool& pool_;
    std::atomic<bool> is_stopped_ = false;
};

} // namespace

/// What no instance may call itself.
std::vector<std::string> hub_hosts(const ServerConfig& config) {
    std::vector<std::string> hosts;
    for (const HubConfig& hub : config.hubs) {
        hosts.push_back(hub.host.text());
    }
    return hosts;
}

/// What stands on the stores, in the order of construction.
struct Services {
    struct Ports {
        store::Stores& stores;
        const ServerConfig& config;
        Outside& outside;
        Executor& workers;
        Executor& callers;
        Scheduler& timers;
        const Clock& clock;
        Random& random;
    };

    explicit Services(const Ports& ports)
        : journal(std::make_shared<provisioning::JournalWriter>(ports.stores.journal(),
                                                                ports.workers, ports.timers)),
          instances({.store = ports.stores.instances(),
                     .hubs = ports.outside.links(),
                     .workers = ports.workers,
                     .timers = ports.timers,
                     .clock = ports.clock,
                     .random = ports.random,
                     .domain = ports.config.domain,
                     .other_hosts = hub_hosts(ports.config)}),
          tokens(ports.stores.tokens(), ports.clock, ports.random),
          served({.stores = ports.stores,
                  .hubs = ports.outside.hubs(),
                  .whereabouts = ports.outside.whereabouts(),
                  .functions = ports.outside.functions(),
                  .instances = instances,
                  .workers = ports.workers,
                  .callers = ports.callers,
                  .timers = ports.timers,
                  .clock = ports.clock,
                  .random = ports.random,
                  .journal = *journal,
                  .sites = sites}),
          control{instances, tokens, ports.stores.audit(), ports.stores.journal()},
          context{sites,        ports.workers, ports.timers, ports.clock,
                  ports.random, &control,      journal.get()} {}

    gateway::Sites sites;
    std::shared_ptr<provisioning::JournalWriter> journal;
    provisioning::Instances instances;
    provisioning::AdminTokens tokens;
    ServedInstances served;
    gateway::Control control;
    gateway::Context context;
};

/// In the order of construction; destroyed the other way round, so nothing outlives what it uses.
struct Server::Parts {
    explicit Parts(const ServerConfig& configured)
        : config(configured), workers({.threads = configured.workers}),
          caller_pool({.threads = caller_threads}) {}

    ServerConfig config;
    std::filesystem::path ca_file;
    PolicyKeys keys;
    Secret admin_token;
    SystemClock clock;
    SystemRandom random;
    std::unique_ptr<store::Stores> stores;
    TimerThread timers;
    WorkerPool workers;
    WorkerPool caller_pool; // wait for webhooks and remote hubs, so that workers never do
    UntilStopped callers{caller_pool};
    std::vector<std::unique_ptr<hub::Service>> hubs;
    LocalHubs local_hubs;
    std::unique_ptr<Outside> outside;
    std::optional<Services> services;
    std::unique_ptr<EventRouting> routing;
    std::unique_ptr<net::Server> network;
    bool stopped = false;

    Result<void> open(DataFolder& folder);
    Result<void> open_stores(const DataFolder& folder);
    Result<void> build_services(const DataFolder& folder);
    Result<void> admit_administrators(const DataFolder& folder);
    Result<void> route_events();
    [[nodiscard]] std::vector<std::string> names_served() const;
    Result<void> listen(DataFolder& folder);
};

Result<void> Server::Parts::open(DataFolder& folder) {
    ca_file = folder.ca_certificate();
    auto loaded = folder.policy_keys(config, random);
    if (!loaded) {
        return std::unexpected(loaded.error());
    }
    keys = std::move(*loaded);
    return open_stores(folder);
}

/// A missing key file is made only for a database that can be read without one: new, or of a
/// version that sealed nothing.
Result<void> Server::Parts::open_stores(const DataFolder& folder) {
    const auto key_file = config.key_file.empty() ? folder.sealing_key() : config.key_file;
    const bool is_new = !std::filesystem::exists(key_file);
    auto ring = is_new ? Result<crypto::KeyRing>(crypto::KeyRing(random)) : read_key_file(key_file);
    if (!ring) {
        return std::unexpected(ring.error());
    }
    auto opened =
        store::open_sqlite_stores({.file = folder.database(),
                                   .journal = {},
                                   .keys = std::make_shared<const crypto::KeyRing>(*ring)});
    if (!opened) {
        return std::unexpected(opened.error());
    }
    stores = std::move(*opened);
    if (auto readable = stores->instances().all(); !readable) {
        return is_new ? fail(Code::malformed,
                             fmt::format("the key file {} that sealed the database is missing",
                                         key_file.string()))
                      : std::unexpected(readable.error());
    }
    if (auto written = is_new ? write_key_file(key_file, *ring) : Result<void>(); !written) {
        return written;
    }
    seal_rest(folder.database(), *ring);
    return {};
}

Result<void> Server::Parts::build_services(const DataFolder& folder) {
    for (const HubConfig& settings : config.hubs) {
        const hub::HubPorts ports{.stores = stores->hub(),
                                  .workers = workers,
                                  .timers = timers,
                                  .clock = clock,
                                  .random = random};
        auto made = hub_settings(settings, keys);
        if (!made) {
            return std::unexpected(std::move(made.error()));
        }
        hubs.push_back(std::make_unique<hub::Service>(std::move(*made), ports));
        local_hubs.add(*hubs.back());
        if (auto remembering = hubs.back()->remember_presence(); !remembering) {
            return remembering;
        }
    }
    auto reached = Outside::make(config, local_hubs, clock);
    if (!reached) {
        return std::unexpected(reached.error());
    }
    outside = std::move(*reached);
    services.emplace(Services::Ports{.stores = *stores,
                                     .config = config,
                                     .outside = *outside,
                                     .workers = workers,
                                     .callers = callers,
                                     .timers = timers,
                                     .clock = clock,
                                     .random = random});
    for (const auto& hub : hubs) {
        services->sites.add(*hub);
        hub->start();
    }
    if (auto loaded = services->instances.load(services->served); !loaded) {
        return loaded;
    }
    if (auto seeded = seed_instances(config, keys, services->instances); !seeded) {
        return seeded;
    }
    return admit_administrators(folder);
}

Result<void> Server::Parts::admit_administrators(const DataFolder& folder) {
    if (auto loaded = services->tokens.load(); !loaded) {
        return loaded;
    }
    if (!services->tokens.all().empty() && !config.new_admin_token) {
        admin_token = read_token(folder);
        return {};
    }
    auto token = renew_own_token(services->tokens, folder, random);
    if (!token) {
        return std::unexpected(token.error());
    }
    admin_token = std::move(*token);
    return {};
}

Result<void> Server::Parts::route_events() {
    auto started = EventRouting::start(config, {.hubs = hubs,
                                                .send = outside->hubs().send,
                                                .timers = timers,
                                                .clock = clock,
                                                .random = random});
    if (!started) {
        return std::unexpected(started.error());
    }
    routing = std::move(*started);
    return {};
}

/// Those of the configuration and those that instances were given since.
std::vector<std::string> Server::Parts::names_served() const {
    std::vector<std::string> names = names_of(config);
    for (const auto& instance : services->instances.all()) {
        for (const std::string& host : instance->host_names) {
            const bool covered = host.ends_with("." + config.domain) ||
                                 std::ranges::find(names, host) != names.end();
            if (!covered) {
                names.push_back(host);
            }
        }
    }
    return names;
}

Result<void> Server::Parts::listen(DataFolder& folder) {
    auto certificate = folder.server_certificate(names_served(), clock, random);
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
            {address, config.https_port, gateway::make_https_front(services->context)});
        options.listeners.push_back(
            {address, config.mqtt_port, gateway::make_mqtt_front(services->context)});
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
    if (auto built = parts.build_services(folder); !built) {
        return std::unexpected(built.error());
    }
    if (auto routed = parts.route_events(); !routed) {
        return std::unexpected(routed.error());
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
    if (parts_->routing) {
        parts_->routing->stop();
    }
    // Workers before timers: a finishing use case may still set a timer, which is then dropped.
    parts_->callers.stop();
    parts_->workers.stop();
    if (parts_->services) { // now that nobody adds to it
        parts_->services->journal->flush();
    }
    parts_->timers.stop();
}

ReadyFile Server::ready_file() const {
    const ServerConfig& config = parts_->config;
    const std::string& address = config.listen.front();

    ReadyFile ready;
    ready.provisioning_address = is_any_address(address) ? "127.0.0.1" : address;
    ready.https_port = config.https_port;
    ready.mqtt_port = config.mqtt_port;
    ready.ca_file = parts_->ca_file.string();
    ready.admin_token = parts_->admin_token;
    ready.provisioning_host = config.instances.front().hosts.front();
    ready.control_endpoint = ready.provisioning_host;
    if (const auto instance = shown_instance()) {
        ready.instance = instance->name;
        ready.id_scope = instance->scope.text();
        if (const auto* owner = instance->find_policy(provisioning_owner)) {
            ready.service_connection_string =
                connection_string(ready.provisioning_host, provisioning_owner, owner->keys.primary);
        }
    }
    for (const HubConfig& hub : config.hubs) {
        ready.hubs.push_back(
            {hub.name, hub.host.text(),
             connection_string(
                 hub.host.text(), "iothubowner",
                 keys_of(parts_->keys, "hub:" + hub.host.text(), "iothubowner").primary)});
    }
    return ready;
}

/// The first of the configuration; null if an administrator deleted it.
provisioning::InstancePtr Server::shown_instance() const {
    const IdScope& scope = parts_->config.instances.front().scope;
    for (auto& instance : parts_->services->instances.all()) {
        if (instance->scope == scope) {
            return instance;
        }
    }
    return nullptr;
}

} // namespace muster::app
