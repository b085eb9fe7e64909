// What a function may answer (dps-device 7.2), read as strictly as is good for its author: what a
// device or a hub would stumble over later is refused here, where somebody is told why.

#include "provisioning/allocating/answer_twin.h"
#include "provisioning/allocating/caseless_members.h"
#include "provisioning/allocating/function.h"
#include "provisioning/grammar.h"

namespace muster::provisioning {

namespace {

std::optional<HubName> read_hub(CaselessMembers& members) {
    const Json* name = members.find("iotHubHostName");
    if (name == nullptr) {
        return std::nullopt;
    }
    const auto* text = name->if_string();
    if (text == nullptr || !is_host_name(*text)) {
        members.refuse("iotHubHostName must be a host name");
        return std::nullopt;
    }
    return HubName(std::string_view(*text));
}

std::optional<InitialTwin> read_twin(CaselessMembers& members) {
    const JsonObject* twin = members.object("initialTwin");
    if (twin == nullptr) {
        return std::nullopt;
    }
    Result<InitialTwin> read = read_answer_twin(*twin);
    if (!read) {
        members.refuse(read.error().detail);
        return std::nullopt;
    }
    return *std::move(read);
}

} // namespace

Result<FunctionAnswer> read_function_answer(std::string_view body) {
    const Result<JsonObject> document =
        parse_json_object(body, {.bytes_max = function_answer_bytes_max});
    if (!document) {
        return fail(Code::malformed, document.error().detail);
    }
    CaselessMembers members(*document);
    FunctionAnswer answer{.hub = read_hub(members), .twin = read_twin(members), .payload = {}};
    if (const JsonObject* payload = members.object("payload")) {
        answer.payload = *payload;
    }
    // One with nothing in it is more likely a mistake than "you choose".
    if (!answer.hub && !answer.twin && !answer.payload) {
        members.refuse("it names no hub, no initialTwin and no payload");
    }
    if (auto verdict = members.verdict(); !verdict) {
        return std::unexpected(std::move(verdict).error());
    }
    return answer;
}

} // namespace muster::provisioning
