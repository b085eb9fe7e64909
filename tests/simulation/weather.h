#pragma once
// How hostile the world of a seed is. Each seed leaves out some kinds of trouble, so that the
// others get further.

#include "tests/simulation/dice.h"

#include <cstddef>

namespace muster::simulation {

struct Weather {
    // Of a call over the network, in percent.
    std::size_t requests_lost = 0;
    std::size_t answers_lost = 0;
    std::size_t duplicates = 0;
    std::size_t late = 0; // takes effect up to `late_max` after it was sent
    Duration late_max{0};
    Duration latency_max{0};
    // Of a step of a provisioning process, one in so many; 0: never.
    std::size_t crashes_one_in = 0;
    std::size_t stalls_one_in = 0;
    std::size_t store_failures_one_in = 0;
    // Seconds between what hubs and operators do, on average; 0: never.
    std::size_t hub_trouble_s = 0;
    std::size_t operator_s = 0;
    std::size_t back_end_s = 0;
    std::size_t hub_operator_s = 0;
    std::size_t function_lies = 0; // percent
    bool concurrent_registrations = false;
};

inline Weather draw_weather(Dice& dice) {
    const auto some = [&](std::size_t most) { return dice.one_in(3) ? 0 : 1 + dice.below(most); };
    const auto rate = [&](std::size_t least, std::size_t most) {
        return dice.one_in(4) ? 0 : least + dice.below(most - least);
    };
    Weather weather;
    weather.requests_lost = some(15);
    weather.answers_lost = some(20);
    weather.duplicates = some(20);
    weather.late = some(20);
    weather.late_max = dice.between(std::chrono::seconds(10), std::chrono::minutes(4));
    weather.latency_max = dice.between(std::chrono::milliseconds(5), std::chrono::seconds(2));
    weather.crashes_one_in = rate(60, 1500);
    weather.stalls_one_in = rate(100, 2000);
    weather.store_failures_one_in = rate(100, 1000);
    weather.hub_trouble_s = rate(10, 90);
    weather.operator_s = 2 + dice.below(12);
    weather.back_end_s = 1 + dice.below(8);
    weather.hub_operator_s = rate(15, 120);
    weather.function_lies = some(60);
    weather.concurrent_registrations = dice.one_in(2);
    return weather;
}

/// Everything works, and at once.
inline Weather fair_weather() {
    Weather weather;
    weather.latency_max = std::chrono::milliseconds(20);
    return weather;
}

} // namespace muster::simulation
