#include "bench/hub_fleet.h"

#include "app/api_client.h"
#include "base/file.h"
#include "bench/measure.h"

#include <fmt/format.h>

#include <sys/resource.h>

#include <chrono>
#include <utility>

namespace muster::bench {

namespace {

constexpr std::size_t file_bytes_max = 1024 * 1024;
constexpr std::size_t client_threads = 2;
constexpr std::chrono::seconds handshake_time_max{60};
constexpr std::chrono::seconds keep_alive{1100}; // nobody pings while we measure

double seconds_since(std::chrono::steady_clock::time_point began) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

} // namespace

Secret fleet_key() {
    return Secret(std::string(32, 'k'));
}

std::string fleet_device(std::size_t number) {
    return fmt::format("dev-{:07}", number);
}

FleetTarget fleet_target(const std::string& data, const std::string& address, std::uint16_t port) {
    const auto ready = must(app::find_server({.data = data}), "finding the server");
    const std::string ca_pem = must(read_file(ready.ca_file, file_bytes_max), "reading the CA");
    return {.destination = {.host = ready.hubs.front().host_name,
                            .address = address,
                            .port = port != 0 ? port : ready.mqtt_port},
            .tls = std::make_shared<const net::ClientTls>(
                must(net::ClientTls::make({.ca_pem = ca_pem}), "preparing TLS"))};
}

void allow_connections(std::size_t count) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    constexpr std::size_t others = 64;
    if (limit.rlim_cur < count + others) {
        give_up(
            "opening connections",
            fail(Code::unavailable, fmt::format("only {} descriptors are allowed", limit.rlim_cur))
                .error());
    }
}

HubFleet::HubFleet(FleetTarget target, const Clock& clock, Answer answer)
    : target_(std::move(target)), clock_(clock), answer_(std::move(answer)),
      dialer_(client_threads) {}

HubFleet::~HubFleet() {
    dialer_.stop();
}

void HubFleet::note(const Result<void>& result) {
    const std::lock_guard lock(mutex_);
    if (!result && failure_.empty()) {
        failure_ = result.error().detail;
    }
    --pending_;
    changed_.notify_all();
}

void HubFleet::dial(std::size_t number) {
    Member& member = *members_.emplace_back(std::make_unique<Member>());
    dialer_.dial(
        target_.destination, target_.tls,
        [this, &member, number](const session::Peer&, const Post& post) {
            member.post = post;
            auto client = device::HubClient::make(
                {.hub = target_.destination.host,
                 .device_id = fleet_device(number),
                 .symmetric_key = fleet_key(),
                 .keep_alive = keep_alive},
                {.connected = [this](const Result<void>& result) { note(result); },
                 .desired = {},
                 .method = answer_,
                 .closed = {}},
                clock_);
            member.client = client.get();
            return client;
        },
        handshake_time_max,
        [this](const Result<void>& closed) {
            if (!closed) {
                note(closed);
            }
        });
}

double HubFleet::connect(std::size_t count, std::size_t at_once) {
    const auto began = std::chrono::steady_clock::now();
    members_.reserve(members_.size() + count);
    for (std::size_t number = 0; number < count; ++number) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return pending_ < at_once; });
            ++pending_;
        }
        dial(number);
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return pending_ == 0; });
    if (!failure_.empty()) {
        give_up("connecting", fail(Code::unavailable, failure_).error());
    }
    return seconds_since(began);
}

double HubFleet::run(const Action& action) {
    const auto began = std::chrono::steady_clock::now();
    {
        const std::lock_guard lock(mutex_);
        pending_ = members_.size();
    }
    for (const auto& member : members_) {
        member->post([this, at = member.get(), action] {
            action(*at->client, [this](const Result<void>& result) { note(result); });
        });
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return pending_ == 0; });
    if (!failure_.empty()) {
        give_up("running", fail(Code::unavailable, failure_).error());
    }
    return seconds_since(began);
}

} // namespace muster::bench
