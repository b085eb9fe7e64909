#pragma once
// One hub: its use cases for devices and for back ends. Load, decide, save with an expected version
// (on conflict again, a bounded number of times), tell the live connection.

#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/live.h"
#include "hub/methods.h"
#include "hub/policies.h"
#include "hub/ports.h"

#include <array>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace muster::hub {

struct HubSettings {
    HubName name;
    std::vector<AccessPolicy> policies;
    TwinLimits twin_limits;
    Retention retention;
    Methods::Limits method_limits;
    std::int64_t devices_max = 1'000'000;
};

/// If-Match of the service API (iothub B.1).
struct IfMatch {
    enum class Kind : std::uint8_t { absent, any, exactly };
    Kind kind = Kind::absent;
    ETag etag;

    /// `*`, `"*"`, `E`, `"E"`, `W/"E"`.
    static IfMatch from_header(std::string_view value);
};

/// What a device connection shows to prove itself.
struct Credentials {
    DeviceId device;
    std::string sas;                       // the MQTT password or Authorization value, may be empty
    std::vector<std::string> certificates; // DER, leaf first
};

/// A device that proved itself.
struct Session {
    Device device;
    std::string auth_method;                // for Message::auth_method
    std::optional<WallTime> sas_expiry;     // when the connection must end (se + 5 min)
};

/// A device with everything that GET shows.
struct DeviceView {
    Device device;
    Live::Presence presence;
};

struct TwinView {
    Device device;
    Twin twin;
    Live::Presence presence;
};

/// Thread safe.
class Service {
  public:
    Service(HubSettings settings, DeviceStore& devices, SessionStore& sessions,
            TelemetryStore& telemetry, Scheduler& timers, const Clock& clock, Random& random);

    [[nodiscard]] const HubSettings& settings() const { return settings_; }

    // ---- registry ----

    /// Creates (If-Match absent) or updates. Keys left open are generated; switching the type clears
    /// the other credential. A change that ends the right to be connected cuts the connection.
    Result<DeviceView> put_device(Device wanted, const IfMatch& if_match);
    Result<DeviceView> get_device(const DeviceId& id);
    Result<void> delete_device(const DeviceId& id, const IfMatch& if_match);
    Result<std::vector<DeviceView>> list_devices(std::size_t count_max);

    /// For provisioning: exists with this credential, enabled; created with the twin if absent.
    Result<void> ensure_device(const DeviceId& id, const Authentication& authentication,
                               bool iot_edge, const JsonObject& tags, const JsonObject& desired);

    // ---- twins, for back ends ----

    Result<TwinView> get_twin(const DeviceId& id);
    Result<TwinView> patch_twin(const DeviceId& id, const TwinUpdate& update,
                                const IfMatch& if_match);
    Result<TwinView> replace_twin(const DeviceId& id, const TwinUpdate& update,
                                  const IfMatch& if_match);

    // ---- for devices ----

    /// Errors: unauthenticated in every case, with the true reason as the cause.
    Result<Session> authenticate(const Credentials& credentials);
    Result<Twin> read_twin(const DeviceId& id);
    /// The new reported version.
    Result<std::int64_t> report(const DeviceId& id, const JsonObject& patch);
    Result<void> set_model_id(const DeviceId& id, const std::string& model_id);
    Result<void> send_telemetry(std::vector<Message> messages);
    Result<std::vector<StoredSubscription>> load_session(const DeviceId& id);
    Result<void> save_session(const DeviceId& id,
                              const std::vector<StoredSubscription>& subscriptions);

    // ---- telemetry, for back ends ----

    Result<std::vector<Message>> read_telemetry(std::int64_t after, std::size_t count_max);
    Result<std::int64_t> last_telemetry();
    /// Calls back once, on any thread, when something newer than `after` is stored or time is up.
    void when_telemetry(std::int64_t after, std::chrono::milliseconds wait,
                        std::function<void()> ready);

    Live& live() { return live_; }

    Methods& methods() { return methods_; }

  private:
    // Twin changes and their notifications keep one order per device: both happen under the
    // device's stripe.
    static constexpr std::size_t stripes = 256;
    std::mutex& stripe_of(const DeviceId& id);

    HubSettings settings_;
    DeviceStore& devices_;
    SessionStore& sessions_;
    TelemetryStore& telemetry_;
    Scheduler& timers_;
    const Clock& clock_;
    Random& random_;
    Live live_;
    Methods methods_;
    std::array<std::mutex, stripes> stripe_mutexes_;

    struct Waiter;
    std::mutex waiters_mutex_;
    std::vector<std::shared_ptr<Waiter>> waiters_;
};

} // namespace muster::hub
