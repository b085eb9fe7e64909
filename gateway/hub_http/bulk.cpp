#include "gateway/hub_http/bulk.h"

#include "gateway/hub_http/throttling.h"
#include "gateway/problem.h"
#include "hub/bulk.h"

namespace muster::gateway {

namespace {

// As much as a request may bring; it holds a hundred identities, or the largest of twins.
constexpr std::size_t bulk_body_bytes_max = 256 * 1024;

constexpr HubProblem repeated_device{400, 400011, "DeviceDefinedMultipleTimes"};

/// C# reads no result with a name that is not in its own table, so that only such names are used.
HubProblem entry_problem_of(const Error& error, IdentityKind kind) {
    return error.code == Code::unsupported ? HubProblem{400, 400003, "InvalidOperation"}
                                           : registry_problem_of(error, kind);
}

std::string name_of(const hub::BulkEntry& entry) {
    return entry.module.empty() ? entry.device : entry.device + '/' + entry.module;
}

JsonObject error_document(const HubCall& call, const hub::BulkEntry& entry, const Error& error) {
    const HubProblem problem =
        entry_problem_of(error, entry.module.empty() ? IdentityKind::device : IdentityKind::module);
    return {{"deviceId", entry.device},
            {"moduleId", entry.module},
            {"errorCode", problem.name},
            {"errorStatus",
             call.note_refusal(
                 {.name = "bulk entry " + name_of(entry), .problem = problem, .error = error})},
            {"operation", entry.mode}};
}

JsonObject warning_document(const hub::BulkEntry& entry) {
    return {{"deviceId", entry.device},
            {"warningCode", "DeviceRegisteredWithoutTwin"},
            {"warningStatus", "the twin of " + name_of(entry) + " could not be changed"}};
}

struct Outcomes {
    JsonArray errors;
    JsonArray warnings;
};

Outcomes carry_out_all(const HubCall& call, const std::vector<hub::BulkEntry>& entries) {
    Outcomes outcomes;
    for (const hub::BulkEntry& entry : entries) {
        const Result<hub::Carried> done = entry.deed ? hub::carry_out(call.hub(), *entry.deed)
                                                     : std::unexpected(entry.deed.error());
        if (!done) {
            outcomes.errors.push_back(error_document(call, entry, done.error()));
        } else if (*done == hub::Carried::without_twin) {
            outcomes.warnings.push_back(warning_document(entry));
        }
    }
    return outcomes;
}

} // namespace

void change_devices_in_bulk(HubCall& call) {
    if (auto allowed = call.allow(hub::Right::registry_write); !allowed) {
        return call.refuse(allowed.error());
    }
    const auto documents = call.array_body(bulk_body_bytes_max);
    if (!documents) {
        return call.refuse(documents.error());
    }
    const auto entries = hub::bulk_entries_from(*documents);
    if (!entries) {
        return call.refuse(entries.error());
    }
    if (!in_turn(call, {.operation = hub::Operation::registry,
                        .cost = static_cast<double>(entries->size())})) {
        return; // each device counts
    }
    if (const hub::BulkEntry* entry = hub::repeated(*entries)) {
        return call.refuse(repeated_device, {.code = Code::malformed,
                                             .detail = name_of(*entry) + " is there twice"});
    }
    Outcomes outcomes = carry_out_all(call, *entries);
    const bool is_successful = outcomes.errors.empty();
    call.answer(json_response(is_successful ? 200 : 400,
                              to_text(JsonObject{{"isSuccessful", is_successful},
                                                 {"errors", std::move(outcomes.errors)},
                                                 {"warnings", std::move(outcomes.warnings)}})));
}

} // namespace muster::gateway
