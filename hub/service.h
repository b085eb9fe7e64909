#pragma once
// One hub: its use cases for devices and for back ends. Load, decide, save with an expected version
// (on conflict again, a bounded number of times), tell the live connection.

#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "base/task.h"
#include "crypto/certificate.h"
#include "hub/authentication.h"
#include "hub/device_count.h"
#include "hub/device_rules.h"
#include "hub/events/change_events.h"
#include "hub/events/connection_events.h"
#include "hub/events/event_log.h"
#include "hub/identity_id.h"
#include "hub/if_match.h"
#include "hub/job_rows.h"
#include "hub/limits/limiter.h"
#include "hub/live.h"
#include "hub/messages/feedback_desk.h"
#include "hub/messages/messages.h"
#include "hub/methods.h"
#include "hub/policies.h"
#include "hub/ports.h"
#include "hub/presence_writer.h"
#include "hub/routing/endpoint.h"
#include "hub/stripes.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::hub {

/// Error::detail of not_found when there is the device, but not the module.
inline constexpr std::string_view module_unknown = "module not found";

class Background;
class Configurations;
class Jobs;
struct Reconfigured;

struct HubSettings {
    HubName name;
    std::vector<AccessPolicy> policies;
    TwinLimits twin_limits;
    EventSettings events;
    Methods::Limits method_limits;
    MessageLimits message_limits;
    Limits limits = generous_limits();
    /// Policies whose requests are never throttled, by name: those of other parts of the system.
    std::vector<std::string> unthrottled_policies;
    std::int64_t devices_max = 1'000'000;
    std::size_t modules_max = 50; // of one device
    /// Whose devices may prove themselves by their certificate's chain (A.4.2).
    std::vector<crypto::Certificate> authorities;
};

/// What a hub works with; all of it outlives the hub.
struct HubPorts {
    StorePorts stores;
    Executor& workers;
    Scheduler& timers;
    const Clock& clock;
    Random& random;
};

/// A device or module that proved itself.
struct Session {
    Device device;
    std::string auth_method;            // for Event::auth_method
    std::optional<WallTime> sas_expiry; // when the connection must end (se + 5 min)
    Live::Admission admission;          // for Live::attach
};

/// A device with everything that GET shows.
struct DeviceView {
    Device device;
    Live::Presence presence;
    std::int64_t messages_waiting = 0; // cloudToDeviceMessageCount
};

struct TwinView {
    Device device;
    Twin twin;
    Live::Presence presence;
    std::int64_t messages_waiting = 0;
};

/// Thread safe.
class Service {
  public:
    Service(HubSettings settings, const HubPorts& ports);
    ~Service();

    /// Begins what the hub does by itself (background.h); stop() returns when nothing of it runs
    /// any more.
    void start();
    void stop();

    [[nodiscard]] const HubSettings& settings() const { return settings_; }

    // ---- registry ----
    // Of devices and modules: whichever the identity is. An Edge device comes with its system
    // modules and keeps them (hub/edge.h). Errors of all that change: malformed (unknown_scope),
    // too_large (as many as may be), forbidden (a system module), unavailable (a module of a device
    // that is moving to another hub).

    /// Creates (If-Match absent) or updates. Keys left open are generated; switching the type
    /// clears the other credential. A change that ends the right to be connected cuts the
    /// connection.
    Result<DeviceView> put_device(Device wanted, const IfMatch& if_match);
    Result<DeviceView> get_device(const IdentityId& id);
    Result<void> delete_device(const IdentityId& id, const IfMatch& if_match);
    Result<std::vector<DeviceView>> list_devices(std::size_t count_max);
    Result<std::vector<DeviceView>> list_modules(const DeviceId& id);
    Result<IdentityCounts> counts();
    /// Ends the connection, as every change of keys. Error: unsupported, if it has none.
    Result<DeviceView> regenerate_keys(const IdentityId& id, KeySlots which);

    /// Identity and twin in one atomic step, the reported properties too (iothub B.5, `create`);
    /// keys left open are generated. Errors: already_exists, malformed.
    Result<DeviceView> create_with_twin(Device wanted, const TwinContent& twin);

    // ---- twins, for back ends ----
    // A twin that is frozen because its device is moving (base/move_mark.h) changes by nobody:
    // unavailable, with the advice to come back in a second.

    Result<TwinView> get_twin(const IdentityId& id);
    Result<TwinView> patch_twin(const IdentityId& id, const TwinUpdate& update,
                                const IfMatch& if_match);
    Result<TwinView> replace_twin(const IdentityId& id, const TwinUpdate& update,
                                  const IfMatch& if_match);
    /// All of it, the reported properties too: for copies of what was elsewhere.
    Result<TwinView> put_twin(const IdentityId& id, const TwinContent& content);

    /// A twin as the configurations want it, decided on the very twin that is replaced; frozen
    /// twins stay. Nobody is told to look at it again (see Configurations::changed).
    Result<TwinView>
    reconfigure_twin(const IdentityId& id,
                     const std::function<Reconfigured(const TwinView&, WallTime)>& decide);

    // ---- queries (iothub B.9) ----

    /// As TwinQueries::run, and over jobs too.
    Result<QueryPage> query(const query::Query& query, const QueryPageRequest& request);

    /// From now on writes down who is connected and was active, every second; to be called once,
    /// before the first connection. Whoever an earlier life left as connected is not.
    Result<void> remember_presence();

