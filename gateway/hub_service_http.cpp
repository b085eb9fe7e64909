// The hub's service API over HTTPS (reference: iothub B.1 to B.4, B.7, B.8), and our own way of
// reading telemetry until the event log has its endpoints:
//
//   GET /messages/events?after={sequence}&max={1..1000}&wait={seconds, 0..30}
//   -> 200 [{"sequence":..,"deviceId":..,"enqueuedTime":..,"properties":{..},"body":..}, ..]
//
// without `after` it answers with nothing but the position of the newest message, in the header
// `muster-last-sequence`, which every answer carries.

#include "base/encoding.h"
#include "base/log.h"
#include "base/text.h"
#include "gateway/api_version.h"
#include "gateway/http_handler.h"
#include "gateway/hub_problem.h"
#include "hub/documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace muster::gateway {

namespace {

using session::HttpResponse;

constexpr std::size_t twin_body_bytes_max = 128 * 1024;
constexpr std::size_t method_body_bytes_max = 192 * 1024;
constexpr std::size_t list_max = 1000;
constexpr std::size_t telemetry_page_max = 1000;
constexpr unsigned long long telemetry_wait_seconds_max = 30;

/// One request under way. Shared by the callbacks of the calls that do not wait on a thread.
class Call : public std::enable_shared_from_this<Call> {
  public:
    Call(const Context& context, hub::Service& hub, HttpExchange exchange, Respond respond)
        : context_(context), hub_(hub), exchange_(std::move(exchange)),
          respond_(std::move(respond)) {}

    void run();

  private:
    [[nodiscard]] bool is(std::size_t segments, std::string_view first) const {
        return exchange_.target.segments.size() == segments &&
               equal_ignoring_case(exchange_.target.segments[0], first);
    }

    [[nodiscard]] bool method_is(std::string_view method) const {
        return exchange_.request.method == method;
    }

    [[nodiscard]] Result<void> allow(std::initializer_list<hub::Right> rights) const {
        return hub::authorize_any(hub_.settings().name, hub_.settings().policies,
                                  exchange_.request.header("Authorization"), rights,
                                  context_.clock.wall());
    }

    [[nodiscard]] hub::IfMatch if_match() const {
        return exchange_.request.has_header("If-Match")
                   ? hub::IfMatch::from_header(exchange_.request.header("If-Match"))
                   : hub::IfMatch{};
    }

    [[nodiscard]] Result<DeviceId> device_id() const {
        return parse_device_id(exchange_.target.segments[1]);
    }

    [[nodiscard]] Result<JsonObject> body(std::size_t bytes_max) const {
        return parse_json_object(exchange_.request.body, {.bytes_max = bytes_max});
    }

    void route();
    void device();
    void list_devices();
    void put_device(const DeviceId& id);
    void twin();
    void change_twin(const DeviceId& id);
    void invoke_method();
    void telemetry();
    void read_telemetry(std::int64_t after, std::size_t count_max);

    void answer(const JsonObject& document, const ETag& etag);
    void refuse(const Error& error);
    void refuse(const HubProblem& problem, const Error& error);
    void refuse_method();

