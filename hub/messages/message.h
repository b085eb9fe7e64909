#pragma once
// Messages from back ends to devices (reference: iothub A.9, B.14): what one is, how it stands in
// its device's queue, and what is told about its end. Values only.

#include "base/clock.h"
#include "hub/identity_id.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::hub {

struct MessageLimits {
    std::size_t pending_max = 50;            // per identity
    std::size_t message_bytes_max = 65'536;  // body and properties
    std::size_t property_bytes_max = 49'152; // percent-encoded: they must fit an MQTT topic
    int deliveries_max = 10;                 // then the message is given up
    std::chrono::seconds time_to_live{std::chrono::hours(1)}; // if the sender names no expiry
    std::chrono::seconds time_to_live_max{std::chrono::hours(48)};
    std::chrono::seconds lock_time{60}; // of a message that is received over HTTPS
    std::int64_t feedback_max = 10'000; // records per hub; the oldest go first
    std::chrono::seconds feedback_age_max{std::chrono::hours(1)};
};

/// Of which ends the sender wants to hear.
enum class Acknowledgement : std::uint8_t { none, negative, positive, full };

/// Application properties, and system properties by their `$.` names (iothub A.8).
using MessageProperties = std::vector<std::pair<std::string, std::string>>;

struct CloudMessage {
    std::int64_t sequence = 0; // 1, 2, 3, ... per queue
    WallTime enqueued;
    WallTime expires;
    int deliveries = 0; // that came to nothing
    Acknowledgement acknowledgement = Acknowledgement::none;
    std::string generation_id; // of the identity it was sent to
    MessageProperties properties;
    std::string body;

    bool operator==(const CloudMessage&) const = default;
};

/// Empty if it is not set.
std::string_view property_of(const MessageProperties& properties, std::string_view name);

/// Who received a message and may settle it.
struct MessageLock {
    std::string token; // a GUID
    WallTime until;

    bool operator==(const MessageLock&) const = default;
};

/// A message in its queue, without what only the device wants to know.
struct QueuedMessage {
    std::int64_t sequence = 0;
    WallTime enqueued;
    WallTime expires;
    int deliveries = 0;
    Acknowledgement acknowledgement = Acknowledgement::none;
    std::string generation_id;
    std::string message_id;
    std::optional<MessageLock> lock; // invisible while there is one

    bool operator==(const QueuedMessage&) const = default;
};

/// All that waits for one identity, oldest first.
struct MessageQueue {
    std::int64_t version = 0; // 0: there never was a message
    std::int64_t last_sequence = 0;
    std::vector<QueuedMessage> messages;

    bool operator==(const MessageQueue&) const = default;
};

enum class MessageEnd : std::uint8_t {
    success,
    expired,
    delivery_count_exceeded,
    rejected,
    purged,
};

struct FeedbackRecord {
    std::int64_t sequence = 0; // 1, 2, 3, ... per hub; given by the store
    IdentityId identity;
    std::string generation_id;
    std::string message_id;
    MessageEnd end = MessageEnd::success;
    WallTime at; // when it ended

    bool operator==(const FeedbackRecord&) const = default;
};

/// What a step changes in a queue: one transaction.
struct QueueChange {
    std::optional<CloudMessage> added;
    std::vector<QueuedMessage> updated; // deliveries and lock
    std::vector<std::int64_t> removed;  // sequences
    std::vector<FeedbackRecord> feedback;
    std::int64_t pending = 0; // messages in the queue afterwards
    std::int64_t feedback_max = 0;
};

} // namespace muster::hub
