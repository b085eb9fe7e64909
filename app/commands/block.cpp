// muster block, muster unblock

#include "app/commands/administering.h"
#include "base/clock.h"
#include "base/encoding.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>

namespace muster::app {

namespace {

struct BlockOptions {
    AdministrationOptions connect;
    OutputFormat format = OutputFormat::table;
    std::string id;
    std::string reason;
};

using Options = std::shared_ptr<BlockOptions>;

bool flag(const JsonObject& document, std::string_view name) {
    const Json* value = document.if_contains(name);
    return value != nullptr && value->is_bool() && value->as_bool();
}

std::string text(const JsonObject& document, std::string_view name) {
    const Json* value = document.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::string in_parentheses(const std::string& problem) {
    return problem.empty() ? problem : " (" + problem + ")";
}

/// `dev-1 is blocked: disabled at hub-1.example.net, 12 ms`
std::string sentence(const JsonObject& answer, std::chrono::milliseconds took) {
    const bool blocked = flag(answer, "blocked");
    const std::string hub = text(answer, "hub");
    std::string line = text(answer, "registrationId") + (blocked ? " is blocked" : " is unblocked");
    if (!flag(answer, "settled")) {
        line += "; " + hub + " has not done its part yet, which goes on in the background";
    } else if (!hub.empty()) {
        line += blocked ? ": disabled at " + hub : ": as it was at " + hub;
    } else { // it has never been assigned
        line += blocked ? ": disabled at every hub that has it" : ": as it was at every hub";
    }
    line += in_parentheses(text(answer, "problem"));
    return line + fmt::format(", {} ms\n", took.count());
}

/// The device is kept out of registration from the answer on. A script must know if a hub has not
/// done its part by then.
Result<void> send(const BlockOptions& options, Administration& administration,
                  ApiClient::Request request) {
    const auto path = administration.instance_path();
    if (!path) {
        return std::unexpected(path.error());
    }
    request.path = *path + "/registrations/" + percent_encode(options.id) + "/block";
    const SystemClock clock;
    const SteadyTime begun = clock.steady();
    const auto answer = send_for_object(administration.api(), request);
    if (!answer) {
        return std::unexpected(answer.error());
    }
    const auto took = std::chrono::ceil<std::chrono::milliseconds>(clock.steady() - begun);
    print(options.format == OutputFormat::json ? format_json(*answer) : sentence(*answer, took));
    return flag(*answer, "settled")
               ? Result<void>()
               : fail(Code::unavailable, "a hub has not answered yet; it is asked until it does");
}

Result<void> block(const BlockOptions& options, Administration& administration) {
    const JsonObject body{{"reason", options.reason}};
    return send(options, administration, {.method = "PUT", .body = to_text(body)});
}

Result<void> unblock(const BlockOptions& options, Administration& administration) {
    return send(options, administration, {.method = "DELETE"});
}

CLI::App* add_command(CLI::App& root, const char* name, const char* description,
                      const Options& options) {
    CLI::App* command = root.add_subcommand(name, description);
    command->add_option("id", options->id, "registration id of a device")->required();
    add_instance_options(*command, options->connect);
    add_output_option(*command, options->format);
    return command;
}

} // namespace

void add_block(CLI::App& root, Chosen& chosen) {
    const auto options = std::make_shared<BlockOptions>();
    CLI::App* command =
        add_command(root, "block",
                    "Keep a device out now: of registration, and of the hub where it is", options);
    command->add_option("--reason", options->reason, "for the audit trail and `muster explain`");
    administer(*command, chosen, options, block);
}

void add_unblock(CLI::App& root, Chosen& chosen) {
    const auto options = std::make_shared<BlockOptions>();
    CLI::App* command =
        add_command(root, "unblock", "Let a device in again, as it was before", options);
    administer(*command, chosen, options, unblock);
}

} // namespace muster::app
