// A million enrollments: imported through the administration API against the same rows upserted by
// a bare SQLite program; a page at the start and at the end of them; PUT and GET over kept
// connections against nginx serving a file of the same size; the server's memory. bench/run starts
// the servers.
//
//   bench_enrollments rows --file F --count N [--certificates] [--in-order]   makes the rows
//   bench_enrollments bare --file F --folder DIR [--in-order]                 upserts them
//   bench_enrollments import --file F --data DIR --pid PID                    imports them
//   bench_enrollments pages --data DIR                                        pages through them
//   bench_enrollments requests --data DIR --pid PID .. --nginx-address A ..

#include "app/importing/chunk_sender.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/text.h"
#include "bench/bare_table.h"
#include "bench/measure.h"
#include "crypto/issuing.h"
#include "crypto/keys.h"
#include "store/stores.h"
#include "store/temporary_folder.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <mutex>
#include <thread>

namespace muster::bench {

namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t rows_a_transaction = 1000; // as many as a request of an import has
constexpr std::int64_t rows_a_step = 100'000;
constexpr std::size_t connections = 4;

/// In the file; ascending as one factory counts.
enum class Order { scattered, ascending };

struct Options {
    std::filesystem::path file;
    std::filesystem::path folder;
    std::filesystem::path data;
    std::string nginx_address;
    std::uint16_t nginx_port = 0;
    std::vector<pid_t> processes;
    std::vector<pid_t> nginx_processes;
    std::size_t count = 1'000'000;
    std::size_t rounds = 5;
    bool certificates = false;
    Order order = Order::scattered;
};

double seconds_since(Steady::time_point start) {
    return std::chrono::duration<double>(Steady::now() - start).count();
}

// ---- rows ----

/// Scattered as if hashed, which is the hardest: almost every row falls on another page of the
/// table's index.
std::string id_of(std::size_t number, Order order) {
    constexpr std::size_t scatter = 2654435761U;
    const bool scattered = order == Order::scattered;
    return fmt::format("device-{:08x}", scattered ? number * scatter % 0x1'0000'0000U : number);
}

JsonObject key_row(const std::string& id, Random& random) {
    const auto key = [&] { return crypto::encode_key(crypto::new_key(random, 32)); };
    return {{"registrationId", id},
            {"attestation",
             {{"type", "symmetricKey"},
              {"symmetricKey", {{"primaryKey", key()}, {"secondaryKey", key()}}}}},
            {"initialTwin", {{"tags", {{"site", "site-" + id.substr(id.size() - 2)}}}}}};
}

JsonObject certificate_row(const std::string& id, Random& random, const crypto::Identity& issuer) {
    const WallTime now = SystemClock().wall();
    const auto leaf = must(crypto::issue({.common_name = id,
                                          .purpose = crypto::Purpose::client,
                                          .dns_names = {},
                                          .ip_addresses = {},
                                          .not_before = now,
                                          .not_after = now + std::chrono::hours(24 * 365),
                                          .path_length = {}},
                                         &issuer, random),
                           "issuing a certificate");
    return {{"registrationId", id},
            {"attestation",
             {{"type", "x509"},
              {"x509",
               {{"clientCertificates",
                 {{"primary", {{"certificate", base64_encode(leaf.certificate.der())}}}}}}}}}};
}

void make_rows(const Options& options) {
    SystemRandom random;
    const WallTime now = SystemClock().wall();
    const auto issuer = must(crypto::issue({.common_name = "bench issuer",
                                            .purpose = crypto::Purpose::certificate_authority,
                                            .dns_names = {},
                                            .ip_addresses = {},
                                            .not_before = now,
                                            .not_after = now + std::chrono::hours(24 * 365),
                                            .path_length = {}},
                                           nullptr, random),
                             "issuing the issuer");
    std::ofstream file(options.file, std::ios::binary);
    for (std::size_t number = 0; number < options.count; ++number) {
        const std::string id = id_of(number, options.order);
        file << to_text(options.certificates ? certificate_row(id, random, issuer)
                                             : key_row(id, random))
             << '\n';
    }
}

// ---- steps of 100,000 ----

class Steps {
  public:
    void reached(std::int64_t rows) {
        const std::scoped_lock lock(mutex_);
        while (rows >= next_) {
            times_.push_back(seconds_since(start_));
            next_ += rows_a_step;
        }
    }

    /// Rows a second of each step.
    [[nodiscard]] std::vector<double> rates() const {
        std::vector<double> rates;
        double before = 0;
        for (const double time : times_) {
            rates.push_back(static_cast<double>(rows_a_step) / (time - before));
            before = time;
        }
        return rates;
    }

    [[nodiscard]] double elapsed() const { return seconds_since(start_); }

