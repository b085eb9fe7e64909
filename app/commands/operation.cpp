// muster drain, muster rebalance, muster operation list|show|pause|resume|stop|limits

#include "app/commands/administering.h"
#include "app/commands/operation_view.h"
#include "base/encoding.h"

#include <memory>
#include <optional>

namespace muster::app {

namespace {

struct OperationOptions {
    AdministrationOptions connect;
    OutputFormat format = OutputFormat::table;
    std::string id;
    std::string hub;
    std::optional<double> rate;
    std::optional<int> concurrency;
    std::optional<int> failures;
    bool wait = false;
};

using Options = std::shared_ptr<OperationOptions>;

Result<std::string> operations_path(Administration& administration) {
    auto path = administration.instance_path();
    return path ? Result<std::string>(*path + "/operations") : path;
}

Result<std::string> path_of(const OperationOptions& options, Administration& administration) {
    auto path = operations_path(administration);
    return path ? Result<std::string>(*path + '/' + percent_encode(options.id)) : path;
}

/// Those that were given.
JsonObject limits_of(const OperationOptions& options) {
    JsonObject limits;
    if (options.rate) {
        limits["perSecond"] = *options.rate;
    }
    if (options.concurrency) {
        limits["concurrency"] = *options.concurrency;
    }
    if (options.failures) {
        limits["failuresMax"] = *options.failures;
    }
    return limits;
}

// ---- begin ----

Result<void> begin(const OperationOptions& options, Administration& administration,
                   JsonObject wanted) {
    const auto path = operations_path(administration);
    if (!path) {
        return std::unexpected(path.error());
    }
    wanted["limits"] = limits_of(options);
    const auto begun = send_for_object(administration.api(),
                                       {.method = "POST", .path = *path, .body = to_text(wanted)});
    if (!begun) {
        return std::unexpected(begun.error());
    }
    if (!options.wait) {
        print_operation(options.format, *begun);
        return {};
    }
    const auto id = cell(*begun, "id");
    const auto ended = wait_for_operation(administration.api(), *path + '/' + percent_encode(id));
    if (!ended) {
        return std::unexpected(ended.error());
    }
    print_operation(options.format, *ended);
    return {};
}

Result<void> drain(const OperationOptions& options, Administration& administration) {
    return begin(options, administration, {{"kind", "drain"}, {"hub", options.hub}});
}

Result<void> rebalance(const OperationOptions& options, Administration& administration) {
    return begin(options, administration, {{"kind", "rebalance"}});
}

// ---- those that are there ----

Result<void> list(const OperationOptions& options, Administration& administration) {
    const auto path = operations_path(administration);
    if (!path) {
        return std::unexpected(path.error());
    }
    const auto operations =
        read_list(administration.api(),
                  {.request = {.method = "GET", .path = *path}, .member = "operations"});
    if (!operations) {
        return std::unexpected(operations.error());
    }
    std::vector<std::vector<std::string>> rows;
    for (const Json& operation : *operations) {
        rows.push_back(operation_row(operation));
    }
    print(options.format == OutputFormat::json ? format_json(*operations)
                                               : format_table(operation_columns(), rows));
    return {};
}

Result<void> send(const OperationOptions& options, Administration& administration,
                  ApiClient::Request request) {
    const auto path = path_of(options, administration);
    if (!path) {
        return std::unexpected(path.error());
    }
    request.path = *path + request.path;
    const auto operation = send_for_object(administration.api(), request);
    if (!operation) {
        return std::unexpected(operation.error());
    }
    print_operation(options.format, *operation);
    return {};
}

Result<void> show(const OperationOptions& options, Administration& administration) {
    if (!options.wait) {
        return send(options, administration, {.method = "GET"});
    }
    const auto path = path_of(options, administration);
    if (!path) {
        return std::unexpected(path.error());
    }
    const auto ended = wait_for_operation(administration.api(), *path);
    if (!ended) {
        return std::unexpected(ended.error());
    }
    print_operation(options.format, *ended);
    return {};
}

Result<void> pause(const OperationOptions& options, Administration& administration) {
    return send(options, administration, {.method = "POST", .path = "/pause"});
}

Result<void> resume(const OperationOptions& options, Administration& administration) {
    return send(options, administration, {.method = "POST", .path = "/resume"});
}

Result<void> stop(const OperationOptions& options, Administration& administration) {
    return send(options, administration, {.method = "POST", .path = "/stop"});
}

Result<void> limits(const OperationOptions& options, Administration& administration) {
    const auto wanted = limits_of(options);
    if (wanted.empty()) {
        return fail(Code::malformed, "say --rate, --concurrency or --failures");
    }
    return send(options, administration,
                {.method = "PATCH", .path = "/limits", .body = to_text(wanted)});
}

// ---- definitions ----

void add_limits(CLI::App& command, const Options& options) {
    command.add_option("--rate", options->rate, "devices a second (default: 50)");
    command.add_option("--concurrency", options->concurrency, "moves at once (default: 64)");
    command.add_option("--failures", options->failures, "hold after so many (default: 100)");
}

struct Verb {
    const char* name;
    const char* description;
    Result<void> (*run)(const OperationOptions&, Administration&);
};

CLI::App* add_verb(CLI::App& parent, const Verb& verb, const Options& options, Chosen& chosen) {
    CLI::App* command = parent.add_subcommand(verb.name, verb.description);
    add_instance_options(*command, options->connect);
    add_output_option(*command, options->format);
    administer(*command, chosen, options, verb.run);
    return command;
}

void add_id(CLI::App* command, const Options& options) {
    command->add_option("id", options->id, "of the operation: op-4f3a9c0d")->required();
}

} // namespace

void add_drain(CLI::App& root, Chosen& chosen) {
    const auto options = std::make_shared<OperationOptions>();
    CLI::App* command = add_verb(
        root, {"drain", "Move all devices away from a hub, which takes no new ones", drain},
        options, chosen);
    command->add_option("hub", options->hub, "host name of the hub")->required();
    add_limits(*command, options);
    command->add_flag("--wait", options->wait, "until it has ended, telling how it goes on");
}

void add_rebalance(CLI::App& root, Chosen& chosen) {
    const auto options = std::make_shared<OperationOptions>();
    CLI::App* command = add_verb(
        root, {"rebalance", "Move devices to where they would be allocated now", rebalance},
        options, chosen);
    add_limits(*command, options);
    command->add_flag("--wait", options->wait, "until it has ended, telling how it goes on");
}

void add_operation(CLI::App& root, Chosen& chosen) {
    CLI::App* operation =
        root.add_subcommand("operation", "Drains, rebalances and moves of quarantined groups");
    operation->require_subcommand(1);
    const auto options = std::make_shared<OperationOptions>();
    add_verb(*operation, {"list", "List them, newest first", list}, options, chosen);
    CLI::App* showing =
        add_verb(*operation, {"show", "Show one: how far it is", show}, options, chosen);
    add_id(showing, options);
    showing->add_flag("--wait", options->wait, "until it has ended, telling how it goes on");
    for (const Verb& verb :
         {Verb{"pause", "Begin no more moves for now", pause},
          Verb{"resume", "Go on with one that is paused or held", resume},
          Verb{"stop", "Begin no more moves, and give up those not decided", stop}}) {
        add_id(add_verb(*operation, verb, options, chosen), options);
    }
    CLI::App* limiting =
        add_verb(*operation, {"limits", "Change how fast it goes", limits}, options, chosen);
    add_id(limiting, options);
    add_limits(*limiting, options);
}

} // namespace muster::app
