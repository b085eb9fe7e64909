#pragma once
// MQTT 3.1.1 control packets as values (OASIS standard, sections 3.1 to 3.14), bytes to values and
// back. Both directions are here because the device client and the tests speak the other side.

#include "base/result.h"

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
};

struct Connect {
    std::uint8_t protocol_level = 4;
    bool clean_session = true;
    std::uint16_t keep_alive_seconds = 0;
    std::string client_id;
    std::optional<Will> will;
    std::optional<std::string> user_name;
    std::optional<std::string> password;
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
};

struct Publish {
    std::string topic;
    std::string payload;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    bool duplicate = false;
    std::uint16_t packet_id = 0; // 0 exactly when qos is at_most_once
};

struct Puback {
    std::uint16_t packet_id = 0;
};

struct Subscription {
    std::string filter;
    QoS qos = QoS::at_most_once;
};

struct Subscribe {
    std::uint16_t packet_id = 0;
    std::vector<Subscription> subscriptions;
};

struct Suback {
    static constexpr std::uint8_t failure = 0x80;
    std::uint16_t packet_id = 0;
    std::vector<std::uint8_t> codes; // the granted QoS, or failure, one for each subscription
};

struct Unsubscribe {
    std::uint16_t packet_id = 0;
    std::vector<std::string> filters;
};

struct Unsuback {
    std::uint16_t packet_id = 0;
};

struct Pingreq {};

struct Pingresp {};

struct Disconnect {};

using Packet = std::variant<Connect, Connack, Publish, Puback, Subscribe, Suback, Unsubscribe,
                            Unsuback, Pingreq, Pingresp, Disconnect>;

std::string encode(const Packet& packet);

/// Cuts a byte stream into packets. After an error it stays in error.
class Decoder {
  public:
    explicit Decoder(std::size_t packet_bytes_max) : packet_bytes_max_(packet_bytes_max) {}

    void feed(std::string_view bytes);

    /// The next whole packet; nothing if more bytes are needed. Errors: malformed (section named in
    /// the detail), too_large (decided from the length alone, before the body is kept), unsupported
    /// (PUBREC, PUBREL, PUBCOMP, reserved types).
    Result<std::optional<Packet>> next();

    /// Bytes kept for the packet under way; never above packet_bytes_max.
    [[nodiscard]] std::size_t pending_bytes() const { return buffer_.size() - consumed_; }

  private:
    std::size_t packet_bytes_max_;
    std::string buffer_;
    std::size_t consumed_ = 0;
    std::optional<Error> error_;
};

} // namespace muster::mqtt
