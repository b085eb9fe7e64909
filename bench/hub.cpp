// What a hub carries: messages in, twin patches, methods to many connected devices, queries over
// many twins. The clients of `messages` and `connect` are given to a plain broker, too, which takes
// anybody and stores nothing. bench/run starts the servers.
//
//   bench_hub provision --data DIR --count N     devices, into the running server
//   bench_hub fill --data DIR --count N          identities with twins, into a stopped server's
//   file bench_hub connect|messages|patches|methods|query|... --data DIR [--address A --port P]

#include "app/api_client.h"
#include "app/data_folder.h"
#include "app/key_file.h"
#include "base/encoding.h"
#include "base/random.h"
#include "bench/hub_fleet.h"
#include "bench/measure.h"
#include "crypto/keys.h"
#include "hub/device_rules.h"
#include "store/stores.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace muster::bench {

namespace {

constexpr std::size_t handshakes_at_once = 64;
constexpr std::size_t bulk_entries = 100;
constexpr std::size_t service_threads = 8;
constexpr std::size_t filling_threads = 64; // as many as share a commit
constexpr std::size_t sites = 1000;

struct Options {
    std::string data;
    std::string address; // connect here instead of at the hub
    std::uint16_t port = 0;
    std::size_t count = 64;   // devices
    std::size_t each = 300;   // messages, patches
    std::size_t window = 16;  // unacknowledged at once
    std::size_t calls = 4000; // methods
    std::size_t callers = 8;  // at once
    std::string text;         // of a query
};

app::ApiClient hub_client(const Options& options, const Clock& clock) {
    auto hubs = must(app::connect_hubs({.connection_string = {},
                                        .hub = {},
                                        .address = {},
                                        .ca_file = {},
                                        .port = 0,
                                        .data = options.data},
                                       clock),
                     "finding the hub");
    return std::move(hubs.front());
}

/// Work that several clients of the service share, by number.
template <class Work>
void share(const Options& options, std::size_t threads, std::size_t count, const Work& work) {
    const SystemClock clock;
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> running;
    for (std::size_t thread = 0; thread < threads; ++thread) {
        running.emplace_back([&] {
            auto hub = hub_client(options, clock);
            for (std::size_t number = next++; number < count; number = next++) {
                work(hub, number);
            }
        });
    }
}

// ---- provision, fill ----

JsonObject bulk_entry(std::size_t number) {
    const std::string key = crypto::encode_key(fleet_key());
    return {{"id", fleet_device(number)},
            {"importMode", "create"},
            {"authentication",
             {{"type", "sas"}, {"symmetricKey", {{"primaryKey", key}, {"secondaryKey", key}}}}}};
}

void provision(const Options& options) {
    const std::size_t requests = (options.count + bulk_entries - 1) / bulk_entries;
    share(options, service_threads, requests, [&](app::ApiClient& hub, std::size_t request) {
        JsonArray entries;
        const std::size_t first = request * bulk_entries;
        for (std::size_t i = first; i < std::min(first + bulk_entries, options.count); ++i) {
            entries.push_back(bulk_entry(i));
        }
        must(hub.send({.method = "POST",
                       .path = "/devices",
                       .query = {},
                       .headers = {},
                       .body = to_text(Json(std::move(entries)))}),
             "creating devices");
    });
}

hub::DeviceWithTwin filled(std::size_t number, Random& random, WallTime now) {
    hub::Device wanted;
    wanted.id = DeviceId(fleet_device(number));
    wanted.authentication.primary_key = fleet_key();
    wanted.authentication.secondary_key = fleet_key();
    const JsonObject tags{{"site", fmt::format("site-{}", number % sites)},
                          {"floor", static_cast<std::int64_t>(number % 7)}};
    const JsonObject desired{{"period", 30}};
    const JsonObject reported{{"firmware", fmt::format("1.{}.{}", number % 3, number % 50)},
                              {"battery", static_cast<std::int64_t>(number % 101)}};
    return {hub::created_device(std::move(wanted), hub::draw(random), now),
            hub::new_twin(tags, desired, reported, now)};
}

void fill(const Options& options) {
    auto folder = must(app::DataFolder::open(options.data), "opening the data folder");
    const auto keys = std::make_shared<const crypto::KeyRing>(
        must(app::read_key_file(folder.sealing_key()), "reading the key"));
    SystemRandom random;
    const auto config = must(folder.configuration_or_default({}, {}, random), "configuration");
    auto stores = must(store::open_sqlite_stores({.file = folder.database(), .keys = keys}),
                       "opening the database");
    const SystemClock clock;
    const WallTime now = clock.wall();
    std::atomic<std::size_t> next = 0;
    const auto began = clock.steady();
    {
        std::vector<std::jthread> running;
        for (std::size_t thread = 0; thread < filling_threads; ++thread) {
            running.emplace_back([&] {
                SystemRandom own;
                for (std::size_t i = next++; i < options.count; i = next++) {
                    const auto made =
                        stores->devices().create(config.hubs.front().host, filled(i, own, now));
                    if (!made) {
                        give_up("creating a device", made.error());
                    }
                }
            });
        }
    }
    const std::chrono::duration<double> took = clock.steady() - began;
    fmt::print("{} identities with twins in {:.1f} s\n", options.count, took.count());
}

// ---- devices ----

/// Keeps the window full until all are acknowledged.
struct Stream {
    device::HubClient& client;
    HubFleet::Done done;
    std::size_t to_send;
    std::size_t to_come;
    std::string body;
};

void send_next(const std::shared_ptr<Stream>& stream) {
    --stream->to_send;
    stream->client.send_telemetry(stream->body, {{"$.ct", "application/json"}},
                                  [stream](const Result<void>& stored) {
                                      if (!stored) {
                                          return stream->done(stored);
                                      }
                                      if (stream->to_send > 0) {
                                          send_next(stream);
                                      }
                                      if (--stream->to_come == 0) {
                                          stream->done({});
                                      }
                                  });
}

void report_next(const std::shared_ptr<Stream>& stream) {
    const auto number = static_cast<std::int64_t>(stream->to_send--);
    stream->client.report({{"counter", number}}, [stream](const Result<std::int64_t>& version) {
        if (!version) {
            return stream->done(std::unexpected(version.error()));
        }
        if (stream->to_send > 0) {
            report_next(stream);
        }
        if (--stream->to_come == 0) {
            stream->done({});
        }
    });
}

HubFleet::Action streaming(const Options& options,
                           void (*next)(const std::shared_ptr<Stream>& stream)) {
    return [options, next](device::HubClient& client, const HubFleet::Done& done) {
        auto stream = std::make_shared<Stream>(
            Stream{client, done, options.each, options.each, std::string(200, 'x')});
        for (std::size_t i = 0; i < std::min(options.window, options.each); ++i) {
            next(stream);
        }
    };
}

FleetTarget target_of(const Options& options) {
    return fleet_target(options.data, options.address, options.port);
}

void connect(const Options& options) {
    allow_connections(options.count);
    const SystemClock clock;
    HubFleet fleet(target_of(options), clock);
    const double seconds = fleet.connect(options.count, handshakes_at_once);
    fmt::print("{:.1f}\n", static_cast<double>(options.count) / seconds);
}

void stream(const Options& options, void (*next)(const std::shared_ptr<Stream>& stream)) {
    const SystemClock clock;
    HubFleet fleet(target_of(options), clock);
    fleet.connect(options.count, handshakes_at_once);
    const double seconds = fleet.run(streaming(options, next));
    fmt::print("{:.1f}\n", static_cast<double>(options.count * options.each) / seconds);
}

void methods(const Options& options) {
    allow_connections(options.count);
    const SystemClock clock;
    HubFleet fleet(target_of(options), clock,
                   [](const std::string&, const Json& payload) { return std::pair(200, payload); });
    fleet.connect(options.count, handshakes_at_once);
    std::vector<double> milliseconds(options.calls);
    share(options, options.callers, options.calls, [&](app::ApiClient& hub, std::size_t call) {
        const std::string device = fleet_device(call * 7919 % options.count);
        const auto began = clock.steady();
        must(hub.send({.method = "POST",
                       .path = "/twins/" + device + "/methods",
                       .query = {},
                       .headers = {},
                       .body = R"({"methodName":"echo","payload":{"n":1}})"}),
             "invoking a method");
        milliseconds[call] =
            std::chrono::duration<double, std::milli>(clock.steady() - began).count();
    });
    std::ranges::sort(milliseconds);
    const auto at = [&](double share_of) {
        return milliseconds[static_cast<std::size_t>(share_of *
                                                     (static_cast<double>(options.calls) - 1))];
    };
    fmt::print("{:.2f} {:.2f} {:.2f}\n", at(0.5), at(0.95), at(0.99));
}

// ---- queries ----

/// The first page, and how many rows all pages have, with the milliseconds of both.
void query(const Options& options) {
    const SystemClock clock;
    auto hub = hub_client(options, clock);
    const std::string body = to_text(Json(JsonObject{{"query", options.text}}));
    std::string continuation;
    std::size_t rows = 0;
    std::size_t pages = 0;
    double first = 0;
    const auto began = clock.steady();
    do {
        std::vector<std::pair<std::string, std::string>> headers{{"x-ms-max-item-count", "1000"}};
        if (!continuation.empty()) {
            headers.emplace_back("x-ms-continuation", continuation);
        }
        const auto reply = must(hub.send({.method = "POST",
                                          .path = "/devices/query",
                                          .query = {},
                                          .headers = headers,
                                          .body = body,
                                          .time_max = std::chrono::minutes(2)}),
                                "asking");
        const Json page = must(parse_json(reply.body, {.bytes_max = 64UL << 20}), "reading");
        rows += page.get_array().size();
        continuation = std::string(reply.header("x-ms-continuation"));
        if (++pages == 1) {
            first = std::chrono::duration<double, std::milli>(clock.steady() - began).count();
        }
    } while (!continuation.empty());
    const double all = std::chrono::duration<double, std::milli>(clock.steady() - began).count();
    fmt::print("{} rows in {} pages: first page {:.1f} ms, all {:.1f} ms  {}\n", rows, pages, first,
               all, options.text);
}

} // namespace

} // namespace muster::bench

int main(int count, char** arguments) {
    using namespace muster::bench;
    CLI::App app("what a hub carries");
    app.require_subcommand(1);
    Options options;
    const std::map<std::string, std::function<void()>> commands{
        {"provision", [&] { provision(options); }},
        {"fill", [&] { fill(options); }},
        {"connect", [&] { connect(options); }},
        {"messages", [&] { stream(options, send_next); }},
        {"patches", [&] { stream(options, report_next); }},
        {"methods", [&] { methods(options); }},
        {"query", [&] { query(options); }}};
    for (const auto& [name, run] : commands) {
        CLI::App* command = app.add_subcommand(name);
        command->add_option("--data", options.data)->required();
        command->add_option("--address", options.address);
        command->add_option("--port", options.port);
        command->add_option("--count", options.count);
        command->add_option("--each", options.each);
        command->add_option("--window", options.window);
        command->add_option("--calls", options.calls);
        command->add_option("--callers", options.callers);
        command->add_option("--text", options.text);
        command->callback(run);
    }
    CLI11_PARSE(app, count, arguments);
}
