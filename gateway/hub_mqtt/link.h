#pragma once
// How the rest of the process reaches a device's connection: calls from any thread become tasks on
// the connection's own. Outlives the connection; then its calls do nothing.

#include "base/task.h"
#include "hub/live.h"

#include <atomic>
#include <memory>
#include <string>

namespace muster::gateway {

class HubMqtt;

class HubLink final : public hub::DeviceLink, public std::enable_shared_from_this<HubLink> {
  public:
    /// `connection` is touched only by tasks given to `post`, which drops them once it is gone.
    HubLink(HubMqtt& connection, Post post) : connection_(connection), post_(std::move(post)) {}

    void desired_changed(const JsonObject& notification, std::int64_t version) override;
    void invoke(const hub::MethodRequest& request) override;
    void messages_waiting() override;
    void close(std::string reason) override;
    void cut_off(std::string reason) override;

    // The connection may end on its thread while a worker is still attaching it. Each side first
    // leaves its mark and then looks for the other's, so at least one of them detaches.

    /// Called by the worker: displaces an older connection of the device. False if the identity
    /// changed since it was admitted.
    [[nodiscard]] bool attach(hub::Live& live, const hub::IdentityId& who,
                              hub::Live::Admission admission);
    /// Called by whoever finds that the connection must not, or no longer, be reached.
    void gone(hub::Live& live, const hub::IdentityId& who);

    [[nodiscard]] hub::LinkId id() const { return id_.load(); }

  private:
    HubMqtt& connection_;
    Post post_;
    std::atomic<hub::LinkId> id_{0};
    std::atomic<bool> gone_{false};
};

} // namespace muster::gateway
