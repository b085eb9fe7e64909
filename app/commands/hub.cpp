// muster hub, and muster hub device show|list

#include "app/command_line.h"
#include "base/encoding.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace muster::app {

namespace {

struct DeviceOptions {
    ConnectOptions connect;
    OutputFormat format = OutputFormat::table;
    std::string id;
};

std::vector<std::string> row_of(const std::string& hub, const Json& device) {
    return {cell(device, "deviceId"),
            hub,
            cell(device, "status"),
            cell(device, "connectionState"),
            cell(device, "authentication.type"),
            cell(device, "lastActivityTime")};
}

using Row = std::vector<std::string>;

void print_devices(OutputFormat format, const Json& document, const std::vector<Row>& rows) {
    print(format == OutputFormat::json
              ? format_json(document)
              : format_table({"DEVICE", "HUB", "STATUS", "CONNECTION", "AUTHENTICATION", "ACTIVE"},
                             rows));
}

/// On the first of the hubs that knows it.
Result<void> show(const DeviceOptions& options, const Environment& environment) {
    auto hubs = connect_hubs(options.connect, environment.clock);
    if (!hubs) {
        return std::unexpected(hubs.error());
    }
    for (ApiClient& hub : *hubs) {
        auto device =
            hub.send_json({.method = "GET", .path = "/devices/" + percent_encode(options.id)});
        if (device) {
            print_devices(options.format, *device, {row_of(hub.host(), *device)});
            return {};
        }
        if (device.error().code != Code::not_found) {
            return std::unexpected(device.error());
        }
    }
    return fail(Code::not_found, "no hub knows the device '" + options.id + "'");
}

Result<void> list(const DeviceOptions& options, const Environment& environment) {
    auto hubs = connect_hubs(options.connect, environment.clock);
    if (!hubs) {
        return std::unexpected(hubs.error());
    }
    JsonArray devices;
    std::vector<Row> rows;
    for (ApiClient& hub : *hubs) {
        auto page =
            hub.send_json({.method = "GET", .path = "/devices", .query = {{"top", "1000"}}});
        if (!page) {
            return std::unexpected(page.error());
        }
        if (!page->is_array()) {
            return fail(Code::internal, "the hub answered with something else than a list");
        }
        for (Json& device : page->as_array()) {
            rows.push_back(row_of(hub.host(), device));
            devices.push_back(std::move(device));
        }
    }
    print_devices(options.format, Json(std::move(devices)), rows);
    return {};
}

} // namespace

void add_hub_device(CLI::App& hub, Chosen& chosen, const Environment& environment) {
    CLI::App* device = hub.add_subcommand("device", "Device identities");
    device->require_subcommand(1);
    auto options = std::make_shared<DeviceOptions>();
    const auto add = [&](const char* name, const char* description, auto run) {
        CLI::App* command = device->add_subcommand(name, description);
        add_hub_options(*command, options->connect);
        add_output_option(*command, options->format);
        command->callback([options, run, &chosen, &environment] {
            chosen.set([options, run, &environment] {
                auto done = run(*options, environment);
                return done ? ExitCode::ok : failed(done.error());
            });
        });
        return command;
    };
    add("show", "Show one, on whichever hub it is", show)
        ->add_option("id", options->id, "device id")
        ->required();
    add("list", "List the first 1,000 of each hub", list);
}

void add_hub(CLI::App& root, Chosen& chosen, const Environment& environment) {
    CLI::App* hub =
        root.add_subcommand("hub", "Devices at their hubs: identity, twin, methods, messages");
    hub->require_subcommand(1);
    add_hub_device(*hub, chosen, environment);
    add_hub_twin(*hub, chosen, environment);
    add_hub_method(*hub, chosen, environment);
    add_hub_send(*hub, chosen, environment);
    add_hub_feedback(*hub, chosen, environment);
    add_hub_monitor(*hub, chosen, environment);
    add_hub_endpoints(*hub, chosen, environment);
    add_hub_query(*hub, chosen, environment);
    add_hub_jobs(*hub, chosen, environment);
    add_hub_configurations(*hub, chosen, environment);
    add_hub_lost(*hub, chosen);
}

} // namespace muster::app
