// muster explain: what would happen if a device registered now, and why

#include "app/commands/administering.h"
#include "app/commands/findings.h"
#include "app/documents/configured_instance.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/keys.h"
#include "crypto/sas.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>

namespace muster::app {

namespace {

constexpr std::size_t certificate_bytes_max = 128 * 1024;
constexpr std::size_t payload_bytes_max = 96 * 1024;
constexpr std::size_t request_bytes_max = 256 * 1024; // docs/administration-api.md
constexpr std::string_view pem_end = "-----END CERTIFICATE-----";

struct ExplainOptions {
    AdministrationOptions connect;
    OutputFormat format = OutputFormat::table;
    std::string id;
    std::string group;
    std::string key;
    std::string sas;
    std::string certificate;
    std::vector<std::string> files;
    std::string payload; // JSON, or a file that holds it
    std::string address;
    std::string device_api_version;
    bool ask_function = false;
};

// ---- the proof ----

/// As the device would make it with its own key.
Result<std::string> token_of(const ExplainOptions& options, Administration& administration,
                             const Clock& clock) {
    const auto key = crypto::decode_key(options.key);
    if (!key) {
        return std::unexpected(key.error());
    }
    const auto path = administration.instance_path();
    if (!path) {
        return path;
    }
    const auto instance = send_for_object(administration.api(), {.method = "GET", .path = *path});
    if (!instance) {
        return std::unexpected(instance.error());
    }
    const auto scope = string_member(*instance, "idScope");
    if (!scope) {
        return scope;
    }
    return crypto::make_sas(*scope + "/registrations/" + options.id, *key,
                            clock.wall() + std::chrono::hours(1), "registration");
}

/// Each certificate of a PEM file by itself, in its order.
Result<JsonArray> certificates_in(const std::string& file) {
    const auto text = read_file(file, certificate_bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    JsonArray certificates;
    std::size_t start = 0;
    for (auto end = text->find(pem_end); end != std::string::npos;
         end = text->find(pem_end, start)) {
        end += pem_end.size();
        certificates.emplace_back(text->substr(start, end - start));
        start = end;
    }
    if (certificates.empty()) {
        return fail(Code::malformed, file + " holds no certificate in PEM");
    }
    return certificates;
}

/// A file if there is one of that name.
Result<Json> payload_of(const std::string& given) {
    std::error_code ignored; // then it is no file
    if (!std::filesystem::is_regular_file(given, ignored)) {
        return parse_json(given);
    }
    const auto text = read_file(given, payload_bytes_max);
    return text ? parse_json(*text) : std::unexpected(text.error());
}

/// What else its request says.
Result<void> add_request(JsonObject& body, const ExplainOptions& options) {
    if (!options.payload.empty()) {
        auto payload = payload_of(options.payload);
        if (!payload) {
            return std::unexpected(payload.error());
        }
        body["payload"] = *std::move(payload);
    }
    if (!options.address.empty()) {
        body["address"] = options.address;
    }
    if (!options.device_api_version.empty()) {
        body["deviceApiVersion"] = options.device_api_version;
    }
    if (options.ask_function) {
        body["askFunction"] = true;
    }
    return {};
}

Result<JsonObject> supposition_of(const ExplainOptions& options, Administration& administration,
                                  const Clock& clock) {
    JsonObject body{{"registrationId", options.id}};
    if (!options.group.empty()) {
        body["group"] = options.group;
    }
    if (!options.sas.empty()) {
        body["sas"] = options.sas;
    } else if (!options.key.empty()) {
        auto token = token_of(options, administration, clock);
        if (!token) {
            return std::unexpected(token.error());
        }
        body["sas"] = *std::move(token);
    }
    if (!options.certificate.empty()) {
        auto certificates = certificates_in(options.certificate);
        if (!certificates) {
            return std::unexpected(certificates.error());
        }
        body["certificates"] = *std::move(certificates);
    }
    if (auto added = add_request(body, options); !added) {
        return std::unexpected(added.error());
    }
    return body;
}

// ---- the proposal ----

/// All of them; of more than a request can carry, the enrollments of other devices are left out.
JsonArray proposal_of(const std::vector<Document>& documents, const std::string& id) {
    JsonArray all;
    JsonArray needed;
    for (const Document& document : documents) {
        auto json = to_json(document);
        if (document.kind != DocumentKind::enrollment || equal_ignoring_case(document.name, id)) {
            needed.push_back(json);
        }
        all.push_back(std::move(json));
    }
    constexpr std::size_t room_for_the_rest = certificate_bytes_max / 2;
    const bool fits = to_text(Json(all)).size() + room_for_the_rest < request_bytes_max;
    return fits ? all : needed;
}

// ---- the answer ----

std::string text_of(const Json& value) {
    return value.is_string() ? std::string(value.as_string()) : to_text(value);
}

/// Each text of the list on a line.
std::string lines_of(const JsonObject& prediction, std::string_view member,
                     std::string_view prefix) {
    std::string text;
    const auto* list = prediction.if_contains(member);
    if (list == nullptr || !list->is_array()) {
        return text;
    }
    for (const Json& line : list->as_array()) {
        text += fmt::format("  {}{}\n", prefix, text_of(line));
    }
    return text;
}

std::string_view meaning_of(std::string_view plan) {
    return plan == "ask"      ? "its allocation function is asked"
           : plan == "keep"   ? "it stays where it is"
           : plan == "assign" ? "it is created there, unless it is there already"
           : plan == "reset"  ? "its twin begins anew"
           : plan == "move"   ? "it leaves the hub where it is"
                              : "";
}

std::string plan_line(const Json& prediction) {
    const auto plan = cell(prediction, "plan");
    return plan.empty() ? "" : fmt::format("  plan {}: {}\n", plan, meaning_of(plan));
}

std::string describe(const JsonObject& prediction, const std::string& id) {
    const Json shown(prediction);
    const auto outcome = cell(shown, "outcome");
    std::string text = fmt::format("'{}' would be {}", id, outcome);
    const auto add = [&](std::string_view form, std::string_view path) {
        if (const auto value = cell(shown, path); !value.empty()) {
            text += fmt::format(fmt::runtime(form), value);
        }
    };
    add(" to {}", "hub");
    add(" as device '{}'", "deviceId");
    if (cell(shown, "proofAssumed") == "true") {
        text += outcome == "assigned" ? ", if its proof verified" : ", whatever its proof";
    }
    text += '\n';
    if (const auto kind = cell(shown, "decidedBy.kind"); !kind.empty()) {
        text += fmt::format("  {} '{}' decides", kind == "enrollment" ? "enrollment" : "group",
                            cell(shown, "decidedBy.id"));
        add(", allocation policy {}", "allocationPolicy");
        text += '\n';
    }
    add("  assigned today to {}\n", "currentHub");
    text += plan_line(shown) + lines_of(prediction, "reasons", "") +
            lines_of(prediction, "excludedHubs", "no candidate: ");
    add("  the device would see error {}", "errorCode");
    add(": {}\n", "message");
    return text + describe_findings(shown);
}

Result<void> explain(const ExplainOptions& options, Administration& administration,
                     const Clock& clock) {
    const auto path = administration.instance_path();
    if (!path) {
        return std::unexpected(path.error());
    }
    auto body = supposition_of(options, administration, clock);
    if (!body) {
        return std::unexpected(body.error());
    }
    if (!options.files.empty()) {
        const auto documents = read_document_files(options.files);
        if (!documents) {
            return std::unexpected(documents.error());
        }
        (*body)["proposal"] = proposal_of(*documents, options.id);
    }
    const auto prediction =
        send_for_object(administration.api(),
                        {.method = "POST", .path = *path + "/explain", .body = to_text(*body)});
    if (!prediction) {
        return std::unexpected(prediction.error());
    }
    print(options.format == OutputFormat::json ? format_json(*prediction)
                                               : describe(*prediction, options.id));
    return {};
}

} // namespace

void add_explain(CLI::App& root, Chosen& chosen, const Environment& environment) {
    CLI::App* command =
        root.add_subcommand("explain", "What would happen if a device registered now, and why");
    auto options = std::make_shared<ExplainOptions>();
    command->add_option("id", options->id, "registration id, as the device spells it")->required();
    command->add_option("--group", options->group, "suppose it belongs to this enrollment group");
    CLI::Option* key =
        command->add_option("--key", options->key, "the device's key, base64: prove it with that");
    command->add_option("--sas", options->sas, "a token that the device made")->excludes(key);
    command
        ->add_option("--certificate", options->certificate,
                     "PEM file of the device's certificate and its intermediates")
        ->check(CLI::ExistingFile);
    command->add_option("--config", options->files,
                        "configuration documents that are not applied yet (YAML or JSON)");
    command->add_option("--payload", options->payload, "that it sends: JSON, or a file of it");
    command->add_option("--address", options->address, "from which it comes");
    command->add_option("--device-api-version", options->device_api_version,
                        "that its SDK sends (default: 2021-06-01)");
    command->add_flag("--ask-function", options->ask_function,
                      "call the custom allocation function for this");
    add_instance_options(*command, options->connect);
    add_output_option(*command, options->format);
    administer(
        *command, chosen, options,
        [&clock = environment.clock](const ExplainOptions& given, Administration& administration) {
            return explain(given, administration, clock);
        });
}

} // namespace muster::app
