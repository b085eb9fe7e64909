#pragma once
// The steps of a device's connection that wait for storage, and what comes of them. Performed on a
// worker, finished on the connection's thread.

#include "base/ids.h"
#include "base/result.h"
#include "codec/mqtt_packet.h"
#include "hub/service.h"

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace muster::gateway {

struct TelemetryStep {
    hub::Event message;
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

/// Takes messages out of the device's queue, for this connection.
struct ReceiveStep {
    hub::LinkId link = 0;
    std::size_t count_max = 0;
};

/// The device has a message, or had its only chance.
struct SettleStep {
    hub::LinkId link = 0;
    std::int64_t sequence = 0;
};

using Step = std::variant<TelemetryStep, TwinGetStep, TwinPatchStep, SubscribeStep, UnsubscribeStep,
                          ReceiveStep, SettleStep>;

/// Several messages to be stored together, several to be settled together, or one step of any
/// other kind.
using Batch = std::vector<Step>;

struct Outcome {
    std::optional<Error> error;
    std::string body;         // of a twin
    std::int64_t version = 0; // of the reported properties after a patch
    std::vector<hub::CloudMessage> messages;
};

std::size_t bytes_of(const Step& step);

/// Takes the next batch off the front of the queue: the longest run of messages, or of messages to
/// be settled, within the bounds of one store transaction, or a single other step.
Batch take_batch(std::list<Step>& queue);

/// A batch on its way through the workers. Whoever comes first performs it, anybody else waits for
/// that and has the same outcome: so what comes after it can be done by another worker, in order.
class Errand {
  public:
    explicit Errand(Batch batch) : batch_(std::move(batch)) {}

    [[nodiscard]] const Batch& batch() const { return batch_; }

    const Outcome& perform(hub::Service& hub, const hub::IdentityId& who);

    /// Nobody has performed it, and nobody will: this is its outcome.
    void refuse(const Error& error);

  private:
    const Batch batch_;
    std::mutex mutex_;
    std::optional<Outcome> outcome_;
};

/// What a device sent before its connection ended, and its will.
struct LastWords {
    hub::IdentityId who;
    std::string generation_id;
    std::shared_ptr<Errand> before; // null if there is none
    bool is_under_way = false;      // a worker has it already
    std::list<Step> steps;
    hub::LinkId link = 0;
};

/// Does what nobody waits for any more. A device that was deleted, disabled or made anew has no
/// last word, and nothing overtakes what could not be stored. The steps take their turns and are
/// charged like all others, but wait for nothing; what the hub has no room for is dropped. What the
/// device was sent and did not acknowledge goes back to its queue.
void perform(hub::Service& hub, LastWords words);

} // namespace muster::gateway
