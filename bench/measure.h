#pragma once
// What the benchmarks share: what a process has used so far, medians, and the line for programs.

#include "base/json.h"
#include "base/result.h"

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::bench {

/// User and system time of these processes and all their threads, in milliseconds. The kernel
/// counts in hundredths of a second.
double cpu_milliseconds(std::span<const pid_t> processes);

struct Memory {
    std::int64_t resident_bytes = 0;
    std::int64_t proportional_bytes = 0; // shared pages divided by who shares them
    std::int64_t anonymous_bytes = 0;    // of its own: no files that it has mapped
};

Memory memory_of(pid_t process);

double median(std::vector<double> values);

/// The last line of every benchmark: `RESULT {"name":...}`.
void print_result(std::string_view name, JsonObject figures);

/// Rounded, so that nobody takes noise for precision.
double rounded(double value, int digits = 2);

/// Ends the program with the reason if there is no value.
[[noreturn]] void give_up(std::string_view what, const Error& error);

template <class Value>
Value must(Result<Value> result, std::string_view what) {
    if (!result) {
        give_up(what, result.error());
    }
    return std::move(*result);
}

} // namespace muster::bench
