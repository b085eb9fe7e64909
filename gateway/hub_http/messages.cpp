// Messages to devices, for back ends. Sending is our own route until there is AMQP, with the
// headers of the device's side (reference: iothub A.12, B.13; docs/hub-api.md):
//
//   POST   /messages/devicebound      iothub-to: /devices/{d}/messages/devicebound
//   DELETE /devices/{d}/commands      forgets all that wait

#include "base/encoding.h"
#include "base/text.h"
#include "gateway/hub_http/message_headers.h"
#include "gateway/hub_http/routes.h"
#include "gateway/hub_http/throttling.h"

#include <utility>

namespace muster::gateway {

namespace {

constexpr unsigned long long time_to_live_max = 365ULL * 24 * 3600;

std::unexpected<Error> no_address() {
    return fail(Code::malformed, "iothub-to must be /devices/{id}/messages/devicebound");
}

/// The device that an address names, `/devices/{percent-encoded id}/messages/devicebound`.
Result<DeviceId> device_addressed(std::string_view to) {
    const auto levels = split(to, '/');
    const bool well_formed =
        levels.size() == 5 && levels[0].empty() && equal_ignoring_case(levels[1], "devices") &&
        equal_ignoring_case(levels[3], "messages") && equal_ignoring_case(levels[4], "devicebound");
    if (!well_formed) {
        return no_address();
    }
    const auto id = percent_decode(levels[2]);
    return id ? parse_device_id(*id) : no_address();
}

Result<hub::SendRequest> send_request_from(const HubCall& call) {
    const auto lives = call.number({.name = "timeToLive", .max = time_to_live_max});
    if (!lives) {
        return std::unexpected(lives.error());
    }
    hub::SendRequest request{.properties = properties_from(call.request()),
                             .time_to_live = std::nullopt,
                             .body = call.request().body};
    if (*lives) {
        request.time_to_live = std::chrono::seconds(**lives);
    }
    return request;
}

void send(HubCall& call) {
    if (!call.method_is("POST")) {
        return call.refuse_method("POST");
    }
    if (auto allowed = call.allow(hub::Right::service_connect); !allowed) {
        return call.refuse(allowed.error());
    }
    auto request = send_request_from(call);
    if (!request) {
        return call.refuse(request.error());
    }
    const auto device = device_addressed(hub::property_of(request->properties, "$.to"));
    if (!device) {
        return call.refuse(device.error());
    }
    if (!in_turn(call, {.operation = hub::Operation::message, .charged = {call.body_size()}})) {
        return;
    }
    const auto sent = call.hub().send_message(*device, std::move(*request));
    if (!sent) {
        return call.refuse(send_problem_of(sent.error().code), sent.error());
    }
    call.answer({{"sequenceNumber", sent->sequence}, {"messageId", sent->message_id}});
}

void purge(HubCall& call) {
    if (!call.method_is("DELETE")) {
        return call.refuse_method("DELETE");
    }
    if (auto allowed = call.allow(hub::Right::service_connect); !allowed) {
        return call.refuse(allowed.error());
    }
    const auto id = call.device_id();
    if (!id) {
        return call.refuse(id.error());
    }
    if (!in_turn(call, {.operation = hub::Operation::registry})) {
        return;
    }
    const auto purged = call.hub().purge_messages(*id);
    if (!purged) {
        return call.refuse(purged.error());
    }
    call.answer(
        {{"totalMessagesPurged", *purged}, {"deviceId", id->text()}, {"moduleId", nullptr}});
}

} // namespace

bool serve_messages(const HubCallPtr& call) {
    if (call->is(2, "messages") && call->segment_is(1, "devicebound")) {
        send(*call);
        return true;
    }
    if (call->is(3, "devices") && call->segment_is(2, "commands")) {
        purge(*call);
        return true;
    }
    return false;
}

} // namespace muster::gateway
