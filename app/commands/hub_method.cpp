// muster hub method: call a direct method of a device

#include "app/command_line.h"
#include "base/encoding.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace muster::app {

namespace {

constexpr std::chrono::seconds answer_margin{10}; // for the way there and back

struct MethodOptions {
    ConnectOptions connect;
    std::string id;
    std::string method;
    std::string payload;
    int timeout_seconds = 30;
    int connect_timeout_seconds = 0;
};

Result<void> run(const MethodOptions& options, const Environment& environment) {
    JsonObject call{{"methodName", options.method},
                    {"responseTimeoutInSeconds", options.timeout_seconds},
                    {"connectTimeoutInSeconds", options.connect_timeout_seconds}};
    if (!options.payload.empty()) {
        auto payload = parse_json(options.payload);
        if (!payload) {
            return fail(Code::malformed, "--payload: " + payload.error().detail);
        }
        call["payload"] = std::move(*payload);
    }
    auto hub = connect_hub_of(options.id, options.connect, environment.clock);
    if (!hub) {
        return std::unexpected(hub.error());
    }
    auto reply = hub->send_json(
        {.method = "POST",
         .path = "/twins/" + percent_encode(options.id) + "/methods",
         .body = to_text(call),
         .time_max = answer_margin + std::chrono::seconds(options.timeout_seconds +
                                                          options.connect_timeout_seconds)});
    if (!reply) {
        return std::unexpected(reply.error());
    }
    print(format_json(*reply));
    return {};
}

} // namespace

void add_hub_method(CLI::App& hub, Chosen& chosen, const Environment& environment) {
    CLI::App* command = hub.add_subcommand("method", "Call a direct method of a device");
    auto options = std::make_shared<MethodOptions>();
    command->add_option("id", options->id, "device id")->required();
    command->add_option("method", options->method, "its name")->required();
    command->add_option("--payload", options->payload, "JSON");
    command->add_option("--timeout", options->timeout_seconds, "seconds to wait for the answer")
        ->check(CLI::Range(5, 300));
    command
        ->add_option("--connect-timeout", options->connect_timeout_seconds,
                     "seconds to wait for the device to come online")
        ->check(CLI::Range(0, 300));
    add_hub_options(*command, options->connect);
    command->callback([options, &chosen, &environment] {
        chosen.set([options, &environment] {
            auto done = run(*options, environment);
            return done ? ExitCode::ok : failed(done.error());
        });
    });
}

} // namespace muster::app
