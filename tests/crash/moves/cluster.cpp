#include "tests/crash/moves/cluster.h"

#include "app/output.h"
#include "base/file.h"
#include "crypto/keys.h"

#include <fmt/format.h>

#include <fstream>

namespace muster::crash {

namespace {

constexpr std::size_t ca_bytes_max = 1024 * 1024;
constexpr std::chrono::seconds life_max{900};
constexpr const char* instance_name = "moves";
constexpr const char* group_path = "/enrollmentGroups/movers";

std::string remote_config() {
    return fmt::format(R"([server]
listen = ["{0}"]
[[hub]]
name = "remote-1"
host = "{1}"
[[hub]]
name = "remote-2"
host = "{2}"
[[instance]]
id_scope = "0ne0C4A5402"
hosts = ["{0}"]
)",
                       test::own_loopback_address(11), test::own_loopback_address(12),
                       test::own_loopback_address(13));
}

std::string provisioning_config(const std::filesystem::path& remote_ca) {
    return fmt::format(R"([server]
listen = ["{0}"]
[outgoing]
allow = ["127.0.0.0/8"]
ca_file = "{1}"
[[hub]]
name = "local-1"
host = "{2}"
[[hub]]
name = "local-2"
host = "{3}"
[[instance]]
id_scope = "0ne0C4A5401"
name = "{4}"
hosts = ["{0}"]
)",
                       test::own_loopback_address(21), remote_ca.string(),
                       test::own_loopback_address(22), test::own_loopback_address(23),
                       instance_name);
}

/// Of its own for each: the other one may still be waiting for a later write of its own.
std::filesystem::path armed_file(const std::filesystem::path& folder, Victim victim) {
    return folder / (victim == Victim::provisioning ? "armed-provisioning" : "armed-hubs");
}

std::vector<std::string> killing(const std::filesystem::path& folder, const KillAt& at) {
    return {fmt::format("LD_PRELOAD={}", KILL_AT_LIBRARY),
            fmt::format("MUSTER_KILL_ARMED={}", armed_file(folder, at.victim).string()),
            fmt::format("MUSTER_KILL_AT={}", at.write),
            fmt::format("MUSTER_KILL_WHEN={}", at.before ? "before" : "after")};
}

} // namespace

Cluster::Cluster(const Clock& clock)
    : clock_(clock), folder_(test::new_temporary_folder("moves")),
      remote_ca_(folder_ / "remote" / "ca.pem") {}

Cluster::~Cluster() = default;

Result<void> Cluster::start() {
    remote_.emplace(test::ServerProcess::Options{.program = MUSTER_PROGRAM,
                                                 .data = folder_ / "remote",
                                                 .address = {},
                                                 .config = remote_config(),
                                                 .life_max = life_max});
    const auto remote = remote_->start();
    if (!remote) {
        return std::unexpected(remote.error());
    }
    provisioning_.emplace(test::ServerProcess::Options{.program = MUSTER_PROGRAM,
                                                       .data = folder_ / "provisioning",
                                                       .address = {},
                                                       .config = provisioning_config(remote_ca_),
                                                       .life_max = life_max});
    const auto own = provisioning_->start();
    if (!own) {
        return std::unexpected(own.error());
    }
    hubs_ = own->hubs;
    hubs_.insert(hubs_.end(), remote->hubs.begin(), remote->hubs.end());
    auto ca = read_file(own->ca_file, ca_bytes_max);
    if (!ca) {
        return std::unexpected(ca.error());
    }
    fleet_ = Fleet{.ready = *own, .ca_pem = *std::move(ca), .group_key = {}};
    if (auto linked = link_hubs(); !linked) {
        return linked;
    }
    return make_group();
}

void Cluster::kill(Victim victim) {
    process(victim).kill();
}

Result<void> Cluster::restart(Victim victim, const std::optional<KillAt>& kill_at) {
    disarm(victim);
    const auto environment = kill_at ? killing(folder_, *kill_at) : std::vector<std::string>();
    const auto ready = process(victim).start(environment);
    return ready ? Result<void>() : std::unexpected(ready.error());
}

void Cluster::arm(Victim victim) {
    std::ofstream(armed_file(folder_, victim)) << "1";
}

void Cluster::disarm(Victim victim) {
    std::filesystem::remove(armed_file(folder_, victim));
}

