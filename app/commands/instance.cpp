// muster instance create|list|show|update|rotate|delete

#include "app/commands/administering.h"
#include "app/commands/instance_fields.h"
#include "base/encoding.h"

#include <fmt/format.h>

namespace muster::app {

namespace {

struct InstanceOptions {
    AdministrationOptions connect;
    OutputFormat format = OutputFormat::table;
    InstanceFields fields;
    std::string name;
    std::string policy = "provisioningserviceowner";
    std::string slot;
    bool keys = false;
    bool sure = false;
};

using Options = std::shared_ptr<InstanceOptions>;

std::string path_of(const InstanceOptions& options) {
    return "/muster/instances/" + percent_encode(options.name);
}

void print_instances(OutputFormat format, const JsonArray& instances) {
    std::vector<std::vector<std::string>> rows;
    for (const Json& instance : instances) {
        rows.push_back({cell(instance, "name"), cell(instance, "tenant"), cell(instance, "idScope"),
                        cell(instance, "state"), cell(instance, "allocationPolicy"),
                        cell(instance, "location")});
    }
    print(format == OutputFormat::json
              ? format_json(instances)
              : format_table({"NAME", "TENANT", "ID SCOPE", "STATE", "ALLOCATION", "LOCATION"},
                             rows));
}

void print_instance(OutputFormat format, const JsonObject& instance) {
    if (format == OutputFormat::json) {
        print(format_json(instance));
    } else {
        print_instances(format, {instance});
    }
}

/// `headers` say whether it must be there, or must not.
Result<void> put(const InstanceOptions& options, Administration& administration,
                 const std::pair<std::string, std::string>& condition) {
    const auto local = find_server({.data = options.connect.data});
    const auto document = instance_document(options.fields, local ? &*local : nullptr);
    if (!document) {
        return std::unexpected(document.error());
    }
    const auto saved = send_for_object(administration.api(), {.method = "PUT",
                                                              .path = path_of(options),
                                                              .headers = {condition},
                                                              .body = to_text(*document)});
    if (!saved) {
        return std::unexpected(saved.error());
    }
    print_instance(options.format, *saved);
    return {};
}

Result<void> create(const InstanceOptions& options, Administration& administration) {
    return put(options, administration, {"If-None-Match", "*"});
}

Result<void> update(const InstanceOptions& options, Administration& administration) {
    return put(options, administration, {"If-Match", "*"});
}

Result<void> list(const InstanceOptions& options, Administration& administration) {
    const auto instances =
        read_list(administration.api(), {.request = {.method = "GET", .path = "/muster/instances"},
                                         .member = "instances"});
    if (!instances) {
        return std::unexpected(instances.error());
    }
    print_instances(options.format, *instances);
    return {};
}

Result<void> show(const InstanceOptions& options, Administration& administration) {
    ApiClient::Request request{.method = "GET", .path = path_of(options)};
    if (options.keys) {
        request.query.emplace_back("keys", "true");
    }
    const auto instance = send_for_object(administration.api(), request);
    if (!instance) {
        return std::unexpected(instance.error());
    }
    // A table has no room for keys.
    print_instance(options.keys ? OutputFormat::json : options.format, *instance);
    return {};
}

Result<void> rotate(const InstanceOptions& options, Administration& administration) {
    const auto policy = send_for_object(
        administration.api(),
        {.method = "POST",
         .path = path_of(options) + "/policies/" + percent_encode(options.policy) + "/rotate",
         .body = to_text(JsonObject{{"slot", options.slot}})});
    if (!policy) {
        return std::unexpected(policy.error());
    }
    print(format_json(*policy));
    return {};
}

Result<void> erase(const InstanceOptions& options, Administration& administration) {
    if (!options.sure) {
        return fail(Code::malformed,
                    fmt::format("this deletes '{}' with all its enrollments and registrations; "
                                "say --yes",
                                options.name));
    }
    auto erased = administration.api().send({.method = "DELETE", .path = path_of(options)});
    return erased ? Result<void>() : std::unexpected(erased.error());
}

struct Verb {
    const char* name;
    const char* description;
    Result<void> (*run)(const InstanceOptions&, Administration&);
};

CLI::App* add_verb(CLI::App& instance, const Verb& verb, const Options& options, Chosen& chosen) {
    CLI::App* command = instance.add_subcommand(verb.name, verb.description);
    if (verb.run != list) {
        command->add_option("name", options->name, "of the instance")->required();
    }
    add_administration_options(*command, options->connect);
    add_output_option(*command, options->format);
    administer(*command, chosen, options, verb.run);
    return command;
}

} // namespace

void add_instance(CLI::App& root, Chosen& chosen) {
    CLI::App* instance =
        root.add_subcommand("instance", "Provisioning instances, each with an ID scope");
    instance->require_subcommand(1);
    auto options = std::make_shared<InstanceOptions>();
    add_verb(*instance, {"list", "List those within reach", list}, options, chosen);
    add_verb(*instance, {"show", "Show one", show}, options, chosen)
        ->add_flag("--keys", options->keys, "with its keys and connection strings, as JSON");
    for (const Verb& verb : {Verb{"create", "Create one; it serves at once", create},
                             Verb{"update", "Change what is given", update}}) {
        add_instance_fields(*add_verb(*instance, verb, options, chosen), options->fields);
    }
    CLI::App* rotating =
        add_verb(*instance, {"rotate", "Replace one key of a policy; the other stays good", rotate},
                 options, chosen);
    rotating->add_option("--policy", options->policy, "(default: provisioningserviceowner)");
    rotating->add_option("--slot", options->slot, "primary or secondary")->required();
    add_verb(*instance, {"delete", "Delete one with everything in it", erase}, options, chosen)
        ->add_flag("--yes", options->sure, "yes, everything");
}

} // namespace muster::app
