#pragma once
// Topics as a device sees them (reference: dps-device 3.3 to 3.5, iothub A.7): those it publishes
// to written, those it receives read. The services' view is in codec/topics.h.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster::device {

std::string register_topic(std::string_view rid);
std::string operation_status_topic(std::string_view rid, std::string_view operation_id);

struct RegistrationResponseTopic {
    unsigned status = 0;
    std::string rid;
    std::optional<std::chrono::seconds> retry_after;
};

std::optional<RegistrationResponseTopic> parse_registration_response(std::string_view topic);

inline constexpr std::string_view twin_response_filter = "$iothub/twin/res/#";
inline constexpr std::string_view desired_patch_filter = "$iothub/twin/PATCH/properties/desired/#";
inline constexpr std::string_view method_filter = "$iothub/methods/POST/#";

std::string twin_get_topic(std::string_view rid);
std::string reported_patch_topic(std::string_view rid);
std::string method_response_topic(int status, std::string_view rid);

struct TwinResponseTopic {
    unsigned status = 0;
    std::string rid;
    std::optional<std::int64_t> version;
};

std::optional<TwinResponseTopic> parse_twin_response(std::string_view topic);

struct MethodRequestTopic {
    std::string name;
    std::string rid; // byte for byte
};

std::optional<MethodRequestTopic> parse_method_request(std::string_view topic);

bool is_desired_patch(std::string_view topic);

} // namespace muster::device
