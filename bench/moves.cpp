// Moves between two hubs of one server, by draining one of them: how many a second at full speed,
// what each costs the server next to a first registration, and how evenly a set rate is kept.
// bench/run starts the server.
//
//   bench_moves --data DIR --pid PID --count N

#include "app/administration.h"
#include "app/api_client.h"
#include "app/output.h"
#include "app/simulation/fleet.h"
#include "base/file.h"
#include "bench/errands.h"
#include "bench/measure.h"
#include "crypto/keys.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <vector>

namespace muster::bench {

namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t file_bytes_max = 1024 * 1024;
constexpr std::size_t client_threads = 2;
constexpr std::size_t devices_at_once = 10'000; // made, and registered, in portions
constexpr std::size_t concurrency = 64;
constexpr std::chrono::seconds registration_time_max{60};
constexpr const char* group_path = "/enrollmentGroups/moved";

constexpr double full_speed = 10'000;
constexpr int moves_at_once = 1'024;
constexpr milliseconds look_interval{100};

constexpr double even_rate = 200;
constexpr milliseconds even_interval{500};
constexpr int even_intervals = 40;

struct Options {
    std::filesystem::path data;
    std::vector<pid_t> processes;
    std::size_t count = 100'000;
};

struct Cost {
    double seconds = 0;
    double cpu_ms = 0; // for each
};

class Benchmark {
  public:
    explicit Benchmark(Options options);

    void run();

  private:
    void put_group(const JsonArray& hubs);
    Cost register_all();
    void register_some(std::size_t first, std::size_t count);
    std::vector<Errand> registrations(std::size_t first, std::size_t count);

    std::string begin_drain(const std::string& hub, double per_second);
    Json operation(const std::string& id);
    std::int64_t moved(const std::string& id);
    void open_again(const std::string& hub);
    Cost drain(const std::string& hub);
    double unevenness(const std::string& hub);

