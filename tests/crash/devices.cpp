// The load of the crash test, and what it was promised.

#include "app/output.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"
#include "crypto/keys.h"
#include "crypto/sas.h"
#include "tests/crash/world.h"

#include <fmt/format.h>

namespace muster::crash {

namespace {

constexpr std::size_t ca_bytes_max = 1024 * 1024;
constexpr const char* group = "crash-devices";
constexpr std::chrono::hours token_life{1};
constexpr std::chrono::milliseconds answer_time_max{10'000};
constexpr int polls_max = 2000;

} // namespace

bool is_the_crash(const Error& error) {
    return error.code == Code::unavailable || error.code == Code::deadline_exceeded;
}

Device::Device(const Fleet& fleet, const std::string& id, const Clock& clock)
    : http_({.host = fleet.ready.provisioning_host,
             .address = fleet.ready.provisioning_address,
             .port = fleet.ready.https_port,
             .ca_pem = fleet.ca_pem}),
      path_(fmt::format("/{}/registrations/{}", fleet.ready.id_scope, id)),
      body_(to_text(JsonObject{{"registrationId", id}})),
      token_(crypto::make_sas(fmt::format("{}/registrations/{}", fleet.ready.id_scope, id),
                              crypto::derive_device_key(fleet.group_key, id),
                              clock.wall() + token_life, "registration")) {}

Result<Json> Device::register_once() {
    return call("PUT", path_ + "/register", body_);
}

Result<Json> Device::poll(const std::string& operation) {
    return call("GET", path_ + "/operations/" + operation, "");
}

Result<Json> Device::call(const std::string& method, const std::string& path,
                          const std::string& body) {
    auto reply =
        http_.send({.method = method,
                    .path_and_query = path + "?api-version=2021-06-01",
                    .headers = {{"Authorization", token_}, {"Content-Type", "application/json"}},
                    .body = body,
                    .time_max = answer_time_max});
    if (!reply) {
        return std::unexpected(reply.error());
    }
    if (reply->status == 503) {
        return fail(Code::unavailable, "busy"); // stopping or overloaded: said plainly
    }
    if (reply->status != 200 && reply->status != 202) {
        return fail(Code::internal, fmt::format("{} {} was answered with {}: {}", method, path,
                                                reply->status, reply->body));
    }
    return parse_json(reply->body);
}

Result<app::ApiClient> service_of(const Fleet& fleet, const Clock& clock) {
    return app::connect_provisioning(
        {.connection_string = std::string(fleet.ready.service_connection_string.reveal()),
         .hub = {},
         .address = fleet.ready.provisioning_address,
         .ca_file = fleet.ready.ca_file,
         .port = fleet.ready.https_port,
         .data = {}},
        clock);
}

void Ledger::registered(const std::string& id, const std::string& operation) {
    const std::lock_guard lock(mutex_);
    promises_.operations[id] = operation;
}

bool Ledger::assigned(const std::string& id, const std::string& hub) {
    const std::lock_guard lock(mutex_);
    promises_.operations.erase(id);
    const auto [at, added] = promises_.assigned.emplace(id, hub);
    return at->second == hub;
}

void Ledger::enrolled(const std::string& id, const std::string& key) {
    const std::lock_guard lock(mutex_);
    promises_.enrollments[id] = key;
}

Promises Ledger::promises() const {
    const std::lock_guard lock(mutex_);
    return promises_;
}

Result<Fleet> make_fleet(const app::ReadyFile& ready, const Clock& clock) {
    auto ca = read_file(ready.ca_file, ca_bytes_max);
    if (!ca) {
        return std::unexpected(ca.error());
    }
    Fleet fleet{ready, *ca, Secret()};
    auto service = service_of(fleet, clock);
    if (!service) {
        return std::unexpected(service.error());
    }
    const JsonObject document{
        {"enrollmentGroupId", group},
        {"attestation", {{"type", "symmetricKey"}}},
        {"initialTwin",
         {{"tags", {{"fleet", "crash"}}}, {"properties", {{"desired", {{"n", 1}}}}}}},
        {"allocationPolicy", "hashed"}};
    auto made = service->send_json({.method = "PUT",
                                    .path = fmt::format("/enrollmentGroups/{}", group),
                                    .body = to_text(document)});
    if (!made) {
        return std::unexpected(made.error());
    }
    auto key = crypto::decode_key(app::cell(*made, "attestation.symmetricKey.primaryKey"));
    if (!key) {
        return std::unexpected(key.error());
    }
    fleet.group_key = std::move(*key);
    return fleet;
}

Result<void> register_device(const Fleet& fleet, const std::string& id, Ledger& ledger,
                             const Clock& clock) {
    Device device(fleet, id, clock);
    auto answer = device.register_once();
    if (!answer) {
        return is_the_crash(answer.error()) ? Result<void>() : std::unexpected(answer.error());
    }
    const std::string operation = app::cell(*answer, "operationId");
    ledger.registered(id, operation);
    for (int poll = 0; poll < polls_max; ++poll) {
        auto state = device.poll(operation);
        if (!state) {
            return is_the_crash(state.error()) ? Result<void>() : std::unexpected(state.error());
        }
        const std::string status = app::cell(*state, "status");
        if (status == "assigning") {
            continue;
        }
        if (status != "assigned") {
            return fail(Code::internal, fmt::format("{} ended as {}", id, to_text(*state)));
        }
        if (!ledger.assigned(id, app::cell(*state, "registrationState.assignedHub"))) {
            return fail(Code::internal, fmt::format("{} was told a second hub", id));
        }
        return {};
    }
    return fail(Code::internal, fmt::format("{} stayed assigning", id));
}

Result<void> create_enrollment(const Fleet& fleet, const std::string& id, Ledger& ledger,
                               const Clock& clock) {
    auto service = service_of(fleet, clock);
    if (!service) {
        return std::unexpected(service.error());
    }
    const JsonObject document{{"registrationId", id}, {"attestation", {{"type", "symmetricKey"}}}};
    auto made = service->send_json(
        {.method = "PUT", .path = "/enrollments/" + id, .body = to_text(document)});
    if (!made) {
        return is_the_crash(made.error()) ? Result<void>() : std::unexpected(made.error());
    }
    ledger.enrolled(id, app::cell(*made, "attestation.symmetricKey.primaryKey"));
    return {};
}

} // namespace muster::crash
