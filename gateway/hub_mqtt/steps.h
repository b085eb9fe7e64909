#pragma once
// The steps of a device's connection that wait for storage, and what comes of them. Performed on a
// worker, finished on the connection's thread.

#include "base/ids.h"
#include "base/result.h"
#include "codec/mqtt_packet.h"
#include "hub/service.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace muster::gateway {

struct TelemetryStep {
    hub::Message message;
    std::uint16_t packet_id = 0; // 0: no acknowledgement is wanted
};

struct TwinGetStep {
    std::string rid;
};

struct TwinPatchStep {
    std::string rid;
    std::string body;
};

/// The session's filters as they are to be stored; nothing for a clean session.
struct SubscribeStep {
    mqtt::Suback suback;
    std::optional<std::vector<hub::StoredSubscription>> stored;
};

struct UnsubscribeStep {
    std::uint16_t packet_id = 0;
    std::optional<std::vector<hub::StoredSubscription>> stored;
};

using Step =
    std::variant<TelemetryStep, TwinGetStep, TwinPatchStep, SubscribeStep, UnsubscribeStep>;

/// Several messages to be stored together, or one step of any other kind.
using Batch = std::vector<Step>;

struct Outcome {
    std::optional<Error> error;
    std::string body;         // of a twin
    std::int64_t version = 0; // of the reported properties after a patch
};

std::size_t bytes_of(const Step& step);

/// Takes the next batch off the front of the queue: the longest run of messages within the bounds
/// of one store transaction, or a single other step.
Batch take_batch(std::deque<Step>& queue);

Outcome perform(hub::Service& hub, const DeviceId& device, const Batch& batch);

} // namespace muster::gateway
