#include "app/endpoints/event_routing.h"

#include "app/endpoints/nats_endpoint.h"
#include "app/endpoints/webhook_endpoint.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/keys.h"
#include "hub/documents.h"
#include "hub/routing/dispatcher.h"
#include "provisioning/allocating/definition_views.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

namespace muster::app {

namespace {

constexpr std::size_t secret_bytes_max = 4096;

std::unexpected<Error> wrong(const EndpointConfig& endpoint, std::string_view setting,
                             const Error& error) {
    return fail(error.code,
                fmt::format("endpoint '{}': {}: {}", endpoint.name, setting, error.detail));
}

/// The trimmed content of the file; empty if there is none.
Result<Secret> read_secret(const EndpointConfig& endpoint, std::string_view setting,
                           const std::filesystem::path& file) {
    if (file.empty()) {
        return Secret();
    }
    auto text = read_file(file, secret_bytes_max);
    if (!text) {
        return wrong(endpoint, setting, text.error());
    }
    const Secret content(std::move(*text));
    return Secret(std::string(trim(content.reveal())));
}

/// An endpoint, and what operators see of it.
struct Made {
    std::unique_ptr<hub::Endpoint> endpoint;
    std::string kind;
    std::string target;
};

Result<Made> make_webhook(const HubConfig& hub, const EndpointConfig& config,
                          const EventRouting::Ports& ports) {
    const auto& webhook = std::get<WebhookConfig>(config.target);
    const auto text = read_secret(config, "signing_key_file", webhook.signing_key_file);
    if (!text) {
        return std::unexpected(text.error());
    }
    WebhookEndpoint::Options options{.hub = hub.host, .url = webhook.url, .signing_key = {}};
    if (!webhook.signing_key_file.empty()) {
        auto key = crypto::decode_key(text->reveal());
        if (!key) {
            return wrong(config, "signing_key_file", key.error());
        }
        options.signing_key = std::move(*key);
    }
    return Made{.endpoint =
                    std::make_unique<WebhookEndpoint>(std::move(options), ports.send, ports.clock),
                .kind = "webhook",
                .target = provisioning::masked_url(webhook.url.reveal())};
}

Result<net::NatsPublisher::Options>
publisher_options(const HubConfig& hub, const EndpointConfig& config, const NatsSubject& subject) {
    const auto& nats = std::get<NatsConfig>(config.target);
    auto password = read_secret(config, "password_file", nats.password_file);
    if (!password) {
        return std::unexpected(password.error());
    }
    auto token = read_secret(config, "token_file", nats.token_file);
    if (!token) {
        return std::unexpected(token.error());
    }
    return net::NatsPublisher::Options{.servers = nats.servers,
                                       .client_name = "muster " + hub.host.text(),
                                       .stream = nats.stream,
                                       .stream_subjects = {subject.all_of(hub.name)},
                                       .user = nats.user,
                                       .password = std::move(*password),
                                       .token = std::move(*token),
                                       .credentials_file = nats.credentials_file,
                                       .ca_file = nats.ca_file,
                                       .certificate_file = nats.certificate_file,
                                       .key_file = nats.key_file};
}

Result<Made> make_nats(const HubConfig& hub, const EndpointConfig& config) {
    const auto& nats = std::get<NatsConfig>(config.target);
    const auto subject = NatsSubject::parse(nats.subject);
    if (!subject) {
        return wrong(config, "subject", subject.error());
    }
    auto options = publisher_options(hub, config, *subject);
    if (!options) {
        return std::unexpected(options.error());
    }
    const auto publisher = std::make_shared<net::NatsPublisher>(std::move(*options));
    return Made{
        .endpoint = std::make_unique<NatsEndpoint>(
            NatsEndpoint::Options{.hub = hub.host, .hub_name = hub.name, .subject = *subject},
            [publisher](NatsEndpoint::Messages messages) { return publisher->publish(messages); },
            [publisher] { publisher->interrupt(); }),
        .kind = "nats",
        .target = fmt::format("{} {}", fmt::join(nats.servers, ","), nats.subject)};
}

hub::TwinLookup twins_of(hub::Service& hub) {
    return [&hub](const hub::IdentityId& id) -> Result<std::optional<JsonObject>> {
        auto found = hub.get_twin(id);
        if (found) {
            return hub::to_document(*found);
        }
        return found.error().code == Code::not_found
                   ? Result<std::optional<JsonObject>>(std::nullopt)
                   : std::unexpected(found.error());
    };
}

Result<hub::RoutingTable> table_of(const HubConfig& hub) {
    std::vector<hub::Route> routes;
    for (const RouteConfig& config : hub.routes) {
        routes.push_back(config.route);
    }
    std::vector<std::string> endpoints;
    for (const EndpointConfig& config : hub.endpoints) {
        endpoints.push_back(config.name);
    }
    return hub::RoutingTable::make(std::move(routes), endpoints);
}

std::size_t endpoints_in(const ServerConfig& config) {
    std::size_t count = 0;
    for (const HubConfig& hub : config.hubs) {
        count += hub.endpoints.size();
    }
    return count;
}

} // namespace

/// In the order of construction: dispatchers go first.
struct EventRouting::Parts {
    explicit Parts(std::size_t endpoints) : senders({.threads = endpoints}) {}

