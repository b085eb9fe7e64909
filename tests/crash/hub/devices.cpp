#include "tests/crash/hub/devices.h"

#include "base/json.h"
#include "tests/crash/world.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace muster::crash {

namespace {

constexpr std::size_t window = 8;     // messages of a device that are not acknowledged yet
constexpr std::size_t queue_max = 40; // of messages to a device; the hub takes 50
constexpr std::chrono::seconds handshake_time_max{10};

/// One device at its hub. Lives as long as its connection.
struct Talk {
    std::string device;
    HubLedger& ledger;
    device::HubClient* client = nullptr;
};

using TalkPtr = std::shared_ptr<Talk>;

void send_next(const TalkPtr& talk) {
    const auto number =
        talk->ledger.with(talk->device, [](HubRecord& record) { return ++record.asked.telemetry; });
    talk->client->send_telemetry(std::to_string(number), {},
                                 [talk, number](const Result<void>& stored) {
                                     if (!stored) {
                                         return; // the server has died
                                     }
                                     talk->ledger.with(talk->device, [&](HubRecord& record) {
                                         record.promises.telemetry.push_back(number);
                                     });
                                     send_next(talk);
                                 });
}

void report_next(const TalkPtr& talk) {
    const auto number =
        talk->ledger.with(talk->device, [](HubRecord& record) { return ++record.asked.reported; });
    talk->client->report({{"number", number}}, [talk, number](const Result<std::int64_t>& version) {
        if (!version) {
            return;
        }
        talk->ledger.with(talk->device,
                          [&](HubRecord& record) { record.promises.reported = number; });
        report_next(talk);
    });
}

/// A session whose subscriptions were acknowledged is kept, whatever happens to the server.
void note_session(const TalkPtr& talk) {
    talk->ledger.with(talk->device, [&](HubRecord& record) {
        record.arrived.lost_sessions +=
            record.promises.subscribed && !talk->client->has_resumed() ? 1 : 0;
        record.promises.subscribed = true;
    });
}

device::HubCallbacks callbacks_of(const TalkPtr& talk) {
    return {.connected =
                [talk](const Result<void>& connected) {
                    if (!connected) {
                        return;
                    }
                    note_session(talk);
                    for (std::size_t i = 0; i < window; ++i) {
                        send_next(talk);
                    }
                    report_next(talk);
                },
            .desired =
                [talk](const JsonObject&) {
                    talk->ledger.with(talk->device,
                                      [](HubRecord& record) { ++record.arrived.desired; });
                },
            .method = [](const std::string&, const Json& payload) -> std::pair<int, Json> {
                return {200, payload};
            },
            .closed = {}};
}

/// Answered by the device itself, or refused because it is not there just now.
Result<void> call_method(app::ApiClient& hub, const std::string& device, HubLedger& ledger) {
    const auto number =
        ledger.with(device, [](HubRecord& record) { return ++record.asked.called; });
    const JsonObject call{{"methodName", "echo"},
                          {"payload", number},
                          {"responseTimeoutInSeconds", 30},
                          {"connectTimeoutInSeconds", 0}};
    const auto answer = hub.send_json({.method = "POST",
                                       .path = "/twins/" + device + "/methods",
                                       .headers = {},
                                       .body = to_text(call)});
    if (!answer) {
        const bool is_away = answer.error().code == Code::not_found;
        return is_away ? Result<void>() : std::unexpected(answer.error());
    }
    if (answer->at("status") != 200 || answer->at("payload") != number) {
        return fail(Code::internal, "the method was answered with " + to_text(*answer));
    }
    ledger.with(device, [](HubRecord& record) { ++record.arrived.methods; });
    return {};
}

} // namespace

TalkingDevices::TalkingDevices(const app::ReadyFile& ready, const std::string& ca_pem, Secret key,
                               HubLedger& ledger, const Clock& clock)
    : destination_{.host = ready.hubs.front().host_name, .address = {}, .port = ready.mqtt_port},
      key_(std::move(key)), ledger_(ledger), clock_(clock), dialer_(2) {
    auto tls = net::ClientTls::make({.ca_pem = ca_pem});
    if (!tls) {
        throw std::runtime_error(tls.error().detail);
    }
    tls_ = std::make_shared<const net::ClientTls>(std::move(*tls));
}

TalkingDevices::~TalkingDevices() {
    stop();
}

void TalkingDevices::start(const std::vector<std::string>& devices) {
    for (const std::string& device : devices) {
        dial(device);
    }
}

void TalkingDevices::stop() {
    dialer_.stop();
}

void TalkingDevices::dial(const std::string& device) {
    auto talk = std::make_shared<Talk>(Talk{.device = device, .ledger = ledger_});
    dialer_.dial(
        destination_, tls_,
        [this, talk](const session::Peer&, const Post&) {
            auto client = device::HubClient::make({.hub = destination_.host,
                                                   .device_id = talk->device,
                                                   .symmetric_key = key_,
                                                   .resume_session = true},
                                                  callbacks_of(talk), clock_);
            talk->client = client.get();
            return client;
        },
        handshake_time_max, [](const Result<void>&) {});
}

Result<void> drive_device(app::ApiClient& hub, const std::string& device, HubLedger& ledger) {
    const auto desired =
        ledger.with(device, [](HubRecord& record) { return ++record.asked.desired; });
    const JsonObject patch{{"properties", {{"desired", {{"number", desired}}}}}};
    const auto patched = hub.send(
        {.method = "PATCH", .path = "/twins/" + device, .headers = {}, .body = to_text(patch)});
    if (!patched) {
        return std::unexpected(patched.error());
    }
    if (auto called = call_method(hub, device, ledger); !called) {
        return called;
    }
    const auto sent = ledger.with(device, [&](HubRecord& record) -> std::int64_t {
        record.promises.desired = desired;
        return record.promises.sent.size() < queue_max ? ++record.asked.sent : 0;
    });
    if (sent == 0) {
        return {};
    }
    const auto queued = hub.send(
        {.method = "POST",
         .path = "/messages/devicebound",
         .headers = {{"iothub-to", fmt::format("/devices/{}/messages/devicebound", device)}},
         .body = std::to_string(sent)});
    if (!queued) {
        return std::unexpected(queued.error());
    }
    ledger.with(device, [&](HubRecord& record) { record.promises.sent.push_back(sent); });
    return {};
}

} // namespace muster::crash
