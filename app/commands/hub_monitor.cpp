// muster hub monitor: watch a hub's events as they are stored

#include "app/command_line.h"
#include "base/encoding.h"
#include "base/text.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace muster::app {

namespace {

constexpr int wait_seconds = 20;
constexpr std::chrono::seconds answer_margin{10};
constexpr std::string_view events_path = "/messages/events";

struct MonitorOptions {
    ConnectOptions connect;
    OutputFormat format = OutputFormat::table;
    std::string device;
    std::string consumer;
    std::string source;
    int partition = -1;      // -1: all
    std::int64_t after = -1; // -1: from now on, or from where the consumer is
    bool from_beginning = false;
    std::size_t count = 0; // 0: until interrupted
};

std::optional<std::int64_t> number_of(const net::HttpReply& reply, std::string_view header) {
    const auto value = parse_decimal(reply.header(header));
    return value ? std::optional(static_cast<std::int64_t>(*value)) : std::nullopt;
}

Result<std::int64_t> newest(ApiClient& hub) {
    auto reply = hub.send({.method = "GET", .path = std::string(events_path)});
    if (!reply) {
        return std::unexpected(reply.error());
    }
    const auto last = number_of(*reply, "muster-last-sequence");
    return last ? Result<std::int64_t>(*last)
                : fail(Code::unsupported, "this hub does not offer its events over HTTPS");
}

/// Where the consumer is; nothing if it never stored a position.
Result<std::optional<std::int64_t>> stored_position(ApiClient& hub, const MonitorOptions& options) {
    auto document = hub.send_json(
        {.method = "GET",
         .path = fmt::format("{}/consumers/{}", events_path, percent_encode(options.consumer))});
    if (!document && document.error().code == Code::not_found) {
        return std::nullopt;
    }
    if (!document) {
        return std::unexpected(document.error());
    }
    std::optional<std::int64_t> found;
    const Json* positions =
        document->is_object() ? find_member(document->as_object(), "positions") : nullptr;
    if (positions == nullptr || !positions->is_array()) {
        return fail(Code::internal, "the hub described a consumer without its positions");
    }
    for (const Json& position : positions->as_array()) {
        const std::string partition = cell(position, "partition");
        const bool own = options.partition >= 0 && partition == std::to_string(options.partition);
        if (const auto sequence = parse_decimal(cell(position, "position"));
            sequence && (own || partition.empty())) {
            found = static_cast<std::int64_t>(*sequence);
        }
    }
    return found;
}

Result<std::int64_t> start_of(ApiClient& hub, const MonitorOptions& options) {
    if (options.from_beginning) {
        return 0;
    }
    if (options.after >= 0) {
        return options.after;
    }
    if (!options.consumer.empty()) {
        const auto stored = stored_position(hub, options);
        if (!stored) {
            return std::unexpected(stored.error());
        }
        return stored->value_or(0); // it has seen nothing yet
    }
    return newest(hub);
}

struct Page {
    JsonArray events;
    std::int64_t position = 0; // where to read on
    std::int64_t lost = 0;
};

Result<Page> next_page(ApiClient& hub, const MonitorOptions& options, std::int64_t after) {
    ApiClient::Request request{
        .method = "GET",
        .path = std::string(events_path),
        .query = {{"after", std::to_string(after)}, {"wait", std::to_string(wait_seconds)}},
        .time_max = std::chrono::seconds(wait_seconds) + answer_margin};
    if (options.partition >= 0) {
        request.query.emplace_back("partition", std::to_string(options.partition));
    }
    if (!options.source.empty()) {
        request.query.emplace_back("source", options.source);
    }
    auto reply = hub.send(request);
    if (!reply) {
        return std::unexpected(reply.error());
    }
    auto events = parse_json(reply->body, {.bytes_max = reply->body.size()});
    const auto position = number_of(*reply, "muster-position");
    if (!events || !events->is_array() || !position) {
        return fail(Code::internal, "the hub answered with something else than a page of events");
    }
    return Page{.events = std::move(events->as_array()),
                .position = *position,
                .lost = number_of(*reply, "muster-lost").value_or(0)};
}

Result<void> save_position(ApiClient& hub, const MonitorOptions& options, std::int64_t position) {
    JsonObject body{{"position", position}};
    if (options.partition >= 0) {
        body["partition"] = options.partition;
    }
    auto saved = hub.send(
        {.method = "PUT",
         .path = fmt::format("{}/consumers/{}", events_path, percent_encode(options.consumer)),
         .headers = {{"Content-Type", "application/json"}},
         .body = to_text(body)});
    return saved ? Result<void>() : std::unexpected(saved.error());
}

void print_event(OutputFormat format, const Json& event) {
    if (format == OutputFormat::json) {
        print(to_text(event) + '\n'); // one line each, for programs that read along
        return;
    }
    const std::string body = cell(event, "body");
    const std::string module = cell(event, "moduleId");
    const std::string source = cell(event, "source");
    print(fmt::format("{}  {}{}{}  {}  {}{}\n", cell(event, "enqueuedTime"),
                      cell(event, "deviceId"), module.empty() ? "" : "/", module,
                      body.empty() ? cell(event, "bodyBase64") : body, cell(event, "properties"),
                      source == "Telemetry" ? "" : "  " + source));
}

/// Prints the page's events that are wanted, `left` at most; the position after the last that it
/// looked at.
std::int64_t print_page(const MonitorOptions& options, const Page& page, std::size_t& left) {
    if (page.lost > 0 && options.format != OutputFormat::json) {
        print(fmt::format("-- {} events were gone before they were read\n", page.lost));
    }
    for (const Json& event : page.events) {
        if (options.device.empty() || options.device == cell(event, "deviceId")) {
            print_event(options.format, event);
            if (options.count != 0 && --left == 0) {
                const auto sequence = parse_decimal(cell(event, "sequence"));
                return sequence ? static_cast<std::int64_t>(*sequence) : page.position;
            }
        }
    }
    return page.position;
}

Result<void> run(const MonitorOptions& options, const Environment& environment) {
    auto hubs = connect_hubs(options.connect, environment.clock);
    if (!hubs) {
        return std::unexpected(hubs.error());
    }
    if (hubs->size() > 1) {
        return fail(Code::malformed, "the server has several hubs; choose one with --hub");
    }
    ApiClient& hub = hubs->front();
    auto position = start_of(hub, options);
    for (std::size_t left = options.count; position && (options.count == 0 || left > 0);) {
        const auto page = next_page(hub, options, *position);
        if (!page) {
            return std::unexpected(page.error());
        }
        const std::int64_t reached = print_page(options, *page, left);
        // At least once: the position follows what was printed.
        if (!options.consumer.empty() && reached != *position) {
            if (auto saved = save_position(hub, options, reached); !saved) {
                return saved;
            }
        }
        position = reached;
    }
    return position ? Result<void>() : std::unexpected(position.error());
}

} // namespace

