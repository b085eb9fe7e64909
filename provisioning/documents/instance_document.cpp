#include "provisioning/documents/instance_document.h"

#include "base/encoding.h"
#include "crypto/keys.h"
#include "provisioning/documents/names.h"
#include "provisioning/documents/terms_document.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

bool shows_secrets(View view) {
    return view == View::stored || view == View::written || view == View::exported_with_keys;
}

bool is_export(View view) {
    return view == View::exported || view == View::exported_with_keys;
}

std::string_view to_string(IpRule::Action action) {
    return action == IpRule::Action::accept ? "accept" : "reject";
}

std::string_view to_string(IpRule::Target target) {
    switch (target) {
    case IpRule::Target::all: return "all";
    case IpRule::Target::service_api: return "serviceApi";
    case IpRule::Target::device_api: return "deviceApi";
    }
    return {};
}

void write_key(JsonObject& document, std::string_view name, const Secret& key) {
    if (!key.empty()) {
        document[name] = crypto::encode_key(key);
    }
}

JsonObject hub_document(const LinkedHub& hub, View view) {
    JsonObject document{{"name", hub.name.spelled()},
                        {"weight", hub.weight},
                        {"applyAllocationPolicy", hub.apply_allocation_policy},
                        {"location", hub.location},
                        {"devicesMax", hub.devices_max}};
    if (shows_secrets(view) && !hub.connection_string.empty()) {
        document["connectionString"] = std::string(hub.connection_string.reveal());
    }
    return document;
}

/// The key of a former hub is for moves only: nobody reads it.
JsonObject former_hub_document(const FormerHub& hub, View view) {
    JsonObject document{{"name", hub.name.spelled()}, {"lost", hub.lost}};
    if (view == View::stored && !hub.connection_string.empty()) {
        document["connectionString"] = std::string(hub.connection_string.reveal());
    }
    return document;
}

JsonObject quarantine_document(const GroupQuarantine& quarantine) {
    return {{"enrollmentGroupId", quarantine.group.text()},
            {"hub", quarantine.hub.spelled()},
            {"reason", quarantine.reason},
            {"sinceDateTimeUtc", format_time(quarantine.since)}};
}

JsonObject policy_document(const AccessPolicy& policy, View view) {
    JsonObject document{{"name", policy.name}, {"rights", rights_text(policy.rights)}};
    if (shows_secrets(view)) {
        write_key(document, "primaryKey", policy.keys.primary);
        write_key(document, "secondaryKey", policy.keys.secondary);
    }
    return document;
}

JsonObject rule_document(const IpRule& rule) {
    return {{"name", rule.name},
            {"action", to_string(rule.action)},
            {"target", to_string(rule.target)},
            {"mask", rule.mask}};
}

JsonObject quotas_document(const Quotas& quotas) {
    JsonObject document;
    const auto write = [&](std::string_view name, const std::optional<std::int64_t>& maximum) {
        if (maximum) {
            document[name] = *maximum;
        }
    };
    write("enrollments", quotas.enrollments);
    write("enrollmentGroups", quotas.enrollment_groups);
    write("registrations", quotas.registrations);
    return document;
}

template <class T, class ToDocument>
JsonArray array_of(const std::vector<T>& items, ToDocument to) {
    JsonArray array;
    for (const T& item : items) {
        array.emplace_back(to(item));
    }
    return array;
}

/// An export leaves out the host that every instance has by its name (it stands first).
JsonArray hosts_document(const Instance& instance, View view) {
    JsonArray hosts;
    const std::size_t first = is_export(view) ? 1 : 0;
    for (std::size_t i = first; i < instance.host_names.size(); ++i) {
        hosts.emplace_back(instance.host_names[i]);
    }
    return hosts;
}

void write_stamp(JsonObject& document, const ResourceStamp& stamp) {
    document["etag"] = stamp.etag.text();
    document["createdDateTimeUtc"] = format_time(stamp.created);
    document["lastUpdatedDateTimeUtc"] = format_time(stamp.updated);
}

JsonObject stored_certificate_document(const CaCertificate& certificate) {
    JsonObject document{{"name", certificate.name},
                        {"certificate", base64_encode(certificate.certificate.der())},
                        {"isVerified", certificate.verified},
                        {"verificationCode", certificate.verification_code}};
    write_stamp(document, certificate.stamp);
    write_version(document, certificate.stamp);
    return document;
}

void write_settings(JsonObject& document, const Instance& instance, View view) {
    document["location"] = instance.location;
    document["tags"] = instance.tags;
    document["hosts"] = hosts_document(instance, view);
    document["allocationPolicy"] = to_string(instance.default_policy);
    document["evenLoad"] = instance.even_load;
    document["hubs"] =
        array_of(instance.hubs, [&](const auto& hub) { return hub_document(hub, view); });
    document["policies"] = array_of(
        instance.policies, [&](const auto& policy) { return policy_document(policy, view); });
    document["ipFilterRules"] = array_of(instance.ip_rules, rule_document);
    document["publicNetworkAccess"] = instance.public_network_access;
    document["sharedKeyAccess"] = instance.shared_key_access;
    document["quotas"] = quotas_document(instance.quotas);
}

} // namespace

JsonObject to_document(const Instance& instance, View view) {
    JsonObject document{{"name", instance.name}, {"tenant", instance.tenant}};
    if (is_export(view)) {
        write_settings(document, instance, view);
        return document;
    }
    document["idScope"] = instance.scope.text();
    write_settings(document, instance, view);
    document["formerHubs"] = array_of(
        instance.former_hubs, [&](const auto& hub) { return former_hub_document(hub, view); });
    document["quarantines"] = array_of(instance.quarantines, quarantine_document);
    document["state"] = instance.state == InstanceState::active ? "active" : "deleting";
    write_stamp(document, instance.stamp);
    if (view == View::stored) {
        document["deletedBy"] = instance.deleted_by;
        document["certificates"] = array_of(instance.certificates, stored_certificate_document);
        write_version(document, instance.stamp);
    }
    return document;
}

JsonObject to_document(const CaCertificate& certificate) {
    const crypto::Certificate& x509 = certificate.certificate;
    JsonObject document{{"name", certificate.name},
                        {"certificate", x509.pem()},
                        {"isVerified", certificate.verified},
                        {"subject", x509.subject_name()},
                        {"issuer", x509.issuer_name()},
                        {"thumbprint", x509.sha1_thumbprint()},
                        {"sha256Thumbprint", x509.sha256_thumbprint()},
                        {"notBeforeUtc", format_time_seconds(x509.not_before())},
                        {"notAfterUtc", format_time_seconds(x509.not_after())}};
    if (!certificate.verification_code.empty()) {
        document["verificationCode"] = certificate.verification_code;
    }
    write_stamp(document, certificate.stamp);
    return document;
}

} // namespace muster::provisioning