Result<app::Administration> Cluster::administration() const {
    const app::ReadyFile& ready = fleet_->ready;
    return app::Administration::connect({.server = ready.control_endpoint,
                                         .address = ready.provisioning_address,
                                         .ca_file = ready.ca_file,
                                         .token = std::string(ready.admin_token.reveal()),
                                         .instance = instance_name,
                                         .data = {}});
}

Result<void> Cluster::link_hubs() {
    auto administration = this->administration();
    if (!administration) {
        return std::unexpected(administration.error());
    }
    JsonArray links;
    for (const app::ReadyHub& hub : hubs_) {
        links.push_back(
            JsonObject{{"name", hub.host_name},
                       {"connectionString", std::string(hub.connection_string.reveal())}});
    }
    const auto changed = administration->api().send_json(
        {.method = "PUT",
         .path = fmt::format("/muster/instances/{}", instance_name),
         .body = to_text(JsonObject{{"name", instance_name}, {"hubs", links}})});
    return changed ? Result<void>() : std::unexpected(changed.error());
}

Result<void> Cluster::make_group() {
    if (auto made = direct_to(0); !made) {
        return made;
    }
    auto service = service_of(*fleet_, clock_);
    if (!service) {
        return std::unexpected(service.error());
    }
    const auto mechanism = service->send_json(
        {.method = "POST", .path = std::string(group_path) + "/attestationmechanism"});
    if (!mechanism) {
        return std::unexpected(mechanism.error());
    }
    auto key = crypto::decode_key(app::cell(*mechanism, "symmetricKey.primaryKey"));
    if (!key) {
        return std::unexpected(key.error());
    }
    fleet_->group_key = *std::move(key);
    return {};
}

Result<void> Cluster::direct_to(std::size_t hub) {
    auto service = service_of(*fleet_, clock_);
    if (!service) {
        return std::unexpected(service.error());
    }
    const JsonObject document{
        {"enrollmentGroupId", "movers"},
        {"attestation", {{"type", "symmetricKey"}}},
        {"initialTwin",
         {{"tags", {{"fleet", "movers"}}}, {"properties", {{"desired", {{"n", 0}}}}}}},
        {"reprovisionPolicy", {{"updateHubAssignment", true}, {"migrateDeviceData", true}}},
        {"allocationPolicy", "static"},
        {"iotHubs", JsonArray{Json(hubs_[hub].host_name)}}};
    const auto there = service->send_json({.method = "GET", .path = group_path});
    if (!there && there.error().code != Code::not_found) {
        return std::unexpected(there.error()); // whether it exists is not known
    }
    app::ApiClient::Request put{.method = "PUT", .path = group_path, .body = to_text(document)};
    if (there) {
        put.headers = {{"If-Match", "*"}};
    }
    const auto stored = service->send_json(put);
    return stored ? Result<void>() : std::unexpected(stored.error());
}

Result<app::ApiClient> Cluster::connect(std::size_t hub) const {
    const bool own = hub < fleet_->ready.hubs.size();
    auto clients =
        app::connect_hubs({.connection_string = std::string(hubs_[hub].connection_string.reveal()),
                           .hub = {},
                           .address = {},
                           .ca_file = own ? fleet_->ready.ca_file : remote_ca_.string(),
                           .port = fleet_->ready.https_port,
                           .data = {}},
                          clock_);
    if (!clients) {
        return std::unexpected(clients.error());
    }
    return std::move(clients->front());
}

Result<std::size_t> Cluster::hurry_moves() {
    auto administration = this->administration();
    if (!administration) {
        return std::unexpected(administration.error());
    }
    const std::string path = fmt::format("/muster/instances/{}/moves", instance_name);
    const auto page = administration->api().send_json(
        {.method = "GET", .path = path, .query = {{"count", "1000"}}});
    if (!page) {
        return std::unexpected(page.error());
    }
    const JsonArray& moves = page->as_object().at("moves").as_array();
    for (const Json& move : moves) {
        const auto told = administration->api().send(
            {.method = "POST",
             .path = fmt::format("{}/{}/retry", path, app::cell(move, "registrationId"))});
        if (!told && told.error().code != Code::not_found) { // finished meanwhile
            return std::unexpected(told.error());
        }
    }
    return moves.size();
}

} // namespace muster::crash
