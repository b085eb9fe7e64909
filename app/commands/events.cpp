// muster events, muster timeline: what happened to devices, and why they were refused

#include "app/commands/administering.h"
#include "app/commands/findings.h"
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::app {

namespace {

struct EventOptions {
    AdministrationOptions connect;
    OutputFormat format = OutputFormat::table;
    std::string id;
    std::string tracking;
    std::string group;
    std::string from;
    std::string until;
    bool all = false;
    std::size_t count = 50;
};

using Options = std::shared_ptr<EventOptions>;

/// Newest first.
Result<JsonArray> events_of(const EventOptions& options, Administration& administration) {
    const auto instance = administration.instance_path();
    if (!instance) {
        return std::unexpected(instance.error());
    }
    ListToWalk list{.request = {.method = "GET", .path = *instance + "/events"},
                    .member = "events",
                    .cursor = "before",
                    .items_max = options.count};
    const auto set = [&](const char* parameter, const std::string& value) {
        if (!value.empty()) {
            list.request.query.emplace_back(parameter, value);
        }
    };
    set("registrationId", options.id);
    set("trackingId", options.tracking);
    set("group", options.group);
    set("from", options.from);
    set("until", options.until);
    set("refusals", options.all ? "" : "true");
    return read_list(administration.api(), std::move(list));
}

void print_events(OutputFormat format, const JsonArray& events) {
    if (format == OutputFormat::json) {
        print(format_json(events));
        return;
    }
    for (const Json& event : events) {
        std::string line = fmt::format("{}  {:<9} {}", cell(event, "at"), cell(event, "kind"),
                                       cell(event, "registrationId"));
        for (const auto& [label, path] :
             {std::pair("group", "group"), std::pair("hub", "detail.assignedHub"),
              std::pair("error", "detail.errorCode"), std::pair("saying", "detail.errorMessage"),
              std::pair("from", "detail.peer"), std::pair("tracking", "trackingId")}) {
            if (const auto value = cell(event, path); !value.empty()) {
                line += fmt::format("  {} {}", label, value);
            }
        }
        const auto* detail = event.is_object() ? event.as_object().if_contains("detail") : nullptr;
        print(line + "\n" + (detail == nullptr ? "" : describe_findings(*detail)));
    }
}

Result<void> events(const EventOptions& options, Administration& administration) {
    const auto found = events_of(options, administration);
    if (!found) {
        return std::unexpected(found.error());
    }
    print_events(options.format, *found);
    if (found->empty() && options.format == OutputFormat::table) {
        print("nothing was recorded that fits\n");
    }
    return {};
}

/// Refusals reach the journal in batches, so the order of arrival alone is not that of time.
std::pair<std::string, unsigned long long> place_in_time(const Json& event) {
    return {cell(event, "at"), parse_decimal(cell(event, "sequence")).value_or(0)};
}

/// In the order in which it happened.
Result<void> timeline(const EventOptions& options, Administration& administration) {
    auto found = events_of(options, administration);
    if (!found) {
        return std::unexpected(found.error());
    }
    if (found->empty()) {
        return fail(Code::not_found, "nothing was recorded of '" + options.id + "'");
    }
    std::ranges::sort(*found, {}, place_in_time);
    print_events(options.format, *found);
    return {};
}

} // namespace

void add_events(CLI::App& root, Chosen& chosen) {
    CLI::App* command = root.add_subcommand("events", "Refusals and their reasons, newest first");
    auto options = std::make_shared<EventOptions>();
    command->add_option("--id", options->id, "registration id");
    command->add_option("--tracking-id", options->tracking, "as the device was told it");
    command->add_option("--group", options->group, "enrollment group");
    command->add_option("--from", options->from, "2030-01-02T03:04:05Z");
    command->add_option("--until", options->until, "2030-01-02T03:04:05Z");
    command->add_flag("--all", options->all, "assignments and everything else too");
    command->add_option("--count", options->count, "at most so many (default: 50; 0: all)");
    add_instance_options(*command, options->connect);
    add_output_option(*command, options->format);
    administer(*command, chosen, options, events);
}

void add_timeline(CLI::App& root, Chosen& chosen) {
    CLI::App* command =
        root.add_subcommand("timeline", "Everything that happened to one device, in order");
    auto options = std::make_shared<EventOptions>();
    options->all = true;
    options->count = 0;
    command->add_option("id", options->id, "registration id")->required();
    add_instance_options(*command, options->connect);
    add_output_option(*command, options->format);
    administer(*command, chosen, options, timeline);
}

} // namespace muster::app
