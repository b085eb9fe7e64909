#pragma once
// The filters of one connection or one stored session (reference: iothub A.6, A.7): at most five,
// kept as the device wrote them.

#include "base/ids.h"
#include "codec/mqtt_packet.h"
#include "codec/topics.h"
#include "hub/ports.h"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::gateway {

class Subscriptions {
  public:
    Subscriptions() = default;
    Subscriptions(const hub::IdentityId& who, const std::vector<hub::StoredSubscription>& stored);

    /// The granted QoS, or mqtt::Suback::failure for a filter that is not offered or is one too
    /// many.
    std::uint8_t add(const mqtt::Subscription& wanted);
    void remove(const std::string& filter);

    [[nodiscard]] bool has(topics::HubFilter kind) const;
    /// The highest that was granted for it; 1 if it is not subscribed to any more.
    [[nodiscard]] mqtt::QoS qos_of(topics::HubFilter kind) const;
    [[nodiscard]] std::vector<hub::StoredSubscription> stored() const;

    [[nodiscard]] bool empty() const { return entries_.empty(); }

  private:
    struct Entry {
        hub::StoredSubscription subscription;
        topics::HubFilter kind;
    };

    hub::IdentityId who_;
    std::vector<Entry> entries_;
};

} // namespace muster::gateway
