// Group commit against bare SQLite: the same registration records, the same schema, the same file
// system, in alternating rounds.
//
//   store      RegistrationStore::save from 128 threads; every save is durable when it returns
//   groups     one thread, one prepared upsert, transactions of 256 rows
//   singles    the same, one row a transaction
//
// All with WAL and synchronous=FULL. The bare program is given its rows as finished texts; the
// store also turns the records into documents. Usage: bench_group_commit [folder]

#include "bench/bare_table.h"
#include "bench/measure.h"
#include "provisioning/documents.h"
#include "store/stores.h"
#include "store/temporary_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace muster {

namespace {

constexpr std::size_t rounds = 7;
constexpr std::size_t threads_count = 128;
constexpr std::size_t rows_in_groups = 20'480; // a multiple of threads and groups
constexpr std::size_t rows_one_by_one = 1'024;
constexpr std::size_t group_rows = 256;

const IdScope scope{"0ne00000001"};

void must(bool done, std::string_view what) {
    if (!done) {
        fmt::print(stderr, "{} failed\n", what);
        std::exit(1);
    }
}

/// As after an assignment by a group; ids in no order, as devices come.
provisioning::RegistrationRecord make_record(std::size_t number) {
    provisioning::RegistrationRecord record;
    record.id = RegistrationId(fmt::format("device-{:08x}", number * 2654435761U % 0xffffffffU));
    record.status = provisioning::RegistrationStatus::assigned;
    record.assignment = provisioning::Assignment{.hub = HubName("hub-1.example.net"),
                                                 .device_id = DeviceId(record.id.text()),
                                                 .substatus = {}};
    record.decided_by = provisioning::DecidedByGroup{EnrollmentGroupId("line-1")};
    record.operation = OperationId("5.f40da7ba8c9147968fc389e1dfbdbe05.2a41c06d-7f4e-4d0d");
    record.attestation_note = JsonObject{{"symmetricKey", {{"enrollmentGroupId", "line-1"}}}};
    record.stamp = {.version = 1,
                    .etag = ETag("IjAwMDAwMDAwLTAwMDAi"),
                    .created = from_unix_seconds(1'900'000'000),
                    .updated = from_unix_seconds(1'900'000'000)};
    return record;
}

double rows_per_second(std::size_t rows, std::chrono::steady_clock::time_point start) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    return static_cast<double>(rows) / taken.count();
}

std::unique_ptr<store::Stores> open_stores(const std::filesystem::path& file) {
    auto stores = store::open_sqlite_stores({.file = file, .journal = {}, .keys = {}});
    must(stores.has_value(), "opening the store");
    return std::move(*stores);
}

double run_store(const std::filesystem::path& file,
                 const std::vector<provisioning::RegistrationRecord>& records) {
    const auto stores = open_stores(file);
    const auto start = std::chrono::steady_clock::now();
    {
        std::vector<std::jthread> threads;
        for (std::size_t first = 0; first < threads_count; ++first) {
            threads.emplace_back([&, first] {
                for (std::size_t at = first; at < records.size(); at += threads_count) {
                    must(stores->registrations()
                             .save(scope, records[at], provisioning::Expected{})
                             .has_value(),
                         "save");
                }
            });
        }
    }
    return rows_per_second(records.size(), start);
}

double run_bare(const std::filesystem::path& file,
                const std::vector<provisioning::RegistrationRecord>& records,
                std::size_t rows_a_transaction) {
    open_stores(file).reset(); // for the schema
    std::vector<std::string> documents;
    for (const auto& record : records) {
        documents.push_back(to_text(provisioning::to_stored_document(record)));
    }
    bench::BareTable program(file, "registration", ", status, folded_group, unfinished",
                             ", 'assigned', 'line-1', 0");
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t first = 0; first < records.size(); first += rows_a_transaction) {
        program.run("BEGIN");
        const std::size_t end = std::min(first + rows_a_transaction, records.size());
        for (std::size_t at = first; at < end; ++at) {
            program.upsert(records[at].id.folded(), documents[at]);
        }
        program.run("COMMIT");
    }
    return rows_per_second(records.size(), start);
}

void run() {
    std::vector<provisioning::RegistrationRecord> records;
    for (std::size_t number = 0; number < rows_in_groups; ++number) {
        records.push_back(make_record(number));
    }
    const std::vector few(records.begin(), records.begin() + rows_one_by_one);
    std::vector<double> store, groups, singles;
    fmt::print("{:>5} {:>10} {:>10} {:>10}   rows a second\n", "round", "store", "groups",
               "singles");
    for (std::size_t round = 0; round < rounds; ++round) {
        const store::TemporaryFolder folder;
        store.push_back(run_store(folder / "store.db", records));
        groups.push_back(run_bare(folder / "groups.db", records, group_rows));
        singles.push_back(run_bare(folder / "singles.db", few, 1));
        fmt::print("{:>5} {:>10.0f} {:>10.0f} {:>10.0f}\n", round + 1, store.back(), groups.back(),
                   singles.back());
        std::fflush(stdout);
    }
    const double grouped = bench::median(store) / bench::median(groups);
    const double single = bench::median(store) / bench::median(singles);
    fmt::print("\nmedians of {} rounds: store {:.0f}, groups {:.0f}, singles {:.0f}\n", rounds,
               bench::median(store), bench::median(groups), bench::median(singles));
    fmt::print("ratios: store/groups {:.2f}, store/singles {:.2f}\n", grouped, single);
    bench::print_result("commit", {{"storePerSecond", bench::rounded(bench::median(store), 0)},
                                   {"groupsPerSecond", bench::rounded(bench::median(groups), 0)},
                                   {"singlesPerSecond", bench::rounded(bench::median(singles), 0)},
                                   {"storeToGroups", bench::rounded(grouped)},
                                   {"storeToSingles", bench::rounded(single)}});
}

} // namespace

} // namespace muster

int main(int count, char** arguments) {
    if (count > 1) {
        ::setenv("TMPDIR", arguments[1], 1); // where TemporaryFolder makes its folders
    }
    muster::run();
}
