#include "app/hubs/hub_answer.h"

#include "app/hubs/answer_members.h"
#include "app/hubs/hub_refusal.h"
#include "base/clock.h"

#include <set>
#include <utility>

namespace muster::app {

namespace {

using provisioning::HubCredential;
using provisioning::HubDevice;
using provisioning::HubModule;
using provisioning::HubTwin;

// Metadata repeats the nesting of a twin, which is 10 deep, under two more.
constexpr JsonLimits limits{.bytes_max = hub_answer_bytes_max, .depth_max = 64};
constexpr std::size_t modules_max = 200;

provisioning::HubKeys read_keys(AnswerMembers& authentication) {
    AnswerMembers members(authentication.object("symmetricKey"));
    provisioning::HubKeys read{
        {.primary = members.key("primaryKey"), .secondary = members.key("secondaryKey")}};
    if (read.keys.primary.empty()) { // whoever created the device anew would lock it out
        members.wrong("primaryKey");
    }
    authentication.note(members);
    return read;
}

provisioning::HubThumbprints read_thumbprints(AnswerMembers& authentication) {
    AnswerMembers members(authentication.object("x509Thumbprint"));
    provisioning::HubThumbprints read{.primary = members.text("primaryThumbprint"),
                                      .secondary = members.text("secondaryThumbprint")};
    authentication.note(members);
    return read;
}

HubCredential read_credential(AnswerMembers& identity) {
    AnswerMembers members(identity.object("authentication"));
    const std::string type = members.text("type");
    auto thumbprints = read_thumbprints(members);
    const bool has_thumbprint = !thumbprints.primary.empty() || !thumbprints.secondary.empty();
    HubCredential credential = provisioning::HubNoCredential{};
    if (type == "selfSigned" || (type.empty() && has_thumbprint)) { // older hubs do not say (B.4)
        credential = std::move(thumbprints);
    } else if (type == "sas" || type.empty()) {
        credential = read_keys(members);
    } else if (type == "certificateAuthority") {
        credential = provisioning::HubCertificateAuthority{};
    } else if (type != "none") {
        members.wrong("type");
    }
    identity.note(members);
    return credential;
}

/// Never seen is the year 1, with or without a Z. It is for showing only: what cannot be read is
/// not known.
std::optional<WallTime> read_last_activity(AnswerMembers& identity) {
    const auto time = parse_time(identity.text("lastActivityTime"));
    return time && *time > WallTime{} ? std::optional(*time) : std::nullopt;
}

void read_status(AnswerMembers& identity, HubDevice& into) {
    const std::string status = identity.text("status");
    if (status != "enabled" && status != "disabled") {
        identity.wrong("status");
    }
    into.enabled = status == "enabled";
    into.status_reason = identity.text("statusReason");
}

void read_capabilities(AnswerMembers& identity, HubDevice& into) {
    AnswerMembers members(identity.object("capabilities"));
    into.iot_edge = members.flag("iotEdge");
    identity.note(members);
}

/// What is carried to another hub is the content alone.
JsonObject content_of(const JsonObject& section) {
    JsonObject content = section;
    content.erase("$metadata");
    content.erase("$version");
    return content;
}

/// An object, about what was asked for.
Result<JsonObject> read_document(std::string_view text) {
    auto document = parse_json_object(text, limits);
    if (!document) {
        return unreadable(document.error().detail);
    }
    return document;
}

Result<HubModule> read_module(const Json& value, const DeviceId& asked) {
    if (!value.is_object()) {
        return unreadable("a module is no object");
    }
    AnswerMembers members(value.get_object());
    HubModule module;
    module.id = members.text("moduleId");
    if (is_system_module(module.id)) {
        module.credential = provisioning::HubNoCredential{};
    } else {
        module.managed_by = members.text("managedBy");
        module.credential = read_credential(members);
    }
    if (!parse_device_id(module.id)) { // the same grammar
        members.wrong("moduleId");
    }
    if (members.text("deviceId") != asked.text()) {
        members.wrong("deviceId");
    }
    if (const auto outcome = members.outcome(); !outcome) {
        return std::unexpected(outcome.error());
    }
    return module;
}

} // namespace

bool is_system_module(std::string_view id) {
    return id == "$edgeAgent" || id == "$edgeHub";
}

Result<HubDevice> read_hub_device(std::string_view text, const DeviceId& asked) {
    const auto document = read_document(text);
    if (!document) {
        return std::unexpected(document.error());
    }
    AnswerMembers members(*document);
    HubDevice device;
    device.id = DeviceId(members.text("deviceId"));
    if (device.id != asked) {
        members.wrong("deviceId");
    }
    device.etag = members.etag();
    read_status(members, device);
    device.credential = read_credential(members);
    read_capabilities(members, device);
    device.device_scope = members.text("deviceScope");
    device.parent_scopes = members.texts("parentScopes");
    device.connected = members.text("connectionState") == "Connected";
    device.last_activity = read_last_activity(members);
    if (const auto outcome = members.outcome(); !outcome) {
        return std::unexpected(outcome.error());
    }
    return device;
}

Result<HubTwin> read_hub_twin(std::string_view text, const TwinOf& asked) {
    const auto document = read_document(text);
    if (!document) {
        return std::unexpected(document.error());
    }
    AnswerMembers members(*document);
    if (members.text("deviceId") != asked.device.text()) {
        members.wrong("deviceId");
    }
    if (members.text("moduleId") != asked.module) {
        members.wrong("moduleId");
    }
    AnswerMembers properties(members.object("properties"));
    HubTwin twin{.etag = members.etag(),
                 .tags = content_of(members.object("tags")),
                 .desired = content_of(properties.object("desired")),
                 .reported = content_of(properties.object("reported"))};
    members.note(properties);
    if (const auto outcome = members.outcome(); !outcome) {
        return std::unexpected(outcome.error());
    }
    return twin;
}

Result<std::vector<HubModule>> read_hub_modules(std::string_view text, const DeviceId& asked) {
    const auto document = parse_json(text, limits);
    if (!document || !document->is_array() || document->get_array().size() > modules_max) {
        return unreadable("it is no list of modules");
    }
    std::vector<HubModule> modules;
    std::set<std::string, std::less<>> ids;
    for (const Json& value : document->get_array()) {
        auto module = read_module(value, asked);
        if (!module) {
            return std::unexpected(std::move(module.error()));
        }
        if (!ids.insert(module->id).second) {
            return unreadable("a module is listed twice");
        }
        modules.push_back(std::move(*module));
    }
    return modules;
}

} // namespace muster::app
