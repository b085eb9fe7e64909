// The body that a function is sent, in the shape that Azure's functions read (dps-device 7.1).

#include "provisioning/allocating/definition_views.h"
#include "provisioning/allocating/function.h"

namespace muster::provisioning {

namespace {

/// Of the proof only its kind, of the function's address only what is not secret. What is known of
/// the registration stands beside the enrollment, not in it.
JsonObject enrollment_for_function(JsonObject enrollment) {
    if (const Json* attestation = find_member(enrollment, "attestation");
        attestation != nullptr && attestation->is_object()) {
        const Json* type = find_member(attestation->get_object(), "type");
        enrollment["attestation"] = JsonObject{{"type", type == nullptr ? Json() : *type}};
    }
    if (const Json* definition = find_member(enrollment, "customAllocationDefinition");
        definition != nullptr && definition->is_object()) {
        enrollment["customAllocationDefinition"] = masked_definition(definition->get_object());
    }
    enrollment.erase("registrationState");
    return enrollment;
}

JsonObject runtime_context(const FunctionRequestFacts& facts) {
    JsonObject context{{"registrationId", facts.registration_id.text()}};
    if (facts.current) {
        context["currentIotHubHostName"] = facts.current->hub.text();
        context["currentDeviceId"] = facts.current->device_id.text();
    }
    for (const auto& [kind, details] : facts.question.attestation) {
        context[kind] = details;
    }
    if (facts.question.payload) {
        context["payload"] = *facts.question.payload;
    }
    return context;
}

JsonArray names_of(const std::vector<HubName>& hubs) {
    JsonArray names;
    for (const HubName& hub : hubs) {
        names.emplace_back(hub.text());
    }
    return names;
}

} // namespace

JsonObject function_request(const FunctionRequestFacts& facts) {
    return {{facts.enrollment_member, enrollment_for_function(facts.enrollment)},
            {"deviceRuntimeContext", runtime_context(facts)},
            {"linkedHubs", names_of(facts.candidates)}};
}

} // namespace muster::provisioning
