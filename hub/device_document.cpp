// An identity as a caller sends it (iothub B.3, B.4).

#include "crypto/keys.h"
#include "hub/device_names.h"
#include "hub/documents.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace muster::hub {

namespace {

std::unexpected<Error> wrong(std::string_view name, std::string_view rule) {
    return fail(Code::malformed, fmt::format("{} {}", name, rule));
}

/// Reads members one after the other; after the first mistake the rest is skipped.
class Members {
  public:
    explicit Members(const JsonObject& document) : document_(document) {}

    void text(std::string_view name, std::string& into) {
        if (error_) {
            return;
        }
        auto value = string_member(document_, name);
        value ? void(into = std::move(*value)) : note(std::move(value.error()));
    }

    void key(std::string_view name, Secret& into) {
        std::string base64;
        text(name, base64);
        if (error_ || base64.empty()) {
            return; // left open
        }
        auto decoded = crypto::decode_key(base64);
        decoded ? void(into = std::move(*decoded))
                : note(wrong(name, "must be 16 to 64 bytes in base64").error());
    }

    [[nodiscard]] const JsonObject* object(std::string_view name) {
        const Json* member = error_ ? nullptr : find_member(document_, name);
        if (member == nullptr) {
            return nullptr;
        }
        if (!member->is_object()) {
            note(wrong(name, "must be an object").error());
            return nullptr;
        }
        return &member->get_object();
    }

    void note(Error error) {
        if (!error_) {
            error_ = std::move(error);
        }
    }

    /// Takes over what went wrong in a part.
    void note(const Members& part) {
        if (part.error_) {
            note(*part.error_);
        }
    }

    [[nodiscard]] const JsonObject& document() const { return document_; }

    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  private:
    const JsonObject& document_;
    std::optional<Error> error_;
};

void read_type(Members& members, Authentication& into) {
    std::string name;
    members.text("type", name);
    if (name.empty()) {
        // Older clients do not say (B.4).
        const bool has_thumbprint =
            !into.primary_thumbprint.empty() || !into.secondary_thumbprint.empty();
        into.type = has_thumbprint ? AuthenticationType::self_signed : AuthenticationType::sas;
    } else if (const auto type = authentication_type_named(name)) {
        into.type = *type;
    } else {
        members.note(
            wrong("type", "must be sas, selfSigned, certificateAuthority or none").error());
    }
}

void read_authentication(Members& device, Authentication& into) {
    const JsonObject* document = device.object("authentication");
    if (document == nullptr) {
        into.left_open = true;
        return;
    }
    Members members(*document);
    if (const JsonObject* keys = members.object("symmetricKey")) {
        Members part(*keys);
        part.key("primaryKey", into.primary_key);
        part.key("secondaryKey", into.secondary_key);
        members.note(part);
    }
    if (const JsonObject* thumbprints = members.object("x509Thumbprint")) {
        Members part(*thumbprints);
        part.text("primaryThumbprint", into.primary_thumbprint);
        part.text("secondaryThumbprint", into.secondary_thumbprint);
        members.note(part);
    }
    read_type(members, into);
    device.note(members);
}

void read_status(Members& members, Device& into) {
    std::string status;
    members.text("status", status);
    members.text("statusReason", into.status_reason);
    if (status.empty()) {
        return;
    }
    if (const auto named = status_named(status)) {
        into.status = *named;
    } else {
        members.note(wrong("status", "must be enabled or disabled").error());
    }
}

void read_capabilities(Members& members, Device& into) {
    const JsonObject* capabilities = members.object("capabilities");
    const Json* iot_edge =
        capabilities == nullptr ? nullptr : find_member(*capabilities, "iotEdge");
    if (iot_edge == nullptr) {
        return;
    }
    if (!iot_edge->is_bool()) {
        members.note(wrong("iotEdge", "must be true or false").error());
        return;
    }
    into.iot_edge = iot_edge->get_bool();
}

void read_parent_scopes(Members& members, Device& into) {
    const Json* scopes = find_member(members.document(), "parentScopes");
    if (scopes == nullptr) {
        return;
    }
    if (!scopes->is_array()) {
        members.note(wrong("parentScopes", "must be an array of strings").error());
        return;
    }
    for (const Json& scope : scopes->get_array()) {
        if (!scope.is_string()) {
            members.note(wrong("parentScopes", "must be an array of strings").error());
            return;
        }
        into.parent_scopes.emplace_back(scope.get_string());
    }
}

} // namespace

Result<Device> device_from_document(const JsonObject& document) {
    Members members(document);
    Device device;
    std::string id;
    std::string module;
    members.text("deviceId", id);
    members.text("moduleId", module);
    members.text("managedBy", device.managed_by);
    read_status(members, device);
    read_authentication(members, device.authentication);
    read_capabilities(members, device);
    members.text("deviceScope", device.device_scope);
    read_parent_scopes(members, device);
    if (members.error()) {
        return std::unexpected(*members.error());
    }
    auto parsed = parse_device_id(id);
    if (!parsed) {
        return std::unexpected(std::move(parsed.error()));
    }
    device.id = std::move(*parsed);
    if (!module.empty()) {
        auto part = parse_module_id(module);
        if (!part) {
            return std::unexpected(std::move(part.error()));
        }
        device.module = std::move(*part);
    }
    return device;
}

} // namespace muster::hub
