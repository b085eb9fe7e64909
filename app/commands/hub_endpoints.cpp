// muster hub endpoints: how it goes with what events are sent to

#include "app/command_line.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace muster::app {

namespace {

struct EndpointsOptions {
    ConnectOptions connect;
    OutputFormat format = OutputFormat::table;
};

std::vector<std::string> row_of(const std::string& hub, const Json& endpoint) {
    const std::string since = cell(endpoint, "failingSince");
    return {
        cell(endpoint, "name"), hub,
        cell(endpoint, "type"), since.empty() ? cell(endpoint, "state") : "failing since " + since,
        cell(endpoint, "lag"),  cell(endpoint, "sent"),
        cell(endpoint, "lost"), since.empty() ? "" : cell(endpoint, "lastError")};
}

Result<void> run(const EndpointsOptions& options, const Environment& environment) {
    auto hubs = connect_hubs(options.connect, environment.clock);
    if (!hubs) {
        return std::unexpected(hubs.error());
    }
    JsonObject documents;
    std::vector<std::vector<std::string>> rows;
    for (ApiClient& hub : *hubs) {
        auto reply = hub.send_json({.method = "GET", .path = "/messages/endpoints"});
        if (!reply) {
            return std::unexpected(reply.error());
        }
        const Json* endpoints =
            reply->is_object() ? find_member(reply->as_object(), "endpoints") : nullptr;
        if (endpoints == nullptr || !endpoints->is_array()) {
            return fail(Code::internal, "the hub answered without its endpoints");
        }
        for (const Json& endpoint : endpoints->as_array()) {
            rows.push_back(row_of(hub.host(), endpoint));
        }
        documents[hub.host()] = std::move(*reply);
    }
    print(options.format == OutputFormat::json ? format_json(Json(std::move(documents)))
                                               : format_table({"ENDPOINT", "HUB", "TYPE", "STATE",
                                                               "LAG", "SENT", "LOST", "LAST ERROR"},
                                                              rows));
    return {};
}

} // namespace

void add_hub_endpoints(CLI::App& hub, Chosen& chosen, const Environment& environment) {
    CLI::App* command = hub.add_subcommand("endpoints", "How it goes with what events are sent to");
    auto options = std::make_shared<EndpointsOptions>();
    add_hub_options(*command, options->connect);
    add_output_option(*command, options->format);
    command->callback([options, &chosen, &environment] {
        chosen.set([options, &environment] {
            auto done = run(*options, environment);
            return done ? ExitCode::ok : failed(done.error());
        });
    });
}

} // namespace muster::app
