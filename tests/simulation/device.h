#pragma once
// A device as the SDKs make them: registers, polls as told, connects to the hub it was assigned,
// reports, and registers again when that hub does not want it any more. Its registration is the
// real device client's; the bytes in between are left out.

#include "crypto/keys.h"
#include "device/registration.h"
#include "tests/simulation/provisioning_site.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::simulation {

/// What a device can reach.
struct Surroundings {
    Stage& stage;
    const IdScope& scope;
    std::vector<std::unique_ptr<ProvisioningSite>>& servers;
    HubSites& hubs;
};

class SimDevice {
  public:
    struct Make {
        std::string name;
        std::string api_version;
        Secret key;
    };

    SimDevice(Surroundings world, Make make);
    ~SimDevice();

    SimDevice(const SimDevice&) = delete;
    SimDevice& operator=(const SimDevice&) = delete;

    [[nodiscard]] const std::string& name() const { return make_.name; }

    [[nodiscard]] const Secret& key() const { return make_.key; }

    void set_key(Secret key) { make_.key = std::move(key); }

    /// Registers now, whatever it was doing.
    void boot();
    /// Off, without saying goodbye; then it boots, or connects to the hub it remembers.
    void power_cycle(Duration off);

    struct Connection {
        HubName hub;
        DeviceId device;
    };

    /// Where it is connected, if it is.
    [[nodiscard]] std::optional<Connection> connection() const;

    /// Why the last registration failed; empty after one that did not.
    [[nodiscard]] const std::string& refusal() const { return refusal_; }

  private:
    class Link;

    /// Later, if the device has not been interrupted by then.
    void in(Duration delay, void (SimDevice::*then)());
    void interrupt();

    // registering
    void ask();
    void ask_at(ProvisioningSite& server);
    void watch_deadline();
    void answered(const device::ServiceAnswer& answer);
    void connection_lost();
    void go_on();

    // connected
    void connect();
    void attach(const hub::Session& session);
    void rejected(std::string_view why);
    void report();
    void disconnected(std::string_view why);
    void leave();

    [[nodiscard]] HubSite* site();

    Surroundings world_;
    Make make_;
    StageClock clock_;
    std::uint64_t session_ = 0; // what was begun before an interruption is not heard of any more
    std::uint64_t question_ = 0;
    std::unique_ptr<device::Registration> registration_;
    std::optional<Result<device::Assigned>> registered_;
    std::string refusal_;
    std::optional<device::Assigned> assigned_; // remembered while it is off
    int hub_failures_ = 0;
    std::shared_ptr<Link> link_;
    std::int64_t reports_ = 0;
};

/// What the service answers a device: the status and body of the device API.
struct Question {
    RegistrationId id;
    std::string sas;
    std::string operation; // empty: register
    std::string api_version;
};

device::ServiceAnswer answer_device(Services& services, const Question& question);

} // namespace muster::simulation
