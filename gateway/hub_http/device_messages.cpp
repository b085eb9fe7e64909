// The device HTTPS API (reference: iothub A.12), for a device or module itself or a policy on its
// behalf:
//
//   POST   /devices/{d}[/modules/{m}]/messages/events        one message, or a batch
//   GET    /devices/{d}/messages/devicebound                 the next message, locked
//   DELETE /devices/{d}/messages/devicebound/{lock}[?reject]
//   POST   /devices/{d}/messages/devicebound/{lock}/abandon
//
// None of it makes a device connected.

#include "base/text.h"
#include "gateway/hub_http/event_batch.h"
#include "gateway/hub_http/message_headers.h"
#include "gateway/hub_http/routes.h"
#include "gateway/hub_http/throttling.h"
#include "gateway/problem.h"

#include <algorithm>
#include <utility>

namespace muster::gateway {

namespace {

constexpr std::size_t message_bytes_max = 256 * 1024; // body and properties
constexpr std::string_view batch_type = "application/vnd.microsoft.iothub.json";
constexpr unsigned long long lock_seconds_max = 300;

session::HttpResponse no_content() {
    session::HttpResponse response;
    response.status = 204;
    return response;
}

/// Refuses the request if the caller is not who the path names. Moved and deleted devices hear 401
/// like strangers: it sends them back to provisioning (C.4).
std::optional<hub::Session> authenticate(HubCall& call, const Result<hub::IdentityId>& identity) {
    if (!identity) {
        call.refuse(identity.error());
        return std::nullopt;
    }
    auto session = call.hub().authenticate(call.credentials_of(*identity));
    if (!session) {
        call.refuse(session.error());
        return std::nullopt;
    }
    return std::move(*session);
}

// ---- from the device ----

std::size_t bytes_of(const BatchedMessage& message) {
    std::size_t bytes = message.body.size();
    for (const auto& [name, value] : message.properties) {
        bytes += name.size() + value.size();
    }
    return bytes;
}

bool is_batch(const HubCall& call) {
    return starts_with_ignoring_case(trim(call.request().header("Content-Type")), batch_type);
}

Result<std::vector<BatchedMessage>> read_events(const HubCall& call) {
    if (is_batch(call)) {
        return parse_event_batch(call.request().body);
    }
    return std::vector{
        BatchedMessage{.properties = properties_from(call.request()), .body = call.request().body}};
}

/// What it is addressed to is the path's business.
void drop_address(topics::Properties& properties) {
    std::erase_if(properties, [](const auto& property) { return property.first == "$.to"; });
}

hub::Event telemetry_of(BatchedMessage message, const hub::Session& session) {
    drop_address(message.properties);
    hub::Event telemetry;
    telemetry.identity = session.device.identity();
    telemetry.properties = std::move(message.properties);
    telemetry.auth_method = session.auth_method;
    telemetry.generation_id = session.device.generation_id;
    telemetry.body = std::move(message.body);
    return telemetry;
}

/// Each message of a batch counts, and is charged, by itself (E.1, E.2).
Metered metered_events(const std::vector<BatchedMessage>& messages) {
    Metered metered{.operation = hub::Operation::telemetry,
                    .cost = static_cast<double>(messages.size()),
                    .charged = {}};
    for (const BatchedMessage& message : messages) {
        metered.charged.push_back(bytes_of(message));
    }
    return metered;
}

void send_events(HubCall& call, const Result<hub::IdentityId>& identity) {
    if (!call.method_is("POST")) {
        return call.refuse_method("POST");
    }
    const auto session = authenticate(call, identity);
    if (!session) {
        return;
    }
    auto messages = read_events(call);
    if (!messages) {
        return call.refuse(messages.error());
    }
    const Metered metered = metered_events(*messages);
    if (std::ranges::max(metered.charged) > message_bytes_max) {
        return call.refuse({.code = Code::too_large, .detail = "the message is over 256 KB"});
    }
    if (!in_turn(call, metered)) {
        return;
    }
    std::vector<hub::Event> telemetry;
    for (BatchedMessage& message : *messages) {
        telemetry.push_back(telemetry_of(std::move(message), *session));
    }
    const auto stored = call.hub().send_telemetry(std::move(telemetry));
    stored ? call.answer(no_content()) : call.refuse(stored.error());
}

// ---- to the device ----

session::HttpResponse response_of(const hub::Messages::Received& received) {
    const hub::CloudMessage& message = received.message;
    session::HttpResponse response;
    response.status = 200;
    response.headers = headers_of(message.properties);
    response.headers.push_back({"ETag", '"' + received.lock_token + '"'});
    response.headers.push_back({"iothub-sequencenumber", std::to_string(message.sequence)});
    response.headers.push_back({"iothub-enqueuedtime", format_time(message.enqueued)});
    response.headers.push_back({"iothub-deliverycount", std::to_string(message.deliveries)});
    response.body = message.body;
    return response;
}

/// A header, or a parameter of the query.
Result<std::chrono::seconds> lock_time(const HubCall& call) {
    std::string_view text = call.request().header("IotHub-MessageLockTimeout");
    for (const auto& [name, value] : call.target().query) {
        if (text.empty() && equal_ignoring_case(name, "iothub-messagelocktimeout")) {
            text = value;
        }
    }
    if (text.empty()) {
        return call.hub().messages().limits().lock_time;
    }
    const auto seconds = parse_decimal(text);
    if (!seconds || *seconds == 0) {
        return fail(Code::malformed, "the lock time-out must be a number of seconds");
    }
    return std::chrono::seconds(std::min(*seconds, lock_seconds_max));
}

void receive(HubCall& call, const Result<hub::IdentityId>& identity) {
    if (!call.method_is("GET")) {
        return call.refuse_method("GET");
    }
    const auto session = authenticate(call, identity);
    if (!session) {
        return;
    }
    const auto time = lock_time(call);
    if (!time) {
        return call.refuse(time.error());
    }
    if (!in_turn(call, {.operation = hub::Operation::message_receipt})) {
        return;
    }
    const auto received = call.hub().messages().receive(session->device.identity(), *time);
    if (!received) {
        return call.refuse(received.error());
    }
    call.answer(*received ? response_of(**received) : no_content());
}

enum class Settlement : std::uint8_t { complete, reject, abandon };

Result<void> settle(HubCall& call, const hub::IdentityId& id, Settlement how) {
    hub::Messages& messages = call.hub().messages();
    std::string_view token = call.target().segments[4];
    if (token.size() >= 2 && token.starts_with('"') && token.ends_with('"')) {
        token = token.substr(1, token.size() - 2);
    }
    switch (how) {
    case Settlement::complete: return messages.complete(id, std::string(token));
    case Settlement::reject: return messages.reject(id, std::string(token));
    case Settlement::abandon: break;
    }
    return messages.abandon(id, std::string(token));
}

void settle_as(HubCall& call, const Result<hub::IdentityId>& identity, Settlement how) {
    const auto session = authenticate(call, identity);
    if (!session) {
        return;
    }
    const auto settled = settle(call, session->device.identity(), how);
    settled ? call.answer(no_content())
            : call.refuse(settle_problem_of(settled.error().code), settled.error());
}

void complete_or_reject(HubCall& call, const Result<hub::IdentityId>& identity) {
    if (!call.method_is("DELETE")) {
        return call.refuse_method("DELETE");
    }
    const bool rejects = std::ranges::any_of(call.target().query, [](const auto& parameter) {
        return equal_ignoring_case(parameter.first, "reject");
    });
    settle_as(call, identity, rejects ? Settlement::reject : Settlement::complete);
}

void abandon(HubCall& call, const Result<hub::IdentityId>& identity) {
    if (!call.method_is("POST")) {
        return call.refuse_method("POST");
    }
    settle_as(call, identity, Settlement::abandon);
}

Result<hub::IdentityId> device_of(const HubCall& call) {
    auto device = call.device_id();
    if (!device) {
        return std::unexpected(std::move(device.error()));
    }
    return hub::IdentityId(std::move(*device));
}

Result<hub::IdentityId> module_of(const HubCall& call) {
    auto device = call.device_id();
    auto module = parse_module_id(call.target().segments[3]);
    if (!device) {
        return std::unexpected(std::move(device.error()));
    }
    if (!module) {
        return std::unexpected(std::move(module.error()));
    }
    return hub::IdentityId(std::move(*device), std::move(*module));
}

bool serve_devicebound(HubCall& call) {
    if (call.segments() == 4) {
        receive(call, device_of(call));
        return true;
    }
    if (call.segments() == 5) {
        complete_or_reject(call, device_of(call));
        return true;
    }
    if (call.segments() == 6 && call.segment_is(5, "abandon")) {
        abandon(call, device_of(call));
        return true;
    }
    return false;
}

} // namespace

bool serve_device_messages(const HubCallPtr& call) {
    const std::size_t segments = call->segments();
    if (segments < 4 || !call->segment_is(0, "devices")) {
        return false;
    }
    if (call->is(6, "devices") && call->segment_is(2, "modules") &&
        call->segment_is(4, "messages") && call->segment_is(5, "events")) {
        send_events(*call, module_of(*call));
        return true;
    }
    if (!call->segment_is(2, "messages")) {
        return false;
    }
    if (segments == 4 && call->segment_is(3, "events")) {
        send_events(*call, device_of(*call));
        return true;
    }
    return call->segment_is(3, "devicebound") && serve_devicebound(*call);
}

} // namespace muster::gateway