void add_hub_monitor(CLI::App& hub, Chosen& chosen, const Environment& environment) {
    CLI::App* command = hub.add_subcommand("monitor", "Watch a hub's events as they are stored");
    auto options = std::make_shared<MonitorOptions>();
    add_hub_options(*command, options->connect);
    add_output_option(*command, options->format);
    command->add_option("--device", options->device, "only events of this device");
    command->add_option("--source", options->source,
                        "only Telemetry, twinChangeEvents, deviceLifecycleEvents or "
                        "deviceConnectionStateEvents; several with commas");
    command->add_option("--partition", options->partition, "only events of this partition")
        ->check(CLI::Range(0, 31));
    command->add_option("--consumer", options->consumer,
                        "go on where this name has come to, and store how far it comes");
    CLI::Option* after = command
                             ->add_option("--after", options->after,
                                          "start after this sequence number; 0: the oldest")
                             ->check(CLI::NonNegativeNumber);
    command->add_flag("--from-beginning", options->from_beginning, "start with the oldest")
        ->excludes(after);
    command->add_option("--count", options->count, "stop after so many events");
    command->callback([options, &chosen, &environment] {
        chosen.set([options, &environment] {
            auto done = run(*options, environment);
            return done ? ExitCode::ok : failed(done.error());
        });
    });
}

} // namespace muster::app
