#pragma once
// Which devices and modules are connected now, and how to reach them (reference: iothub A.6, A.11,
// D.1). The newest connection of an identity wins; a device and its modules have connections of
// their own. Only in memory: after a restart nobody is connected.

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "hub/identity_id.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace muster::hub {

struct MethodRequest {
    std::string name;
    std::string request_id;
    std::string payload; // JSON text; empty if the caller sent none
};

/// A connected device as the hub sees it. Implemented by the gateway; every call is thread safe and
/// returns at once, and calls made in an order arrive in that order.
class DeviceLink {
  public:
    virtual ~DeviceLink() = default;
    virtual void desired_changed(const JsonObject& notification, std::int64_t version) = 0;
    virtual void invoke(const MethodRequest& request) = 0;
    /// Messages may be waiting in the device's queue; Messages::take() has them.
    virtual void messages_waiting() = 0;
    /// Ends the connection; `reason` is for the log.
    virtual void close(std::string reason) = 0;

    /// The same, of an identity that has lost its right to be here: its will, and what it has sent
    /// that nobody has begun to store, are dropped.
    virtual void cut_off(std::string reason) { close(std::move(reason)); }
};

/// Identifies one attachment, so that a displaced connection cannot detach its successor.
using LinkId = std::uint64_t;

/// Thread safe.
class Live {
  public:
    /// Is told of every identity that was not connected and now is, or the other way round, in that
    /// order; must return at once and must not call back.
    using Watcher = std::function<void(const IdentityId& who, bool connected)>;

    explicit Live(const Clock& clock, Watcher watcher = nullptr);
    ~Live();

    /// Tells whether a device was cut between the moment it was looked up in order to authenticate
    /// it and the moment it is attached.
    using Admission = std::uint64_t;
    [[nodiscard]] Admission admission(const IdentityId& who) const;

    /// Displaces and closes an older link of the same device. With a stale admission the link is
    /// closed instead, and a LinkId that names no attachment comes back.
    LinkId attach(const IdentityId& who, std::shared_ptr<DeviceLink> link, Admission admission);
    /// For a link that was not authenticated against a stored identity.
    LinkId attach(const IdentityId& who, std::shared_ptr<DeviceLink> link);
    void detach(const IdentityId& who, LinkId link);

    /// Tells whether methods can be delivered over this link now; wakes those who wait for it.
    void set_takes_methods(const IdentityId& who, LinkId link, bool takes_methods);
    void set_takes_desired(const IdentityId& who, LinkId link, bool takes_desired);
    void set_takes_messages(const IdentityId& who, LinkId link, bool takes_messages);

    /// Whether this is its connection now.
    [[nodiscard]] bool is_attached(const IdentityId& who, LinkId link) const;

    struct Presence {
        bool connected = false;
        std::optional<WallTime> connection_updated;
        std::optional<WallTime> last_activity;
    };

    [[nodiscard]] Presence presence(const IdentityId& who) const;
    void touch(const IdentityId& who, LinkId link);
    [[nodiscard]] std::size_t connected_count() const; // devices and modules
    [[nodiscard]] std::size_t connected_device_count() const;

    /// Whose presence changed since it was taken last, each once; activity alone counts every 30
    /// seconds.
    std::vector<IdentityId> take_changed(std::size_t count_max);
    /// For changes that were taken but could not be remembered.
    void put_back_changed(std::span<const IdentityId> who);

    /// False if the device is not connected or did not subscribe.
    bool send_desired(const IdentityId& who, const JsonObject& notification, std::int64_t version);
    bool send_method(const IdentityId& who, const MethodRequest& request);
    bool tell_messages_waiting(const IdentityId& who);

    /// Re-keyed, or a deleted module: ends the connection at once.
    void cut(const IdentityId& who, const std::string& reason);
    /// Deleted, disabled or moved: the device and all of its modules.
    void cut_with_modules(const DeviceId& device, const std::string& reason);
    /// Forgets when it was last seen, modules of a device included: its identity is gone.
    void forget(const IdentityId& who);

    /// Calls back once, from any thread, as soon as the device takes methods (at once if it does).
    /// Returns a number for stop_waiting().
    std::uint64_t when_takes_methods(const IdentityId& who, std::function<void()> ready);
    void stop_waiting(const IdentityId& who, std::uint64_t wait);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace muster::hub
