// Cold registrations, each on a new TLS connection, against a web server that answers 204 after
// the same handshake. Client and servers share the machine, so what counts is the server's CPU time
// for one; the rate shows the same with the client in it. bench/run starts the servers.
//
//   bench_registration enroll DATA FOLDER   makes the enrollment groups; their secrets into FOLDER
//   bench_registration measure ...          rounds of all four kinds, ours and theirs in turn

#include "app/api_client.h"
#include "app/simulation/enroll.h"
#include "app/simulation/fleet.h"
#include "base/encoding.h"
#include "base/file.h"
#include "bench/errands.h"
#include "bench/measure.h"
#include "bench/rush.h"
#include "crypto/keys.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace muster::bench {

namespace {

constexpr std::size_t file_bytes_max = 1024 * 1024;
constexpr std::size_t client_threads = 2;
constexpr std::chrono::seconds registration_time_max{60};

struct Options {
    std::filesystem::path data;   // of the running muster
    std::filesystem::path folder; // group.key, signer.pem, signer.key
    std::string nginx_address;
    std::uint16_t nginx_port = 0;        // asks for no certificate
    std::uint16_t nginx_mutual_port = 0; // requires one of the signer's
    std::vector<pid_t> muster_processes;
    std::vector<pid_t> nginx_processes;
    std::vector<std::string> kinds; // of `kinds`, by label; empty: all
    std::size_t rounds = 5;
    std::size_t count = 500;
    std::size_t concurrency = 32;
    bool only_muster = false; // for a profiler
};

struct Kind {
    const char* label;
    Protocol protocol;
    app::Proof proof;
};

constexpr std::array kinds{Kind{"https-sas", Protocol::https, app::Proof::symmetric_key},
                           Kind{"https-x509", Protocol::https, app::Proof::x509},
                           Kind{"mqtt-sas", Protocol::mqtt, app::Proof::symmetric_key},
                           Kind{"mqtt-x509", Protocol::mqtt, app::Proof::x509}};

/// One server's share of a round.
struct Reading {
    double per_second = 0;
    double cpu_ms = 0; // for each
};

struct Series {
    std::vector<double> per_second, cpu_ms;

    void add(const Reading& reading) {
        per_second.push_back(reading.per_second);
        cpu_ms.push_back(reading.cpu_ms);
    }
};

struct KindSeries {
    Series muster, nginx;
    std::vector<double> rate_ratio, cpu_ratio, polls;
};

class Benchmark {
  public:
    explicit Benchmark(Options options);

    void run();

  private:
    void run_round(std::size_t round, std::size_t kind);
    std::vector<app::SimulatedDevice> make_devices(std::size_t round, const Kind& kind);
    std::vector<Errand> registrations(const std::vector<app::SimulatedDevice>& devices,
                                      Protocol protocol);
    std::vector<Errand> visits(const std::vector<app::SimulatedDevice>& devices,
                               std::uint16_t port) const;
    Reading measure(const std::vector<Errand>& errands, const std::vector<pid_t>& server);
    void print_table() const;
    [[nodiscard]] bool chosen(const Kind& kind) const;

    Options options_;
    SystemClock clock_;
    SystemRandom random_;
    app::ReadyFile ready_;
    std::string ca_pem_;
    app::FleetSecrets secrets_;
    net::Dialer dialer_{client_threads};
    std::atomic<std::size_t> polls_ = 0;
    std::array<KindSeries, kinds.size()> series_;
};

std::string read_text(const std::filesystem::path& path) {
    return must(read_file(path, file_bytes_max), path.string());
}

Benchmark::Benchmark(Options options) : options_(std::move(options)) {
    ready_ = must(app::find_server({.data = options_.data}), "finding the server");
    ca_pem_ = read_text(ready_.ca_file);
    secrets_.group_key =
        must(crypto::decode_key(read_text(options_.folder / "group.key")), "reading the group key");
    secrets_.signer = must(crypto::read_identity(read_text(options_.folder / "signer.pem"),
                                                 Secret(read_text(options_.folder / "signer.key"))),
                           "reading the signer");
}

bool Benchmark::chosen(const Kind& kind) const {
    return options_.kinds.empty() ||
           std::ranges::find(options_.kinds, std::string(kind.label)) != options_.kinds.end();
}

void Benchmark::run() {
    fmt::print("{:>5} {:<11} {:>9} {:>9} {:>10} {:>10} {:>6}\n", "round", "kind", "muster/s",
               "nginx/s", "muster ms", "nginx ms", "polls");
    for (std::size_t round = 0; round < options_.rounds; ++round) {
        for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
            if (chosen(kinds.at(kind))) {
                run_round(round, kind);
            }
        }
    }
    print_table();
}

