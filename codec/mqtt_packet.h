#pragma once
// MQTT 3.1.1 control packets as values (OASIS standard, sections 3.1 to 3.14), bytes to values and
// back. Both directions are here because the device client and the tests speak the other side.

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace muster::mqtt {

enum class QoS : std::uint8_t { at_most_once = 0, at_least_once = 1, exactly_once = 2 };

struct Will {
    std::string topic;
    std::string payload;
    QoS qos = QoS::at_most_once;
    bool retain = false;

    bool operator==(const Will&) const = default;
};

struct Connect {
    std::uint8_t protocol_level = 4;
    bool clean_session = true;
    std::uint16_t keep_alive_seconds = 0;
    std::string client_id;
    std::optional<Will> will;
    std::optional<std::string> user_name;
    std::optional<std::string> password;

    bool operator==(const Connect&) const = default;
};

enum class ConnectCode : std::uint8_t {
    accepted = 0,
    unacceptable_protocol = 1,
    identifier_rejected = 2,
    server_unavailable = 3,
    bad_user_name_or_password = 4,
    not_authorized = 5,
};

struct Connack {
    bool session_present = false;
    ConnectCode code = ConnectCode::accepted;

    bool operator==(const Connack&) const = default;
};

struct Publish {
    std::string topic;
    std::string payload;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    bool duplicate = false;
    std::uint16_t packet_id = 0; // 0 exactly when qos is at_most_once

    bool operator==(const Publish&) const = default;
};

struct Puback {
    std::uint16_t packet_id = 0;

    bool operator==(const Puback&) const = default;
};

struct Subscription {
    std::string filter;
    QoS qos = QoS::at_most_once;

    bool operator==(const Subscription&) const = default;
};

struct Subscribe {
    std::uint16_t packet_id = 0;
    std::vector<Subscription> subscriptions;

    bool operator==(const Subscribe&) const = default;
};

struct Suback {
    static constexpr std::uint8_t failure = 0x80;
    std::uint16_t packet_id = 0;
    std::vector<std::uint8_t> codes; // the granted QoS, or failure, one for each subscription

    bool operator==(const Suback&) const = default;
};

struct Unsubscribe {
    std::uint16_t packet_id = 0;
    std::vector<std::string> filters;

    bool operator==(const Unsubscribe&) const = default;
};

struct Unsuback {
    std::uint16_t packet_id = 0;

    bool operator==(const Unsuback&) const = default;
};

struct Pingreq {
    bool operator==(const Pingreq&) const = default;
};

struct Pingresp {
    bool operator==(const Pingresp&) const = default;
};

struct Disconnect {
    bool operator==(const Disconnect&) const = default;
};

using Packet = std::variant<Connect, Connack, Publish, Puback, Subscribe, Suback, Unsubscribe,
                            Unsuback, Pingreq, Pingresp, Disconnect>;

/// The packet must be one that MQTT can express: texts of at most text_bytes_max, a packet id
/// exactly where one belongs. Anything else is a mistake of the caller (CHECK).
std::string encode(const Packet& packet);

inline constexpr std::size_t text_bytes_max = 65'535;            // 1.5.3
inline constexpr std::size_t remaining_length_max = 268'435'455; // 2.2.3

/// Cuts a byte stream into packets. After an error it stays in error.
class Decoder {
  public:
    explicit Decoder(std::size_t packet_bytes_max) : packet_bytes_max_(packet_bytes_max) {}

    void feed(std::string_view bytes);

    /// For what follows. A server trusts the first packet with less than the others.
    void limit_packets_to(std::size_t packet_bytes_max) { packet_bytes_max_ = packet_bytes_max; }

    /// The next whole packet; nothing if more bytes are needed. Errors: malformed (section named in
    /// the detail), too_large (decided from the length alone, before the body is kept), unsupported
    /// (PUBREC, PUBREL, PUBCOMP, reserved types).
    Result<std::optional<Packet>> next();

    /// Bytes fed and not yet handed out; below packet_bytes_max once next() has nothing more.
    [[nodiscard]] std::size_t pending_bytes() const { return buffer_.size() - consumed_; }

  private:
    Result<std::optional<Packet>> cut();

    std::size_t packet_bytes_max_;
    std::string buffer_;
    std::size_t consumed_ = 0;
    std::optional<Error> error_;
};

} // namespace muster::mqtt
