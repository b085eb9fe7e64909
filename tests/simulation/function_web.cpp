#include "tests/simulation/function_web.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::simulation {

using provisioning::WebCall;
using provisioning::WebReply;

namespace {

WebReply json_reply(const JsonObject& body) {
    return {.status = 200, .content_type = "application/json", .body = muster::to_text(body)};
}

} // namespace

Result<WebReply> FunctionWeb::post(const WebCall& call) {
    if (!steps_.may_step()) {
        return fail(Code::unavailable, "the process is ending");
    }
    Stage& stage = steps_.stage();
    steps_.pass();
    stage.engine.sleep(stage.dice.between(Duration(100), stage.weather.latency_max));
    const auto request = parse_json_object(call.body);
    if (!request) {
        stage.violated("9.3: what the function is sent", "is no JSON");
        return fail(Code::malformed, "no JSON");
    }
    if (stage.dice.percent(stage.weather.function_lies)) {
        return lie();
    }
    return choose(*request);
}

Result<WebReply> FunctionWeb::lie() {
    Stage& stage = steps_.stage();
    switch (stage.dice.below(6)) {
    case 0: return WebReply{.status = 503, .content_type = "text/plain", .body = "later"};
    case 1: return json_reply({{"iotHubHostName", "hub-of-somebody-else"}});
    case 2: return WebReply{.status = 200, .content_type = "application/json", .body = "{\"iotHub"};
    case 3: return json_reply({{"iotHubHostName", 7}});
    case 4:
        stage.engine.sleep(std::chrono::seconds(8));
        return fail(Code::deadline_exceeded, "the function did not answer");
    default: return fail(Code::unavailable, "connection refused");
    }
}

WebReply FunctionWeb::choose(const JsonObject& request) {
    Stage& stage = steps_.stage();
    const JsonObject& context = request.at("deviceRuntimeContext").as_object();
    const JsonArray& hubs = request.at("linkedHubs").as_array();
    const std::string device(context.at("registrationId").as_string());
    JsonObject answer;
    const Json* current = find_member(context, "currentIotHubHostName");
    const bool is_offered = current != nullptr && std::ranges::find(hubs, *current) != hubs.end();
    const bool stays = is_offered && (stage.weather.function_lies == 0 || stage.dice.one_in(2));
    if (stays) {
        answer["iotHubHostName"] = *current;
    } else if (!hubs.empty()) {
        answer["iotHubHostName"] = hubs[stage.dice.below(hubs.size())];
    }
    if (stage.weather.function_lies != 0 && stage.dice.one_in(4)) {
        const auto number = static_cast<std::int64_t>(stage.dice.below(1'000'000));
        const provisioning::InitialTwin twin{.tags = {{"functionTag", number}},
                                             .desired = {{"functionWish", number}}};
        rules_.function_answered(device, twin);
        answer["initialTwin"] = {{"tags", twin.tags}, {"properties", {{"desired", twin.desired}}}};
    }
    answer["payload"] = {{"for", device}};
    stage.tell("function", fmt::format("{}: {}", device, muster::to_text(answer)));
    return json_reply(answer);
}

} // namespace muster::simulation