    Options options_;
    SystemClock clock_;
    SystemRandom random_;
    app::ReadyFile ready_;
    std::string ca_pem_;
    Secret group_key_;
    app::Administration administration_;
    app::ApiClient service_;
    std::string path_; // of the instance
    net::Dialer dialer_{client_threads};
    std::atomic<std::size_t> polls_ = 0;
};

app::AdministrationOptions here(const Options& options) {
    app::AdministrationOptions connection;
    connection.data = options.data;
    return connection;
}

Benchmark::Benchmark(Options options)
    : options_(std::move(options)),
      ready_(must(app::find_server({.data = options_.data}), "finding the server")),
      ca_pem_(must(read_file(ready_.ca_file, file_bytes_max), "reading the CA")),
      administration_(must(app::Administration::connect(here(options_)), "connecting")),
      service_(must(administration_.service(), "connecting")),
      path_(must(administration_.instance_path(), "finding the instance")) {}

void Benchmark::put_group(const JsonArray& hubs) {
    const JsonObject document{{"enrollmentGroupId", "moved"},
                              {"attestation", {{"type", "symmetricKey"}}},
                              {"allocationPolicy", "hashed"},
                              {"initialTwin", {{"tags", {{"site", "north"}}}}},
                              {"iotHubs", hubs}};
    const bool exists = service_.send_json({.method = "GET", .path = group_path}).has_value();
    app::ApiClient::Request put{.method = "PUT", .path = group_path, .body = to_text(document)};
    if (exists) {
        put.headers = {{"If-Match", "*"}};
    }
    must(service_.send_json(put), "writing the group");
    const Json mechanism =
        must(service_.send_json(
                 {.method = "POST", .path = std::string(group_path) + "/attestationmechanism"}),
             "reading the group's key");
    group_key_ = must(crypto::decode_key(app::cell(mechanism, "symmetricKey.primaryKey")),
                      "reading the group's key");
}

std::vector<Errand> Benchmark::registrations(std::size_t first, std::size_t count) {
    app::FleetSecrets secrets;
    secrets.group_key = group_key_;
    auto fleet = must(app::Fleet::make({.scope = IdScope(ready_.id_scope),
                                        .prefix = "moved-",
                                        .first = first,
                                        .count = count,
                                        .transports = {app::Transport::https},
                                        .proofs = {app::Proof::symmetric_key},
                                        .ca_pem = ca_pem_},
                                       secrets, clock_, random_),
                      "making devices");
    const net::Destination destination{.host = ready_.provisioning_host,
                                       .address = ready_.provisioning_address,
                                       .port = ready_.https_port};
    std::vector<Errand> errands;
    for (std::size_t index = 0; index < count; ++index) {
        const auto device = must(fleet.device(index), "making a device");
        const device::RegisterOptions asked{.identity = device.identity,
                                            .host = ready_.provisioning_host,
                                            .payload = {},
                                            .time_max = registration_time_max};
        errands.push_back({destination, device.tls, [this, asked](Done done) {
                               return register_at_once(Protocol::https, asked, clock_, polls_,
                                                       std::move(done));
                           }});
    }
    return errands;
}

void Benchmark::register_some(std::size_t first, std::size_t count) {
    const auto errands = registrations(first, count);
    Rush rush(dialer_, concurrency, Until::closed);
    const RushResult result = rush.run(errands);
    if (result.succeeded != errands.size()) {
        give_up("registering", {.code = Code::internal, .detail = result.first_failure});
    }
}

Cost Benchmark::register_all() {
    const double cpu = cpu_milliseconds(options_.processes);
    const auto start = Steady::now();
    for (std::size_t done = 0; done < options_.count; done += devices_at_once) {
        register_some(done + 1, std::min(devices_at_once, options_.count - done));
    }
    return {.seconds = std::chrono::duration<double>(Steady::now() - start).count(),
            .cpu_ms =
                (cpu_milliseconds(options_.processes) - cpu) / static_cast<double>(options_.count)};
}

std::string Benchmark::begin_drain(const std::string& hub, double per_second) {
    const JsonObject wanted{
        {"kind", "drain"},
        {"hub", hub},
        {"limits", {{"perSecond", per_second}, {"concurrency", moves_at_once}}}};
    return app::cell(
        must(administration_.api().send_json(
                 {.method = "POST", .path = path_ + "/operations", .body = to_text(wanted)}),
             "beginning a drain"),
        "id");
}

Json Benchmark::operation(const std::string& id) {
    return must(
        administration_.api().send_json({.method = "GET", .path = path_ + "/operations/" + id}),
        "looking at the drain");
}

std::int64_t Benchmark::moved(const std::string& id) {
    return std::strtoll(app::cell(operation(id), "progress.moved").c_str(), nullptr, 10);
}

/// A drained hub takes no new devices until somebody says so.
void Benchmark::open_again(const std::string& hub) {
    Json instance = must(administration_.api().send_json({.method = "GET", .path = path_}),
                         "reading the instance");
    for (Json& linked : instance.as_object().at("hubs").as_array()) {
        if (app::cell(linked, "name") == hub) {
            linked.as_object()["applyAllocationPolicy"] = true;
        }
    }
    const JsonObject change{{"name", instance.as_object().at("name")},
                            {"hubs", instance.as_object().at("hubs")}};
    must(administration_.api().send_json({.method = "PUT", .path = path_, .body = to_text(change)}),
         "opening a hub again");
}

Cost Benchmark::drain(const std::string& hub) {
    const double cpu = cpu_milliseconds(options_.processes);
    const auto start = Steady::now();
    const std::string id = begin_drain(hub, full_speed);
    while (app::cell(operation(id), "state") == "running") {
        std::this_thread::sleep_for(look_interval);
    }
    const Json ended = operation(id);
    const double count = std::strtod(app::cell(ended, "progress.moved").c_str(), nullptr);
    if (app::cell(ended, "state") != "done" || count != static_cast<double>(options_.count)) {
        give_up("draining", {.code = Code::internal, .detail = to_text(ended)});
    }
    return {.seconds = std::chrono::duration<double>(Steady::now() - start).count(),
            .cpu_ms = (cpu_milliseconds(options_.processes) - cpu) / count};
}

/// The standard deviation of what is moved in each interval, as a share of what should be.
double Benchmark::unevenness(const std::string& hub) {
    const std::string id = begin_drain(hub, even_rate);
    std::this_thread::sleep_for(even_interval); // the start is not looked at
    const double expected = even_rate * std::chrono::duration<double>(even_interval).count();
    double squares = 0;
    std::int64_t before = moved(id);
    auto next = Steady::now();
    for (int i = 0; i < even_intervals; ++i) {
        next += even_interval;
        std::this_thread::sleep_until(next);
        const std::int64_t now = moved(id);
        squares += std::pow(static_cast<double>(now - before) - expected, 2);
        before = now;
    }
    must(administration_.api().send_json(
             {.method = "POST", .path = path_ + "/operations/" + id + "/stop"}),
         "stopping the drain");
    return std::sqrt(squares / even_intervals) / expected;
}

void Benchmark::run() {
    const std::string first = ready_.hubs.at(0).host_name;
    const std::string second = ready_.hubs.at(1).host_name;
    put_group({Json(first)});
    const Cost registering = register_all();
    fmt::print("{} first registrations (HTTPS, SAS): {:.0f} a second, {:.3f} ms of CPU each\n",
               options_.count, static_cast<double>(options_.count) / registering.seconds,
               registering.cpu_ms);
    put_group({});
    const Cost moving = drain(first);
    fmt::print("a drain of them: {:.1f} s, {:.0f} moves a second, {:.3f} ms of CPU each\n",
               moving.seconds, static_cast<double>(options_.count) / moving.seconds, moving.cpu_ms);
    fmt::print("a move costs {:.2f} first registrations\n", moving.cpu_ms / registering.cpu_ms);
    open_again(first);
    const double uneven = unevenness(second);
    fmt::print("a drain at {:.0f} a second: within {:.1f} % of it in each {} ms\n", even_rate,
               uneven * 100, even_interval.count());
    print_result("moves", {{"devices", options_.count},
                           {"registrationCpuMs", rounded(registering.cpu_ms, 3)},
                           {"moveCpuMs", rounded(moving.cpu_ms, 3)},
                           {"movesPerSecond",
                            rounded(static_cast<double>(options_.count) / moving.seconds, 0)},
                           {"drainSeconds", rounded(moving.seconds, 1)},
                           {"ratio", rounded(moving.cpu_ms / registering.cpu_ms)},
                           {"unevenness", rounded(uneven, 3)}});
}

} // namespace

} // namespace muster::bench

int main(int count, char** words) {
    CLI::App program("moves between hubs");
    muster::bench::Options options;
    program.add_option("--data", options.data)->required();
    program.add_option("--pid", options.processes)->required();
    program.add_option("--count", options.count);
    CLI11_PARSE(program, count, words);
    muster::bench::Benchmark(options).run();
}
