#include "app/outside.h"

#include "app/guarded_outgoing.h"
#include "app/web_functions.h"
#include "base/file.h"

#include <fmt/format.h>

#include <utility>

namespace muster::app {

namespace {

constexpr std::size_t ca_bytes_max = 4 * 1024 * 1024;

Result<std::string> read_ca(const OutgoingConfig& config) {
    if (config.ca_file.empty()) {
        return std::string();
    }
    auto text = read_file(config.ca_file, ca_bytes_max);
    return text ? std::move(text)
                : fail(Code::not_found, fmt::format("outgoing.ca_file: {}", text.error().detail));
}

Result<std::unique_ptr<GeoDatabase>> open_database(const ServerConfig& config) {
    if (config.geo_database.empty()) {
        return nullptr;
    }
    return GeoDatabase::open(config.geo_database);
}

/// As links name it: an IPv6 address with its brackets.
HubName hub_at(const std::string& url) {
    const std::string host = host_of(url);
    return HubName(host.contains(':') ? fmt::format("[{}]", host) : host);
}

class ReachableLinks final : public provisioning::HubLinks {
  public:
    explicit ReachableLinks(const HubReach& reach) : reach_(reach) {}

    Result<HubName> check_link(const Secret& connection_string) override {
        return check_hub_link(reach_, connection_string);
    }

  private:
    const HubReach& reach_;
};

} // namespace

struct Outside::Parts {
    Parts(const ServerConfig& config, std::string ca_pem, LocalHubs& local, const Clock& clock)
        : outgoing({.allow = config.outgoing.allow, .ca_pem = std::move(ca_pem)}), web(outgoing),
          functions(web, clock),
          hubs{.local = local,
               .send = [this](const net::Outgoing::Request& request) { return send(request); },
               .clock = clock},
          links(hubs) {
        for (const HubConfig& hub : config.hubs) {
            distances.note(hub.host, std::chrono::microseconds(0));
        }
    }

    Result<net::HttpReply> send(const net::Outgoing::Request& request) {
        auto reply = outgoing.send(request);
        if (reply && reply->connect_time) {
            distances.note(hub_at(request.url), *reply->connect_time);
        }
        return reply;
    }

    HubDistances distances;
    GuardedOutgoing outgoing;
    WebFunctions web;
    provisioning::FunctionCaller functions;
    HubReach hubs;
    ReachableLinks links;
    std::unique_ptr<Places> places;
};

Outside::Outside(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Outside::~Outside() = default;

Result<std::unique_ptr<Outside>> Outside::make(const ServerConfig& config, LocalHubs& local,
                                               const Clock& clock) {
    auto ca_pem = read_ca(config.outgoing);
    if (!ca_pem) {
        return std::unexpected(ca_pem.error());
    }
    auto database = open_database(config);
    if (!database) {
        return std::unexpected(database.error());
    }
    auto map = NetworkMap::make(config.networks);
    if (!map) {
        return std::unexpected(map.error());
    }
    auto parts = std::make_unique<Parts>(config, *std::move(ca_pem), local, clock);
    parts->places =
        std::make_unique<Places>(*std::move(map), *std::move(database), parts->distances);
    return std::unique_ptr<Outside>(new Outside(std::move(parts)));
}

const HubReach& Outside::hubs() const {
    return parts_->hubs;
}

provisioning::HubLinks& Outside::links() {
    return parts_->links;
}

provisioning::FunctionCaller& Outside::functions() {
    return parts_->functions;
}

const provisioning::Whereabouts& Outside::whereabouts() const {
    return *parts_->places;
}

} // namespace muster::app
