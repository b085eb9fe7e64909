#include "provisioning/instances/notes.h"

#include "provisioning/documents/instance_document.h"

namespace muster::provisioning {

namespace {

std::string resource_of(const Instance& instance) {
    return "instance/" + instance.name;
}

void add_names(JsonObject& document, std::string_view key, JsonArray names) {
    if (!names.empty()) {
        document[key] = std::move(names);
    }
}

JsonArray policies_with_other_keys(const Instance& before, const Instance& after) {
    JsonArray names;
    for (const AccessPolicy& policy : after.policies) {
        const AccessPolicy* was = before.find_policy(policy.name);
        if (was != nullptr && was->keys != policy.keys) {
            names.emplace_back(policy.name);
        }
    }
    return names;
}

JsonArray hubs_with_other_connections(const Instance& before, const Instance& after) {
    JsonArray names;
    for (const LinkedHub& hub : after.hubs) {
        const LinkedHub* was = before.find_hub(hub.name);
        if (was != nullptr && !(was->connection_string == hub.connection_string)) {
            names.emplace_back(hub.name.text());
        }
    }
    return names;
}

std::optional<JsonObject> certificate_in(const Instance& instance, std::string_view name) {
    const CaCertificate* certificate = instance.find_certificate(name);
    return certificate == nullptr ? std::nullopt : std::optional(to_document(*certificate));
}

} // namespace

Change note_put(const Deed& deed, const Instance* before, const Instance& after) {
    Change change{.at = deed.at,
                  .by = deed.by,
                  .action = before == nullptr ? "instance.create" : "instance.update",
                  .resource = resource_of(after),
                  .before = {},
                  .after = to_document(after, View::read)};
    if (before != nullptr) {
        change.before = to_document(*before, View::read);
        add_names(*change.after, "keysChanged", policies_with_other_keys(*before, after));
        add_names(*change.after, "connectionStringsChanged",
                  hubs_with_other_connections(*before, after));
    }
    return change;
}

Change note_deletion(const Deed& deed, const Instance& instance) {
    return {.at = deed.at,
            .by = deed.by,
            .action = "instance.delete",
            .resource = resource_of(instance),
            .before = to_document(instance, View::read),
            .after = {}};
}

Change note_state(const Deed& deed, const StateChange& what, const Instance& before,
                  const Instance& after) {
    return {.at = deed.at,
            .by = deed.by,
            .action = std::string(what.action),
            .resource = what.resource,
            .before = to_document(before, View::read),
            .after = to_document(after, View::read)};
}

Change note_rotation(const Deed& deed, const AccessPolicy& policy, KeySlot slot) {
    const std::string_view changed = slot == KeySlot::primary ? "primary" : "secondary";
    const JsonObject document{{"name", policy.name}, {"rights", rights_text(policy.rights)}};
    Change change{.at = deed.at,
                  .by = deed.by,
                  .action = "policy.rotate",
                  .resource = "policy/" + policy.name,
                  .before = document,
                  .after = document};
    (*change.after)["keysChanged"] = JsonArray{changed};
    return change;
}

Change note_certificate(const Deed& deed, const CertificateChange& what) {
    Change change{.at = deed.at,
                  .by = deed.by,
                  .action = "certificate.",
                  .resource = "certificate/" + std::string(what.name),
                  .before = certificate_in(what.before, what.name),
                  .after = certificate_in(what.after, what.name)};
    change.action += change.before ? what.verb : "create";
    return change;
}

} // namespace muster::provisioning
