#include "bench/measure.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace muster::bench {

namespace {

/// Fields 14 and 15 of /proc/PID/stat; the name before them may hold spaces.
double ticks_of(pid_t process) {
    std::ifstream file(fmt::format("/proc/{}/stat", process));
    std::string text;
    std::getline(file, text);
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos) {
        give_up("reading a process's time",
                fail(Code::not_found, fmt::format("process {} is gone", process)).error());
    }
    constexpr int fields_between = 11; // state and what follows it
    std::istringstream fields(text.substr(name_end + 1));
    std::string skipped;
    for (int field = 0; field < fields_between; ++field) {
        fields >> skipped;
    }
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return user + system;
}

} // namespace

double cpu_milliseconds(std::span<const pid_t> processes) {
    double ticks = 0;
    for (const pid_t process : processes) {
        ticks += ticks_of(process);
    }
    return ticks * 1000 / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

Memory memory_of(pid_t process) {
    std::ifstream file(fmt::format("/proc/{}/smaps_rollup", process));
    Memory memory;
    for (std::string line; std::getline(file, line);) {
        constexpr std::int64_t kibibyte = 1024;
        std::istringstream fields(line);
        std::string name;
        std::int64_t value = 0;
        fields >> name >> value;
        if (name == "Rss:") {
            memory.resident_bytes = value * kibibyte;
        } else if (name == "Pss:") {
            memory.proportional_bytes = value * kibibyte;
        } else if (name == "Anonymous:") {
            memory.anonymous_bytes = value * kibibyte;
        }
    }
    return memory;
}

double median(std::vector<double> values) {
    if (values.empty()) {
        return 0;
    }
    std::ranges::sort(values);
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void print_result(std::string_view name, JsonObject figures) {
    JsonObject line{{"name", name}};
    for (auto& [key, value] : figures) {
        line[key] = std::move(value);
    }
    fmt::print("RESULT {}\n", to_text(line));
    std::fflush(stdout);
}

double rounded(double value, int digits) {
    const double scale = std::pow(10.0, digits);
    return std::round(value * scale) / scale;
}

void give_up(std::string_view what, const Error& error) {
    fmt::print(stderr, "{}: {}{}{}\n", what,
               error.detail.empty() ? to_string(error.code) : error.detail,
               error.cause.empty() ? "" : ": ", error.cause);
    std::exit(1);
}

} // namespace muster::bench