    const Context& context_;
    hub::Service& hub_;
    HttpExchange exchange_;
    Respond respond_;
};

void Call::run() {
    if (auto version = check_api_version(exchange_.target.parameter("api-version")); !version) {
        refuse({400, 400001, "InvalidProtocolVersion"}, version.error());
        return;
    }
    route();
}

void Call::route() {
    if (is(1, "devices")) {
        list_devices();
    } else if (is(2, "devices")) {
        device();
    } else if (is(2, "twins")) {
        twin();
    } else if (is(3, "twins") && equal_ignoring_case(exchange_.target.segments[2], "methods")) {
        invoke_method();
    } else if (is(2, "messages") && equal_ignoring_case(exchange_.target.segments[1], "events")) {
        telemetry();
    } else {
        refuse({.code = Code::unsupported,
                .detail = "this server does not offer that operation",
                .cause = exchange_.request.method + " " + exchange_.request.target});
    }
}

void Call::list_devices() {
    if (!method_is("GET")) {
        refuse_method();
        return;
    }
    if (auto allowed = allow({hub::Right::registry_read}); !allowed) {
        refuse(allowed.error());
        return;
    }
    const auto top = parse_decimal(exchange_.target.parameter("top"));
    auto devices = hub_.list_devices(std::clamp<std::size_t>(top.value_or(list_max), 1, list_max));
    if (!devices) {
        refuse(devices.error());
        return;
    }
    JsonArray documents;
    for (const hub::DeviceView& view : *devices) {
        documents.push_back(hub::to_document(view));
    }
    HttpResponse response;
    response.headers = {{"Content-Type", "application/json; charset=utf-8"}};
    response.body = to_text(Json(std::move(documents)));
    respond_(std::move(response));
}

void Call::device() {
    const bool reading = method_is("GET");
    if (auto allowed = allow({reading ? hub::Right::registry_read : hub::Right::registry_write});
        !allowed) {
        refuse(allowed.error());
        return;
    }
    auto id = device_id();
    if (!id) {
        refuse(id.error());
        return;
    }
    if (reading) {
        auto view = hub_.get_device(*id);
        view ? answer(hub::to_document(*view), view->device.etag) : refuse(view.error());
    } else if (method_is("PUT")) {
        put_device(*id);
    } else if (method_is("DELETE")) {
        auto erased = hub_.delete_device(*id, if_match());
        erased ? respond_({.status = 204}) : refuse(erased.error());
    } else {
        refuse_method();
    }
}

void Call::put_device(const DeviceId& id) {
    auto document = body(twin_body_bytes_max);
    if (!document) {
        refuse(document.error());
        return;
    }
    auto wanted = hub::device_from_document(*document);
    if (!wanted) {
        refuse(wanted.error());
        return;
    }
    if (wanted->id != id) {
        refuse({.code = Code::malformed, .detail = "deviceId differs from the one in the path"});
        return;
    }
    auto view = hub_.put_device(std::move(*wanted), if_match());
    view ? answer(hub::to_document(*view), view->device.etag) : refuse(view.error());
}

void Call::twin() {
    if (auto allowed = allow({hub::Right::service_connect}); !allowed) {
        refuse(allowed.error());
        return;
    }
    auto id = device_id();
    if (!id) {
        refuse(id.error());
        return;
    }
    if (method_is("GET")) {
        auto view = hub_.get_twin(*id);
        view ? answer(hub::to_document(*view), hub::etag_of(view->twin)) : refuse(view.error());
    } else if (method_is("PATCH") || method_is("PUT")) {
        change_twin(*id);
    } else {
        refuse_method();
    }
}

void Call::change_twin(const DeviceId& id) {
    auto document = body(twin_body_bytes_max);
    if (!document) {
        refuse(document.error());
        return;
    }
    auto update = hub::twin_update_from(*document);
    if (!update) {
        refuse(update.error());
        return;
    }
    auto view = method_is("PATCH") ? hub_.patch_twin(id, *update, if_match())
                                   : hub_.replace_twin(id, *update, if_match());
    view ? answer(hub::to_document(*view), hub::etag_of(view->twin)) : refuse(view.error());
}

void Call::invoke_method() {
    if (!method_is("POST")) {
        refuse_method();
        return;
    }
    if (auto allowed = allow({hub::Right::service_connect}); !allowed) {
        refuse(allowed.error());
        return;
    }
    auto id = device_id();
    if (!id) {
        refuse(id.error());
        return;
    }
    if (auto known = hub_.get_device(*id); !known) {
        refuse(known.error());
        return;
    }
    auto document = body(method_body_bytes_max);
    if (!document) {
        refuse(document.error());
        return;
    }
    auto call = hub::method_call_from(*document);
    if (!call) {
        refuse(call.error());
        return;
    }
    hub_.methods().invoke(*id, *call, [self = shared_from_this()](Result<hub::MethodReply> reply) {
        if (!reply) {
            self->respond_(method_error_response(reply.error(), self->exchange_.tracking,
                                                 self->context_.clock.wall()));
            return;
        }
        self->answer({{"status", reply->status}, {"payload", reply->payload}}, ETag());
    });
}

void Call::telemetry() {
    if (!method_is("GET")) {
        refuse_method();
        return;
    }
    if (auto allowed = allow({hub::Right::service_connect}); !allowed) {
        refuse(allowed.error());
        return;
    }
    const std::string_view after_text = exchange_.target.parameter("after");
    const auto after = parse_decimal(after_text);
    if (!after_text.empty() && (!after || *after > INT64_MAX)) {
        refuse({.code = Code::malformed, .detail = "after must be a sequence number"});
        return;
    }
    const auto page = parse_decimal(exchange_.target.parameter("max"));
    const std::size_t count_max =
        after ? std::clamp<std::size_t>(page.value_or(telemetry_page_max), 1, telemetry_page_max)
              : 0;
    const auto wait = parse_decimal(exchange_.target.parameter("wait"));
    if (!after || wait.value_or(0) == 0) {
        read_telemetry(static_cast<std::int64_t>(after.value_or(0)), count_max);
        return;
    }
    const std::chrono::seconds patience(std::min(*wait, telemetry_wait_seconds_max));
    const auto position = static_cast<std::int64_t>(*after);
    hub_.when_telemetry(position, patience, [self = shared_from_this(), position, count_max] {
        // Whoever wakes us must not wait for storage.
        const bool queued = self->context_.workers.submit(
            [self, position, count_max] { self->read_telemetry(position, count_max); });
        if (!queued) {
            self->refuse({.code = Code::unavailable, .detail = "the server is busy"});
        }
    });
}

JsonObject to_document(const hub::Message& message) {
    JsonObject properties;
    for (const auto& [name, value] : message.properties) {
        properties[name] = value;
    }
    JsonObject document{{"sequence", message.sequence},
                        {"deviceId", message.device.text()},
                        {"enqueuedTime", format_time(message.enqueued)},
                        {"properties", std::move(properties)}};
    // A body is bytes; JSON can carry it as text only if it is text.
    if (is_valid_utf8(message.body)) {
        document["body"] = message.body;
    } else {
        document["bodyBase64"] = base64_encode(message.body);
    }
    return document;
}

void Call::read_telemetry(std::int64_t after, std::size_t count_max) {
    auto last = hub_.last_telemetry();
    if (!last) {
        refuse(last.error());
        return;
    }
    std::vector<hub::Message> messages;
    if (count_max > 0) {
        auto read = hub_.read_telemetry(after, count_max);
        if (!read) {
            refuse(read.error());
            return;
        }
        messages = std::move(*read);
    }
    JsonArray documents;
    for (const hub::Message& message : messages) {
        documents.push_back(to_document(message));
    }
    HttpResponse response;
    response.headers = {{"Content-Type", "application/json; charset=utf-8"},
                        {"muster-last-sequence", std::to_string(*last)}};
    response.body = to_text(Json(std::move(documents)));
    respond_(std::move(response));
}

void Call::answer(const JsonObject& document, const ETag& etag) {
    HttpResponse response;
    response.headers = {{"Content-Type", "application/json; charset=utf-8"}};
    if (!etag.empty()) {
        response.headers.push_back({"ETag", fmt::format("\"{}\"", etag.text())});
    }
    response.body = to_text(document);
    respond_(std::move(response));
}

void Call::refuse(const Error& error) {
    refuse(hub_problem_of(error.code), error);
}

void Call::refuse(const HubProblem& problem, const Error& error) {
    log::info("hub request refused", {{"tracking", exchange_.tracking.text()},
                                      {"hub", hub_.settings().name.text()},
                                      {"method", exchange_.request.method},
                                      {"error", std::string(problem.name)},
                                      {"detail", error.detail},
                                      {"cause", error.cause},
                                      {"peer", exchange_.peer_address}});
    respond_(hub_error_response(problem, error, exchange_.tracking, context_.clock.wall()));
}

void Call::refuse_method() {
    refuse({405, 405000, "GenericMethodNotAllowed"},
           {.code = Code::unsupported, .detail = "that method is not allowed here"});
}

} // namespace

void handle_hub_service(const Context& context, hub::Service& hub, HttpExchange exchange,
                        Respond respond) {
    std::make_shared<Call>(context, hub, std::move(exchange), std::move(respond))->run();
}

} // namespace muster::gateway
