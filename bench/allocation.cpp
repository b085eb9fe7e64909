// The pure rules of allocation, without store or network:
//
//   decisions a second   allocate() for one device after another, with everything that `explain`
//                        shows, by policy and number of hubs; one thread
//   hash quality         Pearson's chi-square of a million ids against the shares that the weights
//                        promise, beside the value that chance passes once in a thousand
//   share moved          of the devices, when a hub joins and when a weight changes, beside the
//                        share that must
//
// Usage: bench_allocation [devices, default 1000000]

#include "provisioning/allocation.h"

#include "bench/measure.h"
#include "provisioning/allocation/by_weight.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace muster {

namespace {

using namespace provisioning;

constexpr int rounds = 5;
constexpr int decisions_a_round = 100'000;

using Hubs = std::vector<LinkedHub>;

LinkedHub hub_of(int number, int weight = 1) {
    LinkedHub hub;
    hub.name = HubName(fmt::format("hub-{}.example.net", number));
    hub.weight = weight;
    hub.location = fmt::format("{},{}", number % 60, number * 7 % 180);
    return hub;
}

Hubs hubs_of(const std::vector<int>& weights) {
    Hubs hubs;
    for (const int weight : weights) {
        hubs.push_back(hub_of(static_cast<int>(hubs.size()) + 1, weight));
    }
    return hubs;
}

RegistrationId device(int number) {
    return RegistrationId(fmt::format("device-{:07}", number));
}

/// How many of the devices each hub gets, by what it would be without a word of explanation.
std::vector<HubName> spread(const Hubs& hubs, int devices) {
    std::vector<const LinkedHub*> candidates;
    for (const LinkedHub& hub : hubs) {
        candidates.push_back(&hub);
    }
    std::vector<HubName> chosen;
    chosen.reserve(static_cast<std::size_t>(devices));
    for (int i = 0; i < devices; ++i) {
        chosen.push_back(highest_score(candidates, device(i))->name);
    }
    return chosen;
}

double chi_square(const Hubs& hubs, const std::vector<HubName>& chosen) {
    std::map<HubName, double> counts;
    for (const HubName& hub : chosen) {
        ++counts[hub];
    }
    double weights = 0;
    for (const LinkedHub& hub : hubs) {
        weights += hub.weight;
    }
    double sum = 0;
    for (const LinkedHub& hub : hubs) {
        const double expected = static_cast<double>(chosen.size()) * hub.weight / weights;
        const double off = counts[hub.name] - expected;
        sum += off * off / expected;
    }
    return sum;
}

double share_moved(const std::vector<HubName>& before, const std::vector<HubName>& after) {
    std::size_t moved = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
        moved += before[i] == after[i] ? 0 : 1;
    }
    return static_cast<double>(moved) / static_cast<double>(before.size());
}

struct Policy {
    const char* name;
    AllocationPolicy policy;
    bool even_load;
};

double decisions_per_second(const Policy& policy, int hubs) {
    Instance instance;
    instance.hubs = hubs_of(std::vector<int>(static_cast<std::size_t>(hubs), 1));
    instance.even_load = policy.even_load;
    EnrollmentTerms terms;
    terms.allocation_policy = policy.policy;
    AllocationInputs inputs;
    inputs.peer_address = "192.0.2.1";
    inputs.place = {.source = PlaceSource::geo_database,
                    .origin = "Amsterdam, NL",
                    .point = GeoPoint{52.37, 4.9},
                    .round_trips_ms = {}};
    for (const LinkedHub& hub : instance.hubs) {
        inputs.loads[hub.name] = 1000;
    }
    const std::optional<HubName> nowhere;
    std::size_t assigned = 0;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < decisions_a_round; ++i) {
        const RegistrationId id = device(i);
        const Allocation allocation = allocate(
            {.id = id, .terms = terms, .instance = instance, .current = nowhere, .inputs = inputs});
        assigned += allocation.hub ? 1 : 0;
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    if (assigned != decisions_a_round) {
        fmt::print(stderr, "{}: not every device got a hub\n", policy.name);
        std::exit(1);
    }
    return decisions_a_round / taken.count();
}

void measure_rates() {
    constexpr Policy policies[] = {
        {"hashed", AllocationPolicy::hashed, false},
        {"evenLoad", AllocationPolicy::hashed, true},
        {"geoLatency", AllocationPolicy::geo_latency, false},
    };
    JsonObject figures;
    fmt::print("{:<12} {:>6} {:>18}\n", "policy", "hubs", "decisions/s");
    for (const Policy& policy : policies) {
        for (const int hubs : {2, 10, 100}) {
            std::vector<double> rates;
            for (int round = 0; round < (hubs > 10 ? 1 : rounds); ++round) {
                rates.push_back(decisions_per_second(policy, hubs));
            }
            const double rate = bench::rounded(bench::median(rates), 0);
            fmt::print("{:<12} {:>6} {:>18.0f}\n", policy.name, hubs, rate);
            std::fflush(stdout);
            figures[fmt::format("{}{}", policy.name, hubs)] = rate;
        }
    }
    bench::print_result("allocation-rate", std::move(figures));
}

void measure_quality(int devices) {
    const struct {
        const char* name;
        std::vector<int> weights;
        double once_in_a_thousand;
    } cases[] = {
        {"equal2", {1, 1}, 10.83},
        {"equal10", std::vector<int>(10, 1), 27.88},
        {"weights", {1, 2, 3, 10}, 16.27},
        {"extremes", {1, 1000}, 10.83},
    };

    JsonObject figures{{"devices", devices}};
    fmt::print("\n{:<12} {:>12} {:>20}\n", "weights", "chi-square", "once in a thousand");
    for (const auto& one : cases) {
        const Hubs hubs = hubs_of(one.weights);
        const double statistic = chi_square(hubs, spread(hubs, devices));
        fmt::print("{:<12} {:>12.2f} {:>20.2f}\n", one.name, statistic, one.once_in_a_thousand);
        std::fflush(stdout);
        figures[one.name] = bench::rounded(statistic);
    }
    bench::print_result("allocation-quality", std::move(figures));
}

void measure_moves(int devices) {
    const auto before = spread(hubs_of({1, 1, 1, 1}), devices);
    const double joined = share_moved(before, spread(hubs_of({1, 1, 1, 1, 1}), devices));
    const double doubled = share_moved(before, spread(hubs_of({2, 1, 1, 1}), devices));
    fmt::print(
        "\nshare moved: {:.4f} when a fifth hub joins (must: {:.4f}), {:.4f} when the weight "
        "of one of four doubles (must: {:.4f})\n",
        joined, 1.0 / 5, doubled, 2.0 / 5 - 1.0 / 4);
    bench::print_result("allocation-moves", {{"joined", bench::rounded(joined, 4)},
                                             {"joinedMust", 0.2},
                                             {"doubled", bench::rounded(doubled, 4)},
                                             {"doubledMust", 0.15}});
}

} // namespace

} // namespace muster

int main(int argc, char** argv) {
    const int devices = argc > 1 ? std::atoi(argv[1]) : 1'000'000;
    if (devices <= 0) {
        fmt::print(stderr, "usage: bench_allocation [devices]\n");
        return 2;
    }
    muster::measure_rates();
    muster::measure_quality(devices);
    muster::measure_moves(devices);
    return 0;
}
