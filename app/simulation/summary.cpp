// What a storm came to, for people and for programs.

#include "app/output.h"
#include "app/simulation/storm.h"

#include <fmt/format.h>

namespace muster::app {

namespace {

using Rows = std::vector<std::vector<std::string>>;

JsonObject counts(const std::map<std::string, std::size_t>& from) {
    JsonObject object;
    for (const auto& [name, count] : from) {
        object[name] = count;
    }
    return object;
}

std::string share_of(std::size_t count, std::size_t all) {
    return fmt::format(
        "{:.1f} %", all == 0 ? 0.0 : 100.0 * static_cast<double>(count) / static_cast<double>(all));
}

} // namespace

std::string format_summary(const StormResult& result) {
    Rows hubs;
    for (const auto& [hub, count] : result.by_hub) {
        hubs.push_back({hub, std::to_string(count), share_of(count, result.succeeded())});
    }
    Rows kinds;
    for (const auto& [kind, count] : result.by_kind) {
        kinds.push_back({kind, std::to_string(count)});
    }
    std::string out = format_table({"HUB", "DEVICES", "SHARE"}, hubs) + '\n' +
                      format_table({"REGISTERED BY", "DEVICES"}, kinds) + '\n';
    out += fmt::format("{} of {} devices registered in {:.1f} s: {:.0f} a second, median {} ms, "
                       "95 % within {} ms, slowest {} ms ({})\n",
                       result.succeeded(), result.asked,
                       std::chrono::duration<double>(result.elapsed).count(), result.per_second(),
                       result.percentile(0.5).count(), result.percentile(0.95).count(),
                       result.percentile(1).count(), result.slowest);
    out += fmt::format("failures: {}\n", result.failed());
    for (const auto& [reason, count] : result.failures) {
        out += fmt::format("  {:>6}  {}\n", count, reason);
    }
    return out;
}

JsonObject to_document(const StormResult& result) {
    return {{"asked", result.asked},
            {"registered", result.succeeded()},
            {"failed", result.failed()},
            {"seconds", std::chrono::duration<double>(result.elapsed).count()},
            {"perSecond", result.per_second()},
            {"medianMilliseconds", result.percentile(0.5).count()},
            {"p95Milliseconds", result.percentile(0.95).count()},
            {"slowestMilliseconds", result.percentile(1).count()},
            {"slowestDevice", result.slowest},
            {"byHub", counts(result.by_hub)},
            {"byKind", counts(result.by_kind)},
            {"failures", counts(result.failures)}};
}

} // namespace muster::app