void Benchmark::run_round(std::size_t round, std::size_t number) {
    const Kind& kind = kinds.at(number);
    KindSeries& series = series_.at(number);
    const auto devices = make_devices(round, kind);
    polls_ = 0;
    const Reading muster =
        measure(registrations(devices, kind.protocol), options_.muster_processes);
    const double polls = static_cast<double>(polls_.load()) / static_cast<double>(options_.count);
    Reading nginx;
    if (!options_.only_muster) {
        const auto port =
            kind.proof == app::Proof::x509 ? options_.nginx_mutual_port : options_.nginx_port;
        nginx = measure(visits(devices, port), options_.nginx_processes);
        series.rate_ratio.push_back(muster.per_second / nginx.per_second);
        series.cpu_ratio.push_back(nginx.cpu_ms / muster.cpu_ms);
    }
    series.muster.add(muster);
    series.nginx.add(nginx);
    series.polls.push_back(polls);
    fmt::print("{:>5} {:<11} {:>9.0f} {:>9.0f} {:>10.3f} {:>10.3f} {:>6.2f}\n", round + 1,
               kind.label, muster.per_second, nginx.per_second, muster.cpu_ms, nginx.cpu_ms, polls);
    std::fflush(stdout);
}

/// Nobody the server has heard of; keys and certificates are made before anything is measured.
std::vector<app::SimulatedDevice> Benchmark::make_devices(std::size_t round, const Kind& kind) {
    auto fleet = must(app::Fleet::make({.scope = IdScope(ready_.id_scope),
                                        .prefix = fmt::format("{}-{}-", kind.label, round),
                                        .count = options_.count,
                                        .transports = {app::Transport::https},
                                        .proofs = {kind.proof},
                                        .ca_pem = ca_pem_},
                                       secrets_, clock_, random_),
                      "making devices");
    std::vector<app::SimulatedDevice> devices;
    for (std::size_t index = 0; index < options_.count; ++index) {
        devices.push_back(must(fleet.device(index), "making a device"));
    }
    return devices;
}

std::vector<Errand> Benchmark::registrations(const std::vector<app::SimulatedDevice>& devices,
                                             Protocol protocol) {
    const net::Destination destination{.host = ready_.provisioning_host,
                                       .address = ready_.provisioning_address,
                                       .port = protocol == Protocol::https ? ready_.https_port
                                                                           : ready_.mqtt_port};
    std::vector<Errand> errands;
    for (const app::SimulatedDevice& device : devices) {
        const device::RegisterOptions asked{.identity = device.identity,
                                            .host = ready_.provisioning_host,
                                            .payload = {},
                                            .time_max = registration_time_max};
        errands.push_back({destination, device.tls, [this, asked, protocol](Done done) {
                               return register_at_once(protocol, asked, clock_, polls_,
                                                       std::move(done));
                           }});
    }
    return errands;
}

/// nginx has muster's certificate: the same name is verified at another address.
std::vector<Errand> Benchmark::visits(const std::vector<app::SimulatedDevice>& devices,
                                      std::uint16_t port) const {
    const net::Destination destination{
        .host = ready_.provisioning_host, .address = options_.nginx_address, .port = port};
    std::vector<Errand> errands;
    for (const app::SimulatedDevice& device : devices) {
        errands.push_back({destination, device.tls, [host = destination.host](Done done) {
                               return get_nothing(host, std::move(done));
                           }});
    }
    return errands;
}

