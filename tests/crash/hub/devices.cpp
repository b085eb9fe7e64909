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
            auto client = device::HubClient::make(
                {.hub = destination_.host, .device_id = talk->device, .symmetric_key = key_},
                {.connected =
                     [talk](const Result<void>& connected) {
                         if (!connected) {
                             return;
                         }
                         for (std::size_t i = 0; i < window; ++i) {
                             send_next(talk);
                         }
                         report_next(talk);
                     },
                 .desired = {},
                 .method = {},
                 .closed = {}},
                clock_);
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
