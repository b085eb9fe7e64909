#pragma once
// MQTT topics, user names and property bags of the two services (reference: dps-device 3.1 to 3.5,
// iothub A.3, A.7 to A.11). Text to values and back; what they mean is decided elsewhere.

#include "base/ids.h"
#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace muster::topics {

/// A longer `$rid` is malformed. Answers carry it in a longer topic, which must still fit MQTT.
inline constexpr std::size_t rid_bytes_max = 1024;

// ---- provisioning ----

struct ProvisioningUser {
    std::string scope;
    std::string registration_id;
    std::string api_version;    // may be empty
    std::string client_version; // percent-decoded if it can be; informational

    bool operator==(const ProvisioningUser&) const = default;
};

/// `{scope}/registrations/{regId}/api-version=...&ClientVersion=...`, parameters in any order.
Result<ProvisioningUser> parse_provisioning_user(std::string_view user_name);

struct RegisterTopic {
    std::string rid; // byte for byte

    bool operator==(const RegisterTopic&) const = default;
};

struct StatusTopic {
    std::string rid;
    std::string operation_id; // percent-decoded

    bool operator==(const StatusTopic&) const = default;
};

using ProvisioningTopic = std::variant<RegisterTopic, StatusTopic>;

Result<ProvisioningTopic> parse_provisioning_topic(std::string_view topic);

/// `$dps/registrations/res/{status}/?$rid={rid}[&retry-after={seconds}]`
std::string provisioning_response(unsigned status, std::string_view rid,
                                  std::optional<unsigned> retry_after_seconds);

inline constexpr std::string_view provisioning_response_filter = "$dps/registrations/res/#";

// ---- hub ----

struct HubUser {
    std::string host; // lower case, without port
    std::string device_id;
    std::string module_id; // empty for a device
    std::string api_version;
    std::string model_id;
    std::string client_type;

    bool operator==(const HubUser&) const = default;
};

/// `{host}/{d}[/{m}]/?api-version=...&...`, everything after the ids optional.
Result<HubUser> parse_hub_user(std::string_view user_name);

/// One property of a bag. System properties keep their `$.` prefix, decoded.
using Property = std::pair<std::string, std::string>;
using Properties = std::vector<Property>;

/// Lenient as iothub A.8 asks: one trailing '/', keys without '=', last of duplicates wins.
/// Error: malformed for broken percent-escapes or invalid UTF-8.
Result<Properties> parse_property_bag(std::string_view bag);
std::string format_property_bag(const Properties& properties);

struct Telemetry {
    std::string device_id;
    std::string module_id;
    Properties properties;

    bool operator==(const Telemetry&) const = default;
};

struct TwinGet {
    std::string rid;

    bool operator==(const TwinGet&) const = default;
};

struct TwinPatch {
    std::string rid;

    bool operator==(const TwinPatch&) const = default;
};

struct MethodResponse {
    int status = 0;
    std::string rid;

    bool operator==(const MethodResponse&) const = default;
};

using HubTopic = std::variant<Telemetry, TwinGet, TwinPatch, MethodResponse>;

/// A topic that a device publishes to. Error: malformed for every other topic.
Result<HubTopic> parse_hub_topic(std::string_view topic);

enum class HubFilter : std::uint8_t {
    cloud_to_device,
    module_inputs,
    twin_responses,
    desired_patches,
    methods,
};

/// A filter that a device of this identity may subscribe to; `devices/+/...` means its own id.
/// Error: unsupported for any other filter.
Result<HubFilter> parse_hub_filter(std::string_view filter, std::string_view device_id,
                                   std::string_view module_id);

std::string twin_response(unsigned status, std::string_view rid,
                          std::optional<std::int64_t> version);
std::string desired_patch(std::int64_t version);
std::string method_request(std::string_view name, std::string_view rid);

/// `devices/{d}/messages/devicebound/{bag}`. The bag is never empty, begins with `$.to` (the
/// device's own address if the message has none) and has the other system properties before the
/// application's (iothub A.9).
std::string cloud_to_device(std::string_view device_id, const Properties& properties);

} // namespace muster::topics