Reading Benchmark::measure(const std::vector<Errand>& errands, const std::vector<pid_t>& server) {
    Rush rush(dialer_, options_.concurrency, Until::closed);
    const double before = cpu_milliseconds(server);
    const RushResult result = rush.run(errands);
    const double after = cpu_milliseconds(server);
    if (result.succeeded != errands.size()) {
        give_up("a round", fail(Code::internal, result.first_failure).error());
    }
    return {.per_second = result.per_second(),
            .cpu_ms = (after - before) / static_cast<double>(result.succeeded)};
}

void Benchmark::print_table() const {
    fmt::print("\nmedians of {} rounds of {}, {} at a time; CPU is the server's for each, in ms\n",
               options_.rounds, options_.count, options_.concurrency);
    fmt::print("{:<11} {:>9} {:>9} {:>16} {:>10} {:>10} {:>17}\n", "kind", "muster/s", "nginx/s",
               "rate m:n", "muster CPU", "nginx CPU", "CPU nginx:muster");
    JsonObject figures;
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
        if (!chosen(kinds.at(kind))) {
            continue;
        }
        const KindSeries& series = series_.at(kind);
        const double rate = median(series.rate_ratio);
        const double cpu = median(series.cpu_ratio);
        fmt::print("{:<11} {:>9.0f} {:>9.0f} {:>16.2f} {:>10.3f} {:>10.3f} {:>17.2f}\n",
                   kinds.at(kind).label, median(series.muster.per_second),
                   median(series.nginx.per_second), rate, median(series.muster.cpu_ms),
                   median(series.nginx.cpu_ms), cpu);
        figures[kinds.at(kind).label] =
            JsonObject{{"musterPerSecond", rounded(median(series.muster.per_second), 0)},
                       {"nginxPerSecond", rounded(median(series.nginx.per_second), 0)},
                       {"rateRatio", rounded(rate)},
                       {"musterCpuMs", rounded(median(series.muster.cpu_ms), 3)},
                       {"nginxCpuMs", rounded(median(series.nginx.cpu_ms), 3)},
                       {"cpuRatio", rounded(cpu)},
                       {"polls", rounded(median(series.polls))}};
    }
    print_result("registration", std::move(figures));
}

void enroll(const std::filesystem::path& data, const std::filesystem::path& folder) {
    const SystemClock clock;
    SystemRandom random;
    auto client = must(app::connect_provisioning({.data = data}, clock), "connecting");
    const Secret key = must(app::enroll_key_group(client, "bench-keys"), "making a group");
    const crypto::Identity signer =
        must(app::enroll_x509_group(client, "bench-x509", clock, random), "making an X.509 group");
    const auto write = [&](const char* name, const std::string& text) {
        if (const auto written = write_file_atomically(folder / name, text, 0600); !written) {
            give_up(name, written.error());
        }
    };
    write("group.key", crypto::encode_key(key));
    write("signer.pem", signer.certificate.pem());
    write("signer.key", std::string(signer.key_pem.reveal()));
}

void add_measure_options(CLI::App& command, Options& options) {
    command.add_option("--data", options.data)->required();
    command.add_option("--folder", options.folder)->required();
    command.add_option("--muster-pid", options.muster_processes)->required();
    command.add_option("--nginx-address", options.nginx_address);
    command.add_option("--nginx-port", options.nginx_port);
    command.add_option("--nginx-mutual-port", options.nginx_mutual_port);
    command.add_option("--nginx-pid", options.nginx_processes);
    command.add_option("--kind", options.kinds);
    command.add_option("--rounds", options.rounds);
    command.add_option("--count", options.count);
    command.add_option("--concurrency", options.concurrency);
    command.add_flag("--only-muster", options.only_muster);
}

} // namespace

} // namespace muster::bench

int main(int count, char** arguments) {
    CLI::App app("cold registrations against nginx");
    app.require_subcommand(1);
    muster::bench::Options options;
    CLI::App* enroll = app.add_subcommand("enroll");
    enroll->add_option("data", options.data)->required();
    enroll->add_option("folder", options.folder)->required();
    CLI::App* measure = app.add_subcommand("measure");
    muster::bench::add_measure_options(*measure, options);
    CLI11_PARSE(app, count, arguments);
    if (*enroll) {
        muster::bench::enroll(options.data, options.folder);
    } else {
        muster::bench::Benchmark(options).run();
    }
}