    Result<void> add(const HubConfig& config, hub::Service& hub, const Ports& ports);
    Result<void> begin();

    WorkerPool senders; // a thread for each endpoint: none waits for another
    std::vector<std::unique_ptr<hub::RoutingTable>> tables;
    std::vector<std::unique_ptr<hub::Endpoint>> endpoints;
    std::vector<std::unique_ptr<hub::Dispatcher>> dispatchers;
};

Result<void> EventRouting::Parts::add(const HubConfig& config, hub::Service& hub,
                                      const Ports& ports) {
    auto table = table_of(config);
    if (!table) {
        return std::unexpected(table.error());
    }
    tables.push_back(std::make_unique<hub::RoutingTable>(std::move(*table)));
    for (const EndpointConfig& wanted : config.endpoints) {
        auto made = std::holds_alternative<WebhookConfig>(wanted.target)
                        ? make_webhook(config, wanted, ports)
                        : make_nats(config, wanted);
        if (!made) {
            return std::unexpected(made.error());
        }
        endpoints.push_back(std::move(made->endpoint));
        dispatchers.push_back(
            std::make_unique<hub::Dispatcher>(hub::Dispatcher::Named{.hub = config.host.text(),
                                                                     .name = wanted.name,
                                                                     .kind = made->kind,
                                                                     .target = made->target,
                                                                     .endpoint = *endpoints.back()},
                                              hub::DispatcherPorts{.log = hub.events(),
                                                                   .routes = *tables.back(),
                                                                   .twins = twins_of(hub),
                                                                   .board = hub.endpoints(),
                                                                   .senders = senders,
                                                                   .timers = ports.timers,
                                                                   .clock = ports.clock,
                                                                   .random = ports.random}));
    }
    return {};
}

Result<void> EventRouting::Parts::begin() {
    for (const auto& dispatcher : dispatchers) {
        if (auto begun = dispatcher->start(); !begun) {
            return begun;
        }
    }
    return {};
}

EventRouting::EventRouting(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

EventRouting::~EventRouting() {
    stop();
}

Result<std::unique_ptr<EventRouting>> EventRouting::start(const ServerConfig& config,
                                                          const Ports& ports) {
    std::unique_ptr<EventRouting> routing(
        new EventRouting(std::make_unique<Parts>(endpoints_in(config))));
    for (std::size_t at = 0; at < config.hubs.size(); ++at) {
        if (auto added = routing->parts_->add(config.hubs[at], *ports.hubs[at], ports); !added) {
            return std::unexpected(added.error());
        }
    }
    if (auto begun = routing->parts_->begin(); !begun) {
        return std::unexpected(begun.error());
    }
    return routing;
}

void EventRouting::stop() {
    for (const auto& dispatcher : parts_->dispatchers) {
        dispatcher->stop();
    }
    parts_->senders.stop();
}

} // namespace muster::app
