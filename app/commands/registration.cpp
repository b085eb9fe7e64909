// muster registration show|list

#include "app/commands/resource.h"
#include "base/encoding.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace muster::app {

namespace {

struct RegistrationOptions {
    ConnectOptions connect;
    OutputFormat format = OutputFormat::table;
    std::string id;
    std::string group;
};

void print_records(OutputFormat format, const JsonArray& records) {
    if (format == OutputFormat::json) {
        print(format_json(records));
        return;
    }
    std::vector<std::vector<std::string>> rows;
    for (const Json& record : records) {
        rows.push_back({cell(record, "registrationId"), cell(record, "status"),
                        cell(record, "assignedHub"), cell(record, "deviceId"),
                        cell(record, "substatus"), cell(record, "errorMessage"),
                        cell(record, "lastUpdatedDateTimeUtc")});
    }
    print(format_table({"ID", "STATUS", "HUB", "DEVICE", "SUBSTATUS", "ERROR", "UPDATED"}, rows));
}

Result<void> show(const RegistrationOptions& options, const Environment& environment) {
    auto client = connect_provisioning(options.connect, environment.clock);
    if (!client) {
        return std::unexpected(client.error());
    }
    auto record = client->send_json(
        {.method = "GET", .path = "/registrations/" + percent_encode(options.id)});
    if (!record) {
        return std::unexpected(record.error());
    }
    if (options.format == OutputFormat::json) {
        print(format_json(*record));
    } else {
        print_records(options.format, {*record});
    }
    return {};
}

/// The registrations of one group; without one, those of every group and every individual
/// enrollment (the API lists by group only, dps-service 4).
Result<JsonArray> records_of(const RegistrationOptions& options, ApiClient& client) {
    if (!options.group.empty()) {
        return query_all(client, "/registrations/" + percent_encode(options.group) + "/query");
    }
    auto groups = query_all(client, "/enrollmentGroups/query");
    if (!groups) {
        return groups;
    }
    JsonArray records;
    for (const Json& group : *groups) {
        const std::string id = cell(group, "enrollmentGroupId");
        auto page = query_all(client, "/registrations/" + percent_encode(id) + "/query");
        if (!page) {
            return page;
        }
        for (Json& record : *page) {
            records.push_back(std::move(record));
        }
    }
    auto enrollments = query_all(client, "/enrollments/query");
    if (!enrollments) {
        return enrollments;
    }
    for (const Json& enrollment : *enrollments) {
        const std::string id = cell(enrollment, "registrationId");
        auto record =
            client.send_json({.method = "GET", .path = "/registrations/" + percent_encode(id)});
        if (record) {
            records.push_back(std::move(*record));
        } else if (record.error().code != Code::not_found) {
            return std::unexpected(record.error());
        }
    }
    return records;
}

Result<void> list(const RegistrationOptions& options, const Environment& environment) {
    auto client = connect_provisioning(options.connect, environment.clock);
    if (!client) {
        return std::unexpected(client.error());
    }
    auto records = records_of(options, *client);
    if (!records) {
        return std::unexpected(records.error());
    }
    print_records(options.format, *records);
    return {};
}

} // namespace

void add_registration(CLI::App& root, Chosen& chosen, const Environment& environment) {
    CLI::App* registration = root.add_subcommand("registration", "What became of devices");
    registration->require_subcommand(1);
    auto options = std::make_shared<RegistrationOptions>();
    const auto add = [&](const char* name, const char* description, auto run) {
        CLI::App* command = registration->add_subcommand(name, description);
        add_connect_options(*command, options->connect);
        add_output_option(*command, options->format);
        command->callback([options, run, &chosen, &environment] {
            chosen.set([options, run, &environment] {
                auto done = run(*options, environment);
                return done ? ExitCode::ok : failed(done.error());
            });
        });
        return command;
    };
    add("show", "Show the registration of one device", show)
        ->add_option("id", options->id, "registration id")
        ->required();
    add("list", "List registrations", list)
        ->add_option("--group", options->group, "only those of this enrollment group");
}

} // namespace muster::app