  private:
    std::mutex mutex_;
    Steady::time_point start_ = Steady::now();
    std::int64_t next_ = rows_a_step;
    std::vector<double> times_;
};

void print_steps(std::string_view name, const Steps& steps, std::int64_t rows,
                 JsonObject more = {}) {
    const auto rates = steps.rates();
    const double overall = static_cast<double>(rows) / steps.elapsed();
    fmt::print("{}: {:.0f} rows a second; each 100,000:", name, overall);
    for (const double rate : rates) {
        fmt::print(" {:.0f}", rate);
    }
    fmt::print("\n");
    more["rows"] = rows;
    more["perSecond"] = rounded(overall, 0);
    if (rates.size() > 1) {
        more["lastToFirst"] = rounded(rates.back() / rates.front());
    }
    print_result(name, std::move(more));
}

void upsert_bare(const Options& options) {
    const auto database = options.folder / "bare.db";
    must(store::open_sqlite_stores({.file = database, .journal = {}, .keys = {}}),
         "making the schema");
    BareTable table(database, "enrollment");
    std::ifstream file(options.file, std::ios::binary);
    Steps steps;
    std::int64_t rows = 0;
    table.run("BEGIN");
    for (std::string line; std::getline(file, line);) {
        table.upsert(id_of(static_cast<std::size_t>(rows), options.order), line);
        if (++rows % static_cast<std::int64_t>(rows_a_transaction) == 0) {
            table.run("COMMIT; BEGIN");
            steps.reached(rows);
        }
    }
    table.run("COMMIT");
    print_steps("bareUpsert", steps, rows);
}

void import_rows(const Options& options) {
    auto sender =
        must(app::ChunkSender::connect({.data = options.data}, connections, "keep"), "connecting");
    const store::TemporaryFolder notes;
    Steps steps;
    std::mutex mutex;
    std::int64_t rows = 0;
    const auto counts =
        must(app::run_import({.file = options.file,
                              .report = notes / "refused",
                              .progress = notes / "progress",
                              .format = app::RowFormat::ndjson,
                              .connections = connections,
                              .tell = {}},
                             [&](std::size_t connection, const app::Chunk& chunk) {
                                 auto outcome = sender.send(connection, chunk);
                                 const std::scoped_lock lock(mutex);
                                 rows += static_cast<std::int64_t>(chunk.enrollments.size());
                                 steps.reached(rows);
                                 return outcome;
                             }),
             "importing");
    const auto memory = memory_of(options.processes.front());
    const auto megabytes = [](std::int64_t bytes) {
        return rounded(static_cast<double>(bytes) / 1e6, 0);
    };
    print_steps("import", steps, counts.total(),
                {{"created", counts.created},
                 {"refused", counts.refused},
                 {"serverCpuSeconds", rounded(cpu_milliseconds(options.processes) / 1000, 1)},
                 {"serverResidentMegabytes", megabytes(memory.resident_bytes)},
                 {"serverOwnMegabytes", megabytes(memory.anonymous_bytes)}});
}

// ---- pages ----

struct PageAsked {
    std::string continuation; // of the page to ask for
    double milliseconds = 0;
    std::string next;
};

PageAsked ask_page(app::ApiClient& client, std::string continuation) {
    app::ApiClient::Request request{.method = "POST",
                                    .path = "/enrollments/query",
                                    .query = {},
                                    .headers = {{"x-ms-max-item-count", "100"}},
                                    .body = R"({"query":"SELECT *"})"};
    if (!continuation.empty()) {
        request.headers.emplace_back("x-ms-continuation", continuation);
    }
    const auto start = Steady::now();
    const auto reply = must(client.send(request), "asking for a page");
    return {.continuation = std::move(continuation),
            .milliseconds = seconds_since(start) * 1000,
            .next = std::string(reply.header("x-ms-continuation"))};
}

void measure_pages(const Options& options) {
    constexpr int repeats = 200;
    auto administration = must(app::Administration::connect({.data = options.data}), "connecting");
    auto client = must(administration.service(), "finding the service");
    std::size_t pages = 1;
    PageAsked last = ask_page(client, {});
    for (; !last.next.empty(); ++pages) {
        last = ask_page(client, last.next);
    }
    std::vector<double> first_times, last_times;
    for (int i = 0; i < repeats; ++i) {
        first_times.push_back(ask_page(client, {}).milliseconds);
        last_times.push_back(ask_page(client, last.continuation).milliseconds);
    }
    const double first = median(first_times);
    const double end = median(last_times);
    fmt::print("{} pages; the first takes {:.2f} ms, the last {:.2f} ms\n", pages, first, end);
    print_result("pages", {{"pages", static_cast<std::int64_t>(pages)},
                           {"firstMilliseconds", rounded(first)},
                           {"lastMilliseconds", rounded(end)},
                           {"lastToFirst", rounded(end / first)}});
}

// ---- requests ----

struct Rate {
    double per_second = 0;
    double cpu_milliseconds_each = 0;
};

/// So many requests over each of the kept connections.
template <class Send>
Rate measure_requests(std::span<const pid_t> server, std::size_t count, Send send) {
    const double cpu = cpu_milliseconds(server);
    const auto start = Steady::now();
    {
        std::vector<std::jthread> threads;
        for (std::size_t connection = 0; connection < connections; ++connection) {
            threads.emplace_back([&, connection] {
                for (std::size_t i = connection; i < count; i += connections) {
                    send(connection, i);
                }
            });
        }
    }
    const double elapsed = seconds_since(start);
    return {.per_second = static_cast<double>(count) / elapsed,
            .cpu_milliseconds_each = (cpu_milliseconds(server) - cpu) / static_cast<double>(count)};
}

struct Contest {
    std::vector<double> rates, cpu;

