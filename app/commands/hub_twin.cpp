// muster hub twin: show a twin, or change its tags and desired properties

#include "app/command_line.h"
#include "base/encoding.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace muster::app {

namespace {

struct TwinOptions {
    ConnectOptions connect;
    std::string id;
    std::string tags;
    std::string desired;
    bool replace = false;
};

/// The body of PATCH or PUT; nothing if only reading.
Result<JsonObject> change_of(const TwinOptions& options) {
    if (options.replace && options.tags.empty() && options.desired.empty()) {
        return fail(Code::malformed, "--replace needs --desired or --tags");
    }
    JsonObject change;
    if (!options.tags.empty()) {
        auto tags = parse_json_object(options.tags);
        if (!tags) {
            return fail(Code::malformed, "--tags: " + tags.error().detail);
        }
        change["tags"] = std::move(*tags);
    }
    if (!options.desired.empty()) {
        auto desired = parse_json_object(options.desired);
        if (!desired) {
            return fail(Code::malformed, "--desired: " + desired.error().detail);
        }
        change["properties"] = {{"desired", std::move(*desired)}};
    }
    return change;
}

Result<void> run(const TwinOptions& options, const Environment& environment) {
    auto change = change_of(options);
    if (!change) {
        return std::unexpected(change.error());
    }
    auto hub = connect_hub_of(options.id, options.connect, environment.clock);
    if (!hub) {
        return std::unexpected(hub.error());
    }
    ApiClient::Request request{.method = "GET", .path = "/twins/" + percent_encode(options.id)};
    if (!change->empty()) {
        request.method = options.replace ? "PUT" : "PATCH";
        request.body = to_text(*change);
    }
    auto twin = hub->send_json(request);
    if (!twin) {
        return std::unexpected(twin.error());
    }
    print(format_json(*twin));
    return {};
}

} // namespace

void add_hub_twin(CLI::App& hub, Chosen& chosen, const Environment& environment) {
    CLI::App* command = hub.add_subcommand("twin", "Show a device's twin, or change it");
    auto options = std::make_shared<TwinOptions>();
    command->add_option("id", options->id, "device id")->required();
    command->add_option("--desired", options->desired, "desired properties to merge, JSON");
    command->add_option("--tags", options->tags, "tags to merge, JSON");
    command->add_flag("--replace", options->replace, "replace tags and desired instead of merging");
    add_hub_options(*command, options->connect);
    command->callback([options, &chosen, &environment] {
        chosen.set([options, &environment] {
            auto done = run(*options, environment);
            return done ? ExitCode::ok : failed(done.error());
        });
    });
}

} // namespace muster::app
