// Memory per idle MQTT connection over TLS. The same clients connect to muster's hub and to a plain
// broker: authenticated by SAS (which the broker accepts unread), subscribed to twin responses,
// desired properties and methods, then silent. Each server is a fresh process, read before the
// first and after the last connection. bench/run starts them.
//
//   bench_idle provision --data DIR ...    puts the devices into the hub
//   bench_idle connect --pid PID ...       prints one line: bytes per connection, and without what
//                                          lies in mapped files

#include "app/api_client.h"
#include "base/encoding.h"
#include "base/file.h"
#include "bench/measure.h"
#include "bench/rush.h"
#include "crypto/keys.h"
#include "device/hub_client.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <sys/resource.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace muster::bench {

namespace {

constexpr std::size_t file_bytes_max = 1024 * 1024;
constexpr std::size_t provisioning_threads = 16;
constexpr std::size_t client_threads = 2;
constexpr std::size_t handshakes_at_once = 64;
constexpr std::chrono::seconds keep_alive{1100}; // nobody pings while we look
constexpr std::chrono::seconds settling{3};

struct Options {
    std::filesystem::path data; // of muster; its first hub is used
    std::string address;        // connect here instead of at the hub
    std::uint16_t port = 0;
    pid_t server = 0;
    std::size_t count = 10'000;
};

/// The hub takes it from every device; a benchmark has no secrets.
Secret device_key() {
    return Secret(std::string(32, 'k'));
}

std::string device_name(std::size_t number) {
    return fmt::format("idle-{:05}", number);
}

void put_device(app::ApiClient& hub, const std::string& name) {
    const std::string key = crypto::encode_key(device_key());
    const JsonObject document{
        {"deviceId", name},
        {"authentication",
         {{"type", "sas"}, {"symmetricKey", {{"primaryKey", key}, {"secondaryKey", key}}}}}};
    must(hub.send({.method = "PUT", .path = "/devices/" + name, .body = to_text(document)}), name);
}

void provision(const Options& options) {
    const SystemClock clock;
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> threads;
    for (std::size_t thread = 0; thread < provisioning_threads; ++thread) {
        threads.emplace_back([&] {
            auto hubs = must(app::connect_hubs({.data = options.data}, clock), "finding the hub");
            for (std::size_t number = next++; number < options.count; number = next++) {
                put_device(hubs.front(), device_name(number));
            }
        });
    }
}

/// Every connection is a descriptor here (and one in the server: bench/run raises its limit).
void allow_descriptors(std::size_t count) {
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

Errand errand_of(std::size_t number, const net::Destination& destination,
                 const std::shared_ptr<const net::ClientTls>& tls, const Clock& clock) {
    const device::HubClientOptions asked{.hub = destination.host,
                                         .device_id = device_name(number),
                                         .symmetric_key = device_key(),
                                         .keep_alive = keep_alive};
    return {destination, tls, [asked, &clock](const Done& done) {
                return device::HubClient::make(asked, {.connected = done}, clock);
            }};
}

void connect(const Options& options) {
    allow_descriptors(options.count);
    const SystemClock clock;
    const auto ready = must(app::find_server({.data = options.data}), "finding the server");
    const std::string ca_pem = must(read_file(ready.ca_file, file_bytes_max), "reading the CA");
    auto tls = std::make_shared<const net::ClientTls>(
        must(net::ClientTls::make({.ca_pem = ca_pem}), "preparing TLS"));
    const net::Destination destination{.host = ready.hubs.front().host_name,
                                       .address = options.address,
                                       .port = options.port != 0 ? options.port : ready.mqtt_port};
    std::vector<Errand> errands;
    for (std::size_t number = 0; number < options.count; ++number) {
        errands.push_back(errand_of(number, destination, tls, clock));
    }
    net::Dialer dialer(client_threads);
    Rush rush(dialer, handshakes_at_once, Until::done);
    const Memory before = memory_of(options.server);
    const RushResult result = rush.run(errands);
    if (result.succeeded != options.count) {
        give_up("connecting", fail(Code::internal, result.first_failure).error());
    }
    std::this_thread::sleep_for(settling);
    const Memory after = memory_of(options.server);
    dialer.stop(); // before the rush goes
    const auto each = [&](std::int64_t bytes) {
        return bytes / static_cast<std::int64_t>(options.count);
    };
    fmt::print("{} {} {} {} {:.1f}\n", each(after.proportional_bytes - before.proportional_bytes),
               each(after.anonymous_bytes - before.anonymous_bytes), before.proportional_bytes,
               after.proportional_bytes, result.elapsed.count());
}

} // namespace

} // namespace muster::bench

int main(int count, char** arguments) {
    CLI::App app("memory per idle MQTT connection");
    app.require_subcommand(1);
    muster::bench::Options options;
    CLI::App* provision = app.add_subcommand("provision");
    CLI::App* connect = app.add_subcommand("connect");
    for (CLI::App* command : {provision, connect}) {
        command->add_option("--data", options.data)->required();
        command->add_option("--count", options.count);
    }
    connect->add_option("--pid", options.server)->required();
    connect->add_option("--address", options.address);
    connect->add_option("--port", options.port);
    CLI11_PARSE(app, count, arguments);
    if (*provision) {
        muster::bench::provision(options);
    } else {
        muster::bench::connect(options);
    }
}