    void add(const Rate& rate) {
        rates.push_back(rate.per_second);
        cpu.push_back(rate.cpu_milliseconds_each);
    }
};

void measure_service(const Options& options) {
    constexpr std::size_t count = 4000;
    std::vector<app::ApiClient> clients;
    std::vector<net::HttpClient> nginx;
    for (std::size_t i = 0; i < connections; ++i) {
        auto administration =
            must(app::Administration::connect({.data = options.data}), "connecting");
        clients.push_back(must(administration.service(), "finding the service"));
        nginx.emplace_back(net::HttpClient::Options{
            .host = clients.back().host(), // it has muster's certificate
            .address = options.nginx_address,
            .port = options.nginx_port,
            .ca_pem = must(read_file(options.data / "ca.pem", 1024 * 1024), "the CA")});
    }
    SystemRandom random;
    const auto put = [&](std::size_t connection, std::size_t i) {
        must(clients[connection].send(
                 {.method = "PUT",
                  .path = "/enrollments/" + id_of(i, Order::scattered),
                  .query = {},
                  .headers = {{"If-Match", "*"}},
                  .body = to_text(key_row(id_of(i, Order::scattered), random))}),
             "PUT");
    };
    const auto get = [&](std::size_t connection, std::size_t i) {
        must(clients[connection].send(
                 {.method = "GET", .path = "/enrollments/" + id_of(i, Order::scattered)}),
             "GET");
    };
    const auto get_file = [&](std::size_t connection, std::size_t) {
        must(nginx[connection].send({.method = "GET", .path_and_query = "/enrollment.json"}),
             "nginx");
    };
    Contest puts, gets, files;
    for (std::size_t round = 0; round < options.rounds; ++round) {
        puts.add(measure_requests(options.processes, count, put));
        gets.add(measure_requests(options.processes, count, get));
        files.add(measure_requests(options.nginx_processes, count, get_file));
    }
    const double file_rate = median(files.rates);
    const double file_cpu = median(files.cpu);
    for (const auto& [name, contest] : {std::pair("put", &puts), std::pair("get", &gets)}) {
        const double rate = median(contest->rates);
        const double cpu = median(contest->cpu);
        fmt::print("{}: {:.0f} a second, {:.3f} ms of server CPU each; nginx {:.0f}, {:.3f}; "
                   "ratio of rates {:.2f}\n",
                   name, rate, cpu, file_rate, file_cpu, rate / file_rate);
        print_result(name, {{"perSecond", rounded(rate, 0)},
                            {"cpuMilliseconds", rounded(cpu, 3)},
                            {"nginxPerSecond", rounded(file_rate, 0)},
                            {"nginxCpuMilliseconds", rounded(file_cpu, 3)},
                            {"rateToNginx", rounded(rate / file_rate)}});
    }
}

int run(int count, char** arguments) {
    CLI::App root{"Enrollments by the million"};
    root.require_subcommand(1);
    Options options;
    const auto add = [&](const char* name, void (*action)(const Options&)) {
        CLI::App* command = root.add_subcommand(name);
        command->add_option("--file", options.file);
        command->add_option("--folder", options.folder);
        command->add_option("--data", options.data);
        command->add_option("--count", options.count);
        command->add_option("--rounds", options.rounds);
        command->add_option("--pid", options.processes);
        command->add_option("--nginx-address", options.nginx_address);
        command->add_option("--nginx-port", options.nginx_port);
        command->add_option("--nginx-pid", options.nginx_processes);
        command->add_flag("--certificates", options.certificates);
        command->add_flag_callback("--in-order", [&options] { options.order = Order::ascending; });
        command->callback([&options, action] { action(options); });
    };
    add("rows", make_rows);
    add("bare", upsert_bare);
    add("import", import_rows);
    add("pages", measure_pages);
    add("requests", measure_service);
    CLI11_PARSE(root, count, arguments);
    return 0;
}

} // namespace

} // namespace muster::bench

int main(int count, char** arguments) {
    return muster::bench::run(count, arguments);
}
