#include "app/commands/enrollment_fields.h"

#include "base/encoding.h"
#include "base/file.h"

#include <CLI/CLI.hpp>

namespace muster::app {

namespace {

constexpr std::size_t file_bytes_max = 1024 * 1024;

/// PEM goes as it is, DER in base64: an enrollment takes either text (dps-service 6).
std::string certificate_text(const std::string& file) {
    return file.contains("-----BEGIN") ? file : base64_encode(file);
}

Result<JsonObject> attestation_of(const EnrollmentFields& fields, std::string_view slot) {
    if (!fields.ca_name.empty()) {
        return JsonObject{{"type", "x509"},
                          {"x509", {{"caReferences", {{"primary", fields.ca_name}}}}}};
    }
    if (!fields.certificate_file.empty()) {
        auto file = read_file(fields.certificate_file, file_bytes_max);
        if (!file) {
            return std::unexpected(file.error());
        }
        JsonObject certificates;
        certificates[slot] = {{"primary", {{"certificate", certificate_text(*file)}}}};
        return JsonObject{{"type", "x509"}, {"x509", std::move(certificates)}};
    }
    // Keys left empty are made by the server.
    return JsonObject{
        {"type", "symmetricKey"},
        {"symmetricKey",
         {{"primaryKey", fields.primary_key}, {"secondaryKey", fields.secondary_key}}}};
}

constexpr const char* function_api_version = "2021-10-01";

JsonObject reprovision_policy(const std::string& name) {
    return {{"updateHubAssignment", name != "never"}, {"migrateDeviceData", name == "migrate"}};
}

/// Empty if nothing of it was asked for.
JsonObject custom_allocation(const EnrollmentFields& fields) {
    JsonObject definition;
    if (!fields.webhook_url.empty()) {
        definition["webhookUrl"] = fields.webhook_url;
        definition["apiVersion"] = function_api_version;
    }
    if (!fields.rule.empty()) {
        definition["rule"] = fields.rule;
    }
    if (!fields.fallback_policy.empty()) {
        definition["fallbackPolicy"] = fields.fallback_policy;
    }
    return definition;
}

/// The one asked for, or the one that what was asked for can only mean.
std::string allocation_policy(const EnrollmentFields& fields, bool is_custom) {
    if (!fields.allocation_policy.empty()) {
        return fields.allocation_policy;
    }
    if (is_custom) {
        return "custom";
    }
    return fields.hubs.empty() ? "" : fields.hubs.size() == 1 ? "static" : "hashed";
}

void write_allocation(JsonObject& document, const EnrollmentFields& fields) {
    JsonObject custom = custom_allocation(fields);
    const std::string policy = allocation_policy(fields, !custom.empty());
    if (!policy.empty()) {
        document["allocationPolicy"] = policy;
    }
    if (!custom.empty()) {
        document["customAllocationDefinition"] = std::move(custom);
    }
    if (!fields.hubs.empty()) {
        document["iotHubs"] = JsonArray(fields.hubs.begin(), fields.hubs.end());
    }
}

void add_allocation_fields(CLI::App& command, EnrollmentFields& fields) {
    command.add_option("--allocation-policy", fields.allocation_policy)
        ->check(CLI::IsMember({"hashed", "static", "geoLatency", "custom"}));
    command.add_option("--iot-hub", fields.hubs, "candidate hub by host name, repeatable");
    command.add_option("--webhook", fields.webhook_url,
                       "URL of a function that chooses the hub; custom allocation");
    command.add_option("--rule", fields.rule,
                       "a rule that chooses the hub (docs/operating/allocation.md); custom "
                       "allocation");
    command
        .add_option("--fallback-policy", fields.fallback_policy,
                    "when the function cannot be asked, or leaves the choice")
        ->check(CLI::IsMember({"hashed", "static", "geoLatency"}));
    command
        .add_option("--reprovision", fields.reprovision,
                    "what becomes of a device that registers again: migrate (default), reset, "
                    "never")
        ->check(CLI::IsMember({"migrate", "reset", "never"}));
}

} // namespace

void add_enrollment_fields(CLI::App& command, EnrollmentFields& fields) {
    auto* primary = command.add_option("--primary-key", fields.primary_key,
                                       "base64 of 16 to 64 bytes (default: the server makes one)");
    command.add_option("--secondary-key", fields.secondary_key, "likewise");
    auto* certificate = command.add_option("--certificate", fields.certificate_file,
                                           "PEM or DER file; X.509 attestation");
    certificate->check(CLI::ExistingFile)->excludes(primary);
    command
        .add_option("--ca-name", fields.ca_name,
                    "CA certificate of the instance, by name; X.509 attestation")
        ->excludes(primary)
        ->excludes(certificate);
    add_allocation_fields(command, fields);
    command
        .add_option("--initial-twin", fields.initial_twin_file, "JSON file with tags, properties")
        ->check(CLI::ExistingFile);
    command.add_flag("--edge", fields.iot_edge, "the device is an IoT Edge device");
    command.add_flag("--disabled", fields.disabled, "refuse its devices");
    command.add_flag("--update", fields.update, "replace the one that is there");
}

Result<JsonObject> enrollment_document(const EnrollmentFields& fields,
                                       std::string_view certificate_slot) {
    JsonObject document;
    auto attestation = attestation_of(fields, certificate_slot);
    if (!attestation) {
        return attestation;
    }
    document["attestation"] = std::move(*attestation);
    document["provisioningStatus"] = fields.disabled ? "disabled" : "enabled";
    document["reprovisionPolicy"] = reprovision_policy(fields.reprovision);
    if (fields.iot_edge) {
        document["capabilities"] = {{"iotEdge", true}};
    }
    write_allocation(document, fields);
    if (!fields.initial_twin_file.empty()) {
        auto text = read_file(fields.initial_twin_file, file_bytes_max);
        if (!text) {
            return std::unexpected(text.error());
        }
        auto twin = parse_json_object(*text);
        if (!twin) {
            return std::unexpected(twin.error());
        }
        document["initialTwin"] = std::move(*twin);
    }
    return document;
}

} // namespace muster::app
