#include "app/commands/resource.h"

#include "app/commands/enrollment_fields.h"
#include "base/encoding.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace muster::app {

namespace {

struct ResourceOptions {
    ConnectOptions connect;
    OutputFormat format = OutputFormat::table;
    EnrollmentFields fields;
    std::string id;
    std::string device_id;
    bool keys = false;
};

using Options = std::shared_ptr<ResourceOptions>;
using Run = Result<void> (*)(const ResourceKind&, const ResourceOptions&, ApiClient&);

std::string path_of(const ResourceKind& kind, const std::string& id) {
    return fmt::format("/{}/{}", kind.collection, percent_encode(id));
}

std::vector<std::string> row_of(const ResourceKind& kind, const Json& item) {
    return {cell(item, kind.id_member), cell(item, "attestation.type"),
            cell(item, "provisioningStatus"), cell(item, "allocationPolicy"),
            cell(item, "lastUpdatedDateTimeUtc")};
}

void print_items(const ResourceKind& kind, OutputFormat format, const JsonArray& items) {
    if (format == OutputFormat::json) {
        print(format_json(items));
        return;
    }
    std::vector<std::vector<std::string>> rows;
    for (const Json& item : items) {
        rows.push_back(row_of(kind, item));
    }
    print(format_table({"ID", "ATTESTATION", "STATUS", "ALLOCATION", "UPDATED"}, rows));
}

void print_item(const ResourceKind& kind, OutputFormat format, const Json& item) {
    if (format == OutputFormat::json) {
        print(format_json(item));
    } else {
        print_items(kind, format, {item});
    }
}

Result<void> create(const ResourceKind& kind, const ResourceOptions& options, ApiClient& client) {
    auto document = enrollment_document(options.fields, kind.certificate_slot);
    if (!document) {
        return std::unexpected(document.error());
    }
    (*document)[kind.id_member] = options.id;
    if (!options.device_id.empty()) {
        (*document)["deviceId"] = options.device_id;
    }
    ApiClient::Request request{
        .method = "PUT", .path = path_of(kind, options.id), .body = to_text(*document)};
    if (options.fields.update) {
        request.headers.emplace_back("If-Match", "*");
    }
    auto created = client.send_json(request);
    if (!created) {
        return std::unexpected(created.error());
    }
    print_item(kind, options.format, *created);
    return {};
}

Result<void> show(const ResourceKind& kind, const ResourceOptions& options, ApiClient& client) {
    auto item = client.send_json({.method = "GET", .path = path_of(kind, options.id)});
    if (!item) {
        return std::unexpected(item.error());
    }
    if (!item->is_object()) {
        return fail(Code::internal, "the server answered with something else than an object");
    }
    if (options.keys) {
        auto mechanism = client.send_json(
            {.method = "POST", .path = path_of(kind, options.id) + "/attestationmechanism"});
        if (!mechanism) {
            return std::unexpected(mechanism.error());
        }
        item->as_object()["attestation"] = std::move(*mechanism);
    }
    // A table has no room for keys.
    print_item(kind, options.keys ? OutputFormat::json : options.format, *item);
    return {};
}

Result<void> list(const ResourceKind& kind, const ResourceOptions& options, ApiClient& client) {
    auto items = query_all(client, fmt::format("/{}/query", kind.collection));
    if (!items) {
        return std::unexpected(items.error());
    }
    print_items(kind, options.format, *items);
    return {};
}

Result<void> erase(const ResourceKind& kind, const ResourceOptions& options, ApiClient& client) {
    auto erased = client.send({.method = "DELETE", .path = path_of(kind, options.id)});
    return erased ? Result<void>() : std::unexpected(erased.error());
}

struct Verb {
    const char* name;
    const char* description;
    bool needs_id;
    Run run;
};

CLI::App* add_verb(CLI::App& resource, const ResourceKind& kind, const Verb& verb,
                   const Options& options, Chosen& chosen, const Environment& environment) {
    CLI::App* command = resource.add_subcommand(verb.name, verb.description);
    if (verb.needs_id) {
        command->add_option("id", options->id, kind.id_description)->required();
    }
    add_connect_options(*command, options->connect);
    add_output_option(*command, options->format);
    command->callback([=, &chosen, &environment] {
        chosen.set([=, &environment] {
            auto client = connect_provisioning(options->connect, environment.clock);
            if (!client) {
                return failed(client.error());
            }
            auto done = verb.run(kind, *options, *client);
            return done ? ExitCode::ok : failed(done.error());
        });
    });
    return command;
}

} // namespace

Result<JsonArray> query_all(ApiClient& client, const std::string& path) {
    JsonArray items;
    std::string continuation;
    do {
        ApiClient::Request request{
            .method = "POST", .path = path, .body = R"({"query":"SELECT *"})"};
        if (!continuation.empty()) {
            request.headers.emplace_back("x-ms-continuation", continuation);
        }
        auto reply = client.send(request);
        if (!reply) {
            return std::unexpected(reply.error());
        }
        constexpr std::size_t page_bytes_max = 16 * 1024 * 1024;
        auto page = parse_json(reply->body, {.bytes_max = page_bytes_max});
        if (!page || !page->is_array()) {
            return fail(Code::internal, "the server answered the query with something else");
        }
        for (Json& item : page->as_array()) {
            items.push_back(std::move(item));
        }
        continuation = reply->header("x-ms-continuation");
    } while (!continuation.empty());
    return items;
}

void add_resource(CLI::App& root, const ResourceKind& kind, Chosen& chosen,
                  const Environment& environment) {
    CLI::App* resource = root.add_subcommand(kind.command, kind.description);
    resource->require_subcommand(1);
    auto options = std::make_shared<ResourceOptions>();

    CLI::App* creating = add_verb(*resource, kind, {"create", "Create one", true, create}, options,
                                  chosen, environment);
    add_enrollment_fields(*creating, options->fields);
    if (kind.id_member == "registrationId") {
        creating->add_option("--device-id", options->device_id,
                             "its name at the hub (default: the registration id)");
    }
    CLI::App* showing =
        add_verb(*resource, kind, {"show", "Show one", true, show}, options, chosen, environment);
    showing->add_flag("--keys", options->keys, "with its symmetric keys, as JSON");
    add_verb(*resource, kind, {"list", "List all", false, list}, options, chosen, environment);
    add_verb(*resource, kind, {"delete", "Delete one", true, erase}, options, chosen, environment);
}

void add_enrollment(CLI::App& root, Chosen& chosen, const Environment& environment) {
    add_resource(root,
                 {"enrollment", "Individual enrollments: one device each", "registration id",
                  "enrollments", "registrationId", "clientCertificates"},
                 chosen, environment);
}

void add_group(CLI::App& root, Chosen& chosen, const Environment& environment) {
    add_resource(root,
                 {"group", "Enrollment groups: many devices with one key or signer", "group id",
                  "enrollmentGroups", "enrollmentGroupId", "signingCertificates"},
                 chosen, environment);
}

} // namespace muster::app
