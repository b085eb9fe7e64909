#include "gateway/hub_http/bulk.h"

#include "gateway/problem.h"
#include "hub/bulk.h"

namespace muster::gateway {

namespace {

// As much as a request may bring; it holds a hundred identities, or the largest of twins.
constexpr std::size_t bulk_body_bytes_max = 256 * 1024;

constexpr HubProblem repeated_device{400, 400011, "DeviceDefinedMultipleTimes"};

/// C# reads no result with a name that is not in its own table, so that only such names are used.
HubProblem entry_problem_of(Code code) {
    return code == Code::unsupported ? HubProblem{400, 400003, "InvalidOperation"}
                                     : registry_problem_of(code);
}

JsonObject error_document(const HubCall& call, const hub::BulkEntry& entry, const Error& error) {
    const HubProblem problem = entry_problem_of(error.code);
    return {{"deviceId", entry.device},
            {"moduleId", entry.module},
            {"errorCode", problem.name},
            {"errorStatus",
             call.note_refusal(
                 {.name = "bulk entry " + entry.device, .problem = problem, .error = error})},
            {"operation", entry.mode}};
}

JsonArray carry_out_all(const HubCall& call, const std::vector<hub::BulkEntry>& entries) {
    JsonArray errors;
    for (const hub::BulkEntry& entry : entries) {
        const Result<void> done = entry.deed ? hub::carry_out(call.hub(), *entry.deed)
                                             : std::unexpected(entry.deed.error());
        if (!done) {
            errors.push_back(error_document(call, entry, done.error()));
        }
    }
    return errors;
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
    if (const hub::BulkEntry* entry = hub::repeated(*entries)) {
        return call.refuse(
            repeated_device,
            {.code = Code::malformed, .detail = "the device " + entry->device + " is there twice"});
    }
    JsonArray errors = carry_out_all(call, *entries);
    const bool is_successful = errors.empty();
    call.answer(
        json_response(is_successful ? 200 : 400, to_text(JsonObject{{"isSuccessful", is_successful},
                                                                    {"errors", std::move(errors)},
                                                                    {"warnings", JsonArray()}})));
}

} // namespace muster::gateway
