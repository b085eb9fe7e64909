#include "provisioning/documents/terms_document.h"

#include "provisioning/allocating/definition_views.h"
#include "provisioning/documents/attestation_document.h"
#include "provisioning/documents/names.h"

namespace muster::provisioning {

namespace {

void write_text(JsonObject& document, std::string_view key,
                const std::optional<std::string>& value) {
    if (value) {
        document[key] = *value;
    }
}

void write_object(JsonObject& document, std::string_view key,
                  const std::optional<JsonObject>& value) {
    if (value) {
        document[key] = *value;
    }
}

/// Nothing that is read-only.
bool is_export(View view) {
    return view == View::exported || view == View::exported_with_keys;
}

JsonArray hubs_document(const std::vector<HubName>& hubs) {
    JsonArray names;
    for (const HubName& hub : hubs) {
        names.emplace_back(hub.spelled());
    }
    return names;
}

template <class Value>
std::optional<Value> read_name(MemberReader& members, std::string_view key,
                               std::optional<Value> (*parse)(std::string_view)) {
    const std::optional<std::string> text = members.text(key);
    if (!text) {
        return std::nullopt;
    }
    const std::optional<Value> value = parse(*text);
    if (!value) {
        members.refuse(key, "has an unknown value");
    }
    return value;
}

std::vector<HubName> read_hubs(MemberReader& members) {
    std::vector<HubName> hubs;
    const JsonArray* names = members.array("iotHubs");
    if (names == nullptr) {
        return hubs;
    }
    for (const Json& name : *names) {
        if (!name.is_string() || name.as_string().empty()) {
            members.refuse("iotHubs", "must hold host names");
            return {};
        }
        hubs.emplace_back(std::string_view(name.as_string()));
    }
    return hubs;
}

std::optional<HubName> read_legacy_hub(MemberReader& members) {
    const std::optional<std::string> name = members.text("iotHubHostName");
    return name && !name->empty() ? std::optional(HubName(*name)) : std::nullopt;
}

std::optional<bool> read_iot_edge(MemberReader& members) {
    const JsonObject* capabilities = members.object("capabilities");
    if (capabilities == nullptr) {
        return std::nullopt;
    }
    MemberReader inner(*capabilities, "capabilities.");
    const bool edge = inner.flag("iotEdge").value_or(false);
    members.adopt(inner.verdict());
    return edge;
}

std::optional<ReprovisionPolicy> read_reprovision(MemberReader& members) {
    const JsonObject* object = members.object("reprovisionPolicy");
    if (object == nullptr) {
        return std::nullopt;
    }
    MemberReader inner(*object, "reprovisionPolicy.");
    const ReprovisionPolicy policy{
        .update_hub_assignment = inner.flag("updateHubAssignment").value_or(true),
        .migrate_device_data = inner.flag("migrateDeviceData").value_or(true)};
    members.adopt(inner.verdict());
    return policy;
}

/// Kept exactly as sent, but what a hub will need of it must have the right shape.
std::optional<JsonObject> read_initial_twin(MemberReader& members) {
    std::optional<JsonObject> twin = members.copy("initialTwin");
    if (!twin) {
        return twin;
    }
    MemberReader inner(*twin, "initialTwin.");
    inner.object("tags");
    if (const JsonObject* properties = inner.object("properties"); properties != nullptr) {
        MemberReader desired(*properties, "initialTwin.properties.");
        desired.object("desired");
        inner.adopt(desired.verdict());
    }
    members.adopt(inner.verdict());
    return twin;
}

WallTime read_time(MemberReader& members, std::string_view key) {
    return members.take(key, parse_time(members.required_text(key))).value_or(WallTime());
}

} // namespace

void write_terms(JsonObject& document, const EnrollmentTerms& terms, const ResourceStamp& stamp,
                 View view) {
    document["attestation"] = attestation_document(terms.attestation, view);
    if (terms.iot_edge) {
        document["capabilities"] = JsonObject{{"iotEdge", *terms.iot_edge}};
    }
    if (terms.legacy_hub) {
        document["iotHubHostName"] = terms.legacy_hub->spelled();
    }
    write_object(document, "initialTwin", terms.initial_twin);
    if (!is_export(view)) {
        document["etag"] = stamp.etag.text();
    }
    document["provisioningStatus"] = to_string(terms.status);
    if (terms.reprovision_policy) {
        document["reprovisionPolicy"] =
            JsonObject{{"updateHubAssignment", terms.reprovision_policy->update_hub_assignment},
                       {"migrateDeviceData", terms.reprovision_policy->migrate_device_data}};
    }
    if (!is_export(view)) {
        document["createdDateTimeUtc"] = format_time(stamp.created);
        document["lastUpdatedDateTimeUtc"] = format_time(stamp.updated);
    }
    if (terms.allocation_policy) {
        document["allocationPolicy"] = to_string(*terms.allocation_policy);
    }
    if (!terms.hubs.empty() || terms.hubs_sent_empty) {
        document["iotHubs"] = hubs_document(terms.hubs);
    }
    if (terms.custom_allocation) {
        document["customAllocationDefinition"] = shown_definition(*terms.custom_allocation, view);
    }
    write_object(document, "clientCertificateIssuancePolicy", terms.certificate_issuance);
    write_text(document, "trustBundleId", terms.trust_bundle_id);
    write_text(document, "credentialPolicyName", terms.credential_policy);
}

EnrollmentTerms read_terms(MemberReader& members) {
    EnrollmentTerms terms;
    const JsonObject& attestation = members.required_object("attestation");
    if (!members.failed()) {
        if (Result<Attestation> read = read_attestation(attestation)) {
            terms.attestation = *std::move(read);
        } else {
            members.adopt(std::unexpected(std::move(read).error()));
        }
    }
    terms.status = read_name(members, "provisioningStatus", provisioning_status)
                       .value_or(ProvisioningStatus::enabled);
    terms.allocation_policy = read_name(members, "allocationPolicy", allocation_policy);
    terms.reprovision_policy = read_reprovision(members);
    terms.hubs = read_hubs(members);
    terms.hubs_sent_empty = terms.hubs.empty() && members.array("iotHubs") != nullptr;
    terms.legacy_hub = read_legacy_hub(members);
    terms.iot_edge = read_iot_edge(members);
    terms.initial_twin = read_initial_twin(members);
    terms.custom_allocation = members.copy("customAllocationDefinition");
    terms.trust_bundle_id = members.text("trustBundleId");
    terms.certificate_issuance = members.copy("clientCertificateIssuancePolicy");
    terms.credential_policy = members.text("credentialPolicyName");
    return terms;
}

void write_version(JsonObject& document, const ResourceStamp& stamp) {
    document["version"] = stamp.version;
}

ResourceStamp read_stamp(MemberReader& members) {
    ResourceStamp stamp{.version = members.number("version").value_or(0),
                        .etag = ETag(members.required_text("etag")),
                        .created = read_time(members, "createdDateTimeUtc"),
                        .updated = read_time(members, "lastUpdatedDateTimeUtc")};
    if (stamp.version < 1) {
        members.refuse("version", "is required");
    }
    return stamp;
}

} // namespace muster::provisioning
