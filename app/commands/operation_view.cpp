#include "app/commands/operation_view.h"

#include "app/commands/administering.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <thread>

namespace muster::app {

namespace {

constexpr std::chrono::milliseconds look_interval{1000};

std::string number(const Json& operation, std::string_view path) {
    const auto text = cell(operation, path);
    return text.empty() ? "0" : text;
}

/// What it is about.
std::string subject_of(const Json& operation) {
    const auto hub = cell(operation, "hub");
    const auto group = cell(operation, "group");
    if (group.empty()) {
        return hub;
    }
    return hub.empty() ? group : group + " at " + hub;
}

bool is_on_its_way(std::string_view state) {
    return state == "running" || state == "stopping" || state == "paused";
}

std::string failures_of(const Json& operation) {
    const auto* failures =
        operation.is_object() ? operation.as_object().if_contains("failures") : nullptr;
    std::string text;
    if (failures == nullptr || !failures->is_array()) {
        return text;
    }
    for (const Json& failure : failures->as_array()) {
        text += "  " + (failure.is_string() ? std::string(failure.as_string()) : "") + '\n';
    }
    return text;
}

} // namespace

const std::vector<std::string>& operation_columns() {
    static const std::vector<std::string> columns{"ID",     "KIND",  "OF",    "STATE",
                                                  "LOOKED", "TOTAL", "MOVED", "STAYED",
                                                  "FAILED", "BEGUN", "END"};
    return columns;
}

std::vector<std::string> operation_row(const Json& operation) {
    const auto ended = cell(operation, "ended");
    const auto estimate = cell(operation, "estimatedEnd");
    return {cell(operation, "id"),
            cell(operation, "kind"),
            subject_of(operation),
            cell(operation, "state"),
            number(operation, "progress.lookedAt"),
            number(operation, "progress.total"),
            number(operation, "progress.moved"),
            number(operation, "progress.stayed"),
            number(operation, "progress.failed"),
            cell(operation, "begun"),
            !ended.empty()     ? ended
            : estimate.empty() ? std::string()
                               : "about " + estimate};
}

std::string progress_line(const Json& operation) {
    std::string line =
        fmt::format("{} {}: {} of {} looked at, {} moved, {} stayed, {} failed, {} under way",
                    cell(operation, "id"), cell(operation, "state"),
                    number(operation, "progress.lookedAt"), number(operation, "progress.total"),
                    number(operation, "progress.moved"), number(operation, "progress.stayed"),
                    number(operation, "progress.failed"), number(operation, "underWay"));
    if (const auto estimate = cell(operation, "estimatedEnd"); !estimate.empty()) {
        line += ", done about " + estimate;
    }
    return line;
}

std::string describe_operation(const Json& operation) {
    return fmt::format("{}\n  {}{} by {}, begun {}\n  at most {} a second, {} at once; held after "
                       "{} failures\n{}",
                       progress_line(operation), cell(operation, "kind"),
                       subject_of(operation).empty() ? "" : " of " + subject_of(operation),
                       cell(operation, "begunBy"), cell(operation, "begun"),
                       cell(operation, "limits.perSecond"), cell(operation, "limits.concurrency"),
                       cell(operation, "limits.failuresMax"), failures_of(operation));
}

void print_operation(OutputFormat format, const Json& operation) {
    print(format == OutputFormat::json ? format_json(operation) : describe_operation(operation));
}

Result<Json> wait_for_operation(ApiClient& api, const std::string& path) {
    std::string told;
    while (true) {
        auto operation = send_for_object(api, {.method = "GET", .path = path});
        if (!operation && !passes_by_itself(operation.error().code)) {
            return std::unexpected(operation.error());
        }
        if (operation) {
            const Json shown(*operation);
            if (auto line = progress_line(shown); line != told) {
                std::fputs((line + '\n').c_str(), stderr);
                told = std::move(line);
            }
            const auto state = cell(shown, "state");
            if (state == "done") {
                return shown;
            }
            if (!is_on_its_way(state)) {
                return fail(Code::precondition, cell(shown, "id") + " is " + state);
            }
        }
        std::this_thread::sleep_for(look_interval);
    }
}

} // namespace muster::app
