#pragma once
// The load of the hub's crash test: devices that talk over MQTT, back ends over HTTPS, and what
// each was promised.

#include "app/api_client.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "device/hub_client.h"
#include "net/dialer.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace muster::crash {

/// What the hub acknowledged for one device. Numbers count up from 1.
struct HubPromises {
    std::vector<std::int64_t> telemetry; // each was acknowledged
    std::int64_t reported = 0;           // the newest acknowledged value
    std::int64_t desired = 0;
    std::vector<std::int64_t> sent; // to the device, acknowledged to the back end
    bool subscribed = false;        // and never again
};

/// What was asked for last, acknowledged or not.
struct HubNumbers {
    std::int64_t telemetry = 0;
    std::int64_t reported = 0;
    std::int64_t desired = 0;
    std::int64_t sent = 0;
    std::int64_t called = 0;
};

/// What came without anybody subscribing again.
struct HubArrivals {
    std::int64_t desired = 0; // notifications
    std::int64_t methods = 0; // answered, as the back end saw
    std::int64_t lost_sessions = 0;
};

struct HubRecord {
    HubPromises promises;
    HubNumbers asked;
    HubArrivals arrived;
};

/// Thread safe.
class HubLedger {
  public:
    template <class Action>
    auto with(const std::string& device, Action action) {
        const std::lock_guard lock(mutex_);
        return action(records_[device]);
    }

    [[nodiscard]] HubRecord record(const std::string& device) {
        return with(device, [](const HubRecord& record) { return record; });
    }

  private:
    std::mutex mutex_;
    std::map<std::string, HubRecord> records_;
};

/// The devices of one life of the server: connected, and talking until it dies.
class TalkingDevices {
  public:
    TalkingDevices(const app::ReadyFile& ready, const std::string& ca_pem, Secret key,
                   HubLedger& ledger, const Clock& clock);
    ~TalkingDevices();

    void start(const std::vector<std::string>& devices);
    /// Closes everything; nothing is acknowledged after that.
    void stop();

  private:
    void dial(const std::string& device);

    net::Destination destination_;
    std::shared_ptr<const net::ClientTls> tls_;
    Secret key_;
    HubLedger& ledger_;
    const Clock& clock_;
    net::Dialer dialer_;
};

/// A back end that changes one device's desired properties, calls a method of it and sends it a
/// message. Error: no answer, or one that is wrong.
Result<void> drive_device(app::ApiClient& hub, const std::string& device, HubLedger& ledger);

} // namespace muster::crash
