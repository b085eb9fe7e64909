// muster hub monitor: watch telemetry as it is stored

#include "app/command_line.h"
#include "base/text.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <memory>

namespace muster::app {

namespace {

constexpr int wait_seconds = 20;
constexpr std::chrono::seconds answer_margin{10};

struct MonitorOptions {
    ConnectOptions connect;
    OutputFormat format = OutputFormat::table;
    std::string device;
    std::int64_t after = -1; // -1: from now on
    std::size_t count = 0;   // 0: until interrupted
};

Result<std::int64_t> newest(ApiClient& hub) {
    auto reply = hub.send({.method = "GET", .path = "/messages/events"});
    if (!reply) {
        return std::unexpected(reply.error());
    }
    const auto last = parse_decimal(reply->header("muster-last-sequence"));
    if (!last) {
        return fail(Code::unsupported, "this hub does not offer telemetry over HTTPS");
    }
    return static_cast<std::int64_t>(*last);
}

Result<JsonArray> next_page(ApiClient& hub, std::int64_t after) {
    auto page = hub.send_json(
        {.method = "GET",
         .path = "/messages/events",
         .query = {{"after", std::to_string(after)}, {"wait", std::to_string(wait_seconds)}},
         .time_max = std::chrono::seconds(wait_seconds) + answer_margin});
    if (!page) {
        return std::unexpected(page.error());
    }
    if (!page->is_array()) {
        return fail(Code::internal, "the hub answered with something else than a list");
    }
    return std::move(page->as_array());
}

void print_message(OutputFormat format, const Json& message) {
    if (format == OutputFormat::json) {
        print(to_text(message) + '\n'); // one line each, for programs that read along
        return;
    }
    const std::string body = cell(message, "body");
    print(fmt::format("{}  {}  {}  {}\n", cell(message, "enqueuedTime"), cell(message, "deviceId"),
                      body.empty() ? cell(message, "bodyBase64") : body,
                      cell(message, "properties")));
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
    std::int64_t position = options.after;
    if (position < 0) {
        auto last = newest(hub);
        if (!last) {
            return std::unexpected(last.error());
        }
        position = *last;
    }
    for (std::size_t shown = 0; options.count == 0 || shown < options.count;) {
        auto page = next_page(hub, position);
        if (!page) {
            return std::unexpected(page.error());
        }
        for (const Json& message : *page) {
            const Json* sequence =
                message.is_object() ? find_member(message.as_object(), "sequence") : nullptr;
            if (sequence == nullptr || !sequence->is_int64()) {
                return fail(Code::internal, "the hub sent a message without its sequence");
            }
            position = sequence->as_int64();
            if (options.device.empty() || options.device == cell(message, "deviceId")) {
                print_message(options.format, message);
                ++shown;
            }
            if (options.count != 0 && shown >= options.count) {
                break;
            }
        }
    }
    return {};
}

} // namespace

void add_hub_monitor(CLI::App& hub, Chosen& chosen, const Environment& environment) {
    CLI::App* command = hub.add_subcommand("monitor", "Watch telemetry as it is stored");
    auto options = std::make_shared<MonitorOptions>();
    add_hub_options(*command, options->connect);
    add_output_option(*command, options->format);
    command->add_option("--device", options->device, "only messages of this device");
    command
        ->add_option("--after", options->after, "start after this sequence number; 0: the oldest")
        ->check(CLI::NonNegativeNumber);
    command->add_option("--count", options->count, "stop after so many messages");
    command->callback([options, &chosen, &environment] {
        chosen.set([options, &environment] {
            auto done = run(*options, environment);
            return done ? ExitCode::ok : failed(done.error());
        });
    });
}

} // namespace muster::app