    /// Who answers queries over jobs, from now on; before any request.
    void answer_job_queries_with(JobRows& job_rows) { job_rows_ = &job_rows; }

    // ---- for devices ----

    /// Errors: unauthenticated in every case, with the true reason as the cause; what the store
    /// says if the store fails.
    Result<Session> authenticate(const Credentials& credentials);
    /// Whether what is under this name now is of that generation and may be connected.
    Result<bool> is_welcome(const IdentityId& id, const std::string& generation_id);
    Result<Twin> read_twin(const IdentityId& id);
    /// The new reported version.
    Result<std::int64_t> report(const IdentityId& id, const JsonObject& patch);
    Result<void> set_model_id(const IdentityId& id, const std::string& model_id);
    Result<void> send_telemetry(std::vector<Event> messages);
    Result<std::vector<StoredSubscription>> load_session(const IdentityId& id);
    Result<void> save_session(const IdentityId& id,
                              const std::vector<StoredSubscription>& subscriptions);

    // ---- for whoever reads what happened ----

    EventLog& events() { return events_; }

    /// How it goes with what the log is sent to.
    EndpointBoard& endpoints() { return endpoints_; }

    // ---- messages to devices ----

    /// Durable when it returns. Errors: those of Messages::send; not_found.
    Result<Messages::Sent> send_message(const IdentityId& to, SendRequest request);
    Result<std::int64_t> purge_messages(const IdentityId& id);

    Messages& messages() { return messages_; }

    FeedbackDesk& feedback() { return feedback_; }

    Live& live() { return live_; }

    Methods& methods() { return methods_; }

    Jobs& jobs();
    Configurations& configurations();

    Limiter& limiter() { return limiter_; }

  private:
    Result<Device> load_device(const IdentityId& id);
    Result<DeviceWithTwin> load(const IdentityId& id);
    Result<bool> is_enabled(const Device& identity);
    std::unexpected<Error> absent(const IdentityId& id);
    Live::Presence presence_of(const IdentityId& id) const;
    DeviceView view_of(Device device) const;
    TwinView view_of(Device device, Twin twin) const;
    /// For documents that show how many messages wait: one question for all of them.
    Result<std::vector<DeviceView>> with_counts(std::vector<DeviceView> views);
    Result<DeviceView> with_count(DeviceView view);
    Result<TwinView> with_count(Result<TwinView> view);

    Result<DeviceView> create_device(Device wanted);
    Result<DeviceView> update_device(const Device& wanted, const IfMatch& if_match);
    /// Saves what follows `current`, and cuts the connection if the change ends its right.
    Result<void> save_device(const Device& current, const Device& next);
    /// Ends the connection, and the calls of methods that wait for it.
    void cut(const IdentityId& who, const std::string& reason);
    void cut_with_modules(const DeviceId& device, const std::string& reason);
    void drop_messages_if_blocked(const Device& device);
    Result<void> store_new(const Device& device, const Twin& twin);
    /// Identities that are new, and what is told of them.
    Result<void> insert(const std::vector<DeviceWithTwin>& identities);
    Result<EventBatch> note_of_end(const IdentityId& id);
    Result<void> erase_device(const IdentityId& id, std::int64_t expected_version);
    Result<void> store_new_device(const Device& device, const Twin& twin);
    Result<void> store_new_module(const Device& module, const Twin& twin);
    [[nodiscard]] std::vector<DeviceWithTwin> system_modules_for(const Device& edge);
    Result<void> fit_system_modules(const Device& current, const Device& next);
    Result<void> check_deletable(const Device& identity);
    Result<void> check_parents(const Device& next, const Device* current);

    /// Error: unavailable, while the device moves to another hub.
    Result<void> check_not_moving(const Device& identity);

    using Rule = std::function<Result<Twin>(const Twin&, WallTime)>;
    using Note = std::function<EventBatch(const Twin&)>;
    using Tell = std::function<void(const Twin&)>;

    /// How a twin changes, what the log keeps of it, and what its device is told.
    struct TwinStep {
        Rule rule;
        Note note;
        Tell tell;
    };

    /// Load, decide, save with its note, tell; again on conflict.
    Result<TwinView> change_twin(const IdentityId& id, const IfMatch& if_match,
                                 const TwinStep& step);
    Result<void> save_twin(const IdentityId& id, const Twin& next, std::int64_t expected_version,
                           const TwinStep& step);
    /// The twin or the identity has changed: configurations may mean it now, or no longer.
    void note_change(const IdentityId& id);
    Result<TwinView> noted(Result<TwinView> changed);

    HubSettings settings_;
    DeviceStore& devices_;
    SessionStore& sessions_;
    TwinQueries& queries_;
    PresenceStore& presences_;
    NoJobRows no_job_rows_;
    JobRows* job_rows_ = &no_job_rows_;
    const Clock& clock_;
    Random& random_;
    DeviceCount device_count_;
    EventLog events_;
    ChangeEvents changes_;
    ConnectionEvents connections_;
    EndpointBoard endpoints_;
    Live live_;
    Methods methods_;
    Messages messages_;
    FeedbackDesk feedback_;
    PresenceWriter presence_writer_;
    Limiter limiter_;
    // Changes of a device and what is told to its connection keep one order: both happen under the
    // device's stripe.
    Stripes stripes_;
    std::unique_ptr<Background> background_; // refers to all of the above
};

} // namespace muster::hub
