#include "app/hubs/hub_request.h"

#include "crypto/keys.h"

#include <string>
#include <utility>
#include <variant>

namespace muster::app {

namespace {

using provisioning::HubDevice;
using provisioning::HubModule;
using provisioning::HubTwin;

Json text_or_null(const std::string& text) {
    return text.empty() ? Json() : Json(text);
}

struct AuthenticationDocument {
    JsonObject operator()(const provisioning::HubKeys& credential) const {
        return {{"type", "sas"},
                {"symmetricKey",
                 {{"primaryKey", crypto::encode_key(credential.keys.primary)},
                  {"secondaryKey", crypto::encode_key(credential.keys.secondary)}}}};
    }

    JsonObject operator()(const provisioning::HubThumbprints& credential) const {
        return {{"type", "selfSigned"},
                {"x509Thumbprint",
                 {{"primaryThumbprint", text_or_null(credential.primary)},
                  {"secondaryThumbprint", text_or_null(credential.secondary)}}}};
    }

    JsonObject operator()(const provisioning::HubCertificateAuthority& /*unused*/) const {
        return {{"type", "certificateAuthority"}};
    }

    JsonObject operator()(const provisioning::HubNoCredential& /*unused*/) const {
        return {{"type", "none"}};
    }
};

JsonObject authentication_document(const provisioning::HubCredential& credential) {
    return std::visit(AuthenticationDocument{}, credential);
}

/// What identities and entries have in common.
JsonObject described(const HubDevice& device) {
    JsonObject document{
        {"status", device.enabled ? "enabled" : "disabled"},
        {"statusReason", text_or_null(device.status_reason)},
        {"authentication", authentication_document(device.credential)},
        {"capabilities", {{"iotEdge", device.iot_edge}}},
    };
    if (!device.device_scope.empty()) {
        document["deviceScope"] = device.device_scope;
    }
    if (!device.parent_scopes.empty()) {
        document["parentScopes"] =
            JsonArray(device.parent_scopes.begin(), device.parent_scopes.end());
    }
    return document;
}

void add_twin(JsonObject& entry, const HubTwin& twin) {
    entry["tags"] = twin.tags;
    entry["properties"] = JsonObject{{"desired", twin.desired}, {"reported", twin.reported}};
}

} // namespace

JsonObject identity_document(const HubDevice& device) {
    JsonObject document = described(device);
    document["deviceId"] = device.id.text();
    document["etag"] = device.etag.text();
    return document;
}

JsonObject creation_entry(const HubDevice& device, const HubTwin& twin) {
    JsonObject entry = described(device);
    entry["id"] = device.id.text();
    entry["importMode"] = "create";
    add_twin(entry, twin);
    return entry;
}

JsonObject creation_entry(const DeviceId& device, const HubModule& module) {
    JsonObject entry{{"id", device.text()},
                     {"moduleId", module.id},
                     {"importMode", "create"},
                     {"managedBy", text_or_null(module.managed_by)},
                     {"authentication", authentication_document(module.credential)}};
    add_twin(entry, module.twin);
    return entry;
}

JsonObject twin_entry(const DeviceId& device, const HubModule& module) {
    JsonObject entry{{"id", device.text()}, {"moduleId", module.id}, {"importMode", "updateTwin"}};
    add_twin(entry, module.twin);
    return entry;
}

JsonObject twin_document(const HubTwin& twin) {
    return {{"tags", twin.tags}, {"properties", {{"desired", twin.desired}}}};
}

} // namespace muster::app
