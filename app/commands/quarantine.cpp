// muster quarantine set|release, muster suspects

#include "app/commands/administering.h"
#include "app/commands/operation_view.h"
#include "base/encoding.h"

#include <fmt/format.h>

#include <memory>

namespace muster::app {

namespace {

struct QuarantineOptions {
    AdministrationOptions connect;
    OutputFormat format = OutputFormat::table;
    std::string id;
    std::string group;
    std::string hub;
    std::string reason;
};

using Options = std::shared_ptr<QuarantineOptions>;

Result<std::string> path_of(const QuarantineOptions& options, Administration& administration) {
    if (options.id.empty() == options.group.empty()) {
        return fail(Code::malformed, "say either a registration id or --group");
    }
    auto path = administration.instance_path();
    if (!path) {
        return path;
    }
    return *path +
           (options.group.empty() ? "/registrations/" + percent_encode(options.id)
                                  : "/groups/" + percent_encode(options.group)) +
           "/quarantine";
}

/// A group's is carried out by an operation; a device's is on its way at once.
Result<void> send(const QuarantineOptions& options, Administration& administration,
                  ApiClient::Request request) {
    auto path = path_of(options, administration);
    if (!path) {
        return std::unexpected(path.error());
    }
    request.path = *std::move(path);
    if (options.group.empty()) {
        const auto done = administration.api().send(request);
        return done ? Result<void>() : std::unexpected(done.error());
    }
    const auto operation = send_for_object(administration.api(), request);
    if (!operation) {
        return std::unexpected(operation.error());
    }
    print_operation(options.format, *operation);
    return {};
}

Result<void> set(const QuarantineOptions& options, Administration& administration) {
    const JsonObject body{{"hub", options.hub}, {"reason", options.reason}};
    return send(options, administration, {.method = "PUT", .body = to_text(body)});
}

Result<void> release(const QuarantineOptions& options, Administration& administration) {
    return send(options, administration, {.method = "DELETE"});
}

// ---- suspects ----

std::string suspicions_of(const Json& suspect) {
    const auto* suspicions =
        suspect.is_object() ? suspect.as_object().if_contains("suspicions") : nullptr;
    std::string text;
    if (suspicions == nullptr || !suspicions->is_array()) {
        return text;
    }
    for (const Json& one : suspicions->as_array()) {
        text += (text.empty() ? "" : ", ") +
                (one.is_string() ? std::string(one.as_string()) : std::string());
    }
    return text;
}

Result<void> suspects(const QuarantineOptions& options, Administration& administration) {
    const auto path = administration.instance_path();
    if (!path) {
        return std::unexpected(path.error());
    }
    const auto found =
        read_list(administration.api(), {.request = {.method = "GET", .path = *path + "/suspects"},
                                         .member = "suspects"});
    if (!found) {
        return std::unexpected(found.error());
    }
    if (options.format == OutputFormat::json) {
        print(format_json(*found));
        return {};
    }
    std::vector<std::vector<std::string>> rows;
    for (const Json& suspect : *found) {
        rows.push_back(
            {cell(suspect, "registrationId"), suspicions_of(suspect), cell(suspect, "detail")});
    }
    print(rows.empty() ? "nothing looks suspicious\n"
                       : format_table({"ID", "SUSPICIONS", "DETAIL"}, rows));
    return {};
}

CLI::App* add_verb(CLI::App& quarantine, const char* name, const char* description,
                   const Options& options) {
    CLI::App* command = quarantine.add_subcommand(name, description);
    CLI::Option* id = command->add_option("id", options->id, "registration id of a device");
    command->add_option("--group", options->group, "every device of this enrollment group")
        ->excludes(id);
    add_instance_options(*command, options->connect);
    add_output_option(*command, options->format);
    return command;
}

} // namespace

void add_quarantine(CLI::App& root, Chosen& chosen) {
    CLI::App* quarantine =
        root.add_subcommand("quarantine", "Keep devices at a hub of their own, and let them go");
    quarantine->require_subcommand(1);
    const auto options = std::make_shared<QuarantineOptions>();
    CLI::App* setting = add_verb(
        *quarantine, "set", "Move to a hub, and keep there whatever the enrollment says", options);
    setting->add_option("--hub", options->hub, "host name of the hub")->required();
    setting->add_option("--reason", options->reason, "for the audit trail");
    administer(*setting, chosen, options, set);
    CLI::App* releasing =
        add_verb(*quarantine, "release", "Move back to where the enrollment says", options);
    administer(*releasing, chosen, options, release);
}

void add_suspects(CLI::App& root, Chosen& chosen) {
    CLI::App* command = root.add_subcommand(
        "suspects", "Devices that register too often, alternate between hubs, or never connect");
    const auto options = std::make_shared<QuarantineOptions>();
    add_instance_options(*command, options->connect);
    add_output_option(*command, options->format);
    administer(*command, chosen, options, suspects);
}

} // namespace muster::app
