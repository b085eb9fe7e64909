#include "app/hubs/hub_refusal.h"

#include "base/text.h"
#include "provisioning/hubs.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace muster::app {

namespace {

constexpr JsonLimits limits{.bytes_max = 256 * 1024, .depth_max = 16};
constexpr std::size_t name_bytes_max = 64;
constexpr std::chrono::seconds retry_after_max{3600};

/// By name or by number, as the hub has it.
struct Reason {
    std::string name;
    long long number = 0;
};

enum class Missing { the_hub, something_at_it };

struct Known {
    long long number;
    std::string_view name;
    Code code;
};

/// Those that say more than their status does, and those that bulk results need, which come without
/// a status.
constexpr Known known[] = {
    {400000, "GenericBadRequest", Code::malformed},
    {400003, "InvalidOperation", Code::unsupported},
    {400004, "ArgumentInvalid", Code::malformed},
    {400005, "ArgumentNull", Code::malformed},
    {400006, "IotHubFormatError", Code::malformed},
    {400011, "DeviceDefinedMultipleTimes", Code::malformed},
    {400012, "DeserializationError", Code::malformed},
    {400021, "RequestCanceled", Code::unavailable},
    {400023, "EtagDoesNotMatch", Code::precondition},
    {400024, "RequestTimedOut", Code::deadline_exceeded},
    {400028, "InvalidDeviceScope", Code::malformed},
    {400301, "CannotRegisterModuleToModule", Code::malformed},
    {401002, "IotHubUnauthorizedAccess", Code::unauthenticated},
    {401003, "IotHubUnauthorized", Code::unauthenticated},
    {401100, "SystemModuleModifyUnauthorizedAccess", Code::malformed},
    {403001, "IotHubSuspended", Code::unavailable},
    {403002, "IotHubQuotaExceeded", Code::rate_limited},
    {403010, "OperationNotAvailableInCurrentTier", Code::unsupported},
    {404001, "DeviceNotFound", Code::not_found},
    {404010, "ModuleNotFound", Code::not_found},
    {404012, "IotHubFailingOver", Code::unavailable},
    {404013, "FeatureNotSupported", Code::unsupported},
    {405104, "BulkAddDevicesNotSupported", Code::unsupported},
    {409001, "DeviceAlreadyExists", Code::already_exists},
    {409301, "ModuleAlreadyExistsOnDevice", Code::already_exists},
    {412000, "GenericPreconditionFailed", Code::precondition},
    {412001, "PreconditionFailed", Code::precondition},
    {413000, "GenericRequestEntityTooLarge", Code::too_large},
    {413001, "MessageTooLarge", Code::too_large},
    {413002, "TooManyDevices", Code::too_large},
    {413003, "TooManyModulesOnDevice", Code::too_large},
    {429000, "GenericTooManyRequests", Code::rate_limited},
    {429001, "ThrottlingException", Code::rate_limited},
    {429002, "ThrottleBacklogLimitExceeded", Code::rate_limited},
    {429003, "ThrottlingBacklogTimeout", Code::rate_limited},
    {429005, "DeviceThrottlingLimitExceeded", Code::rate_limited},
};

std::optional<Code> code_of(const Reason& reason) {
    const auto* found = std::ranges::find_if(known, [&](const Known& one) {
        return one.number == reason.number || one.name == reason.name;
    });
    return found == std::end(known) ? std::nullopt : std::optional(found->code);
}

Code code_of(long long status) {
    switch (status) {
    case 400:
    case 415: return Code::malformed;
    case 401:
    case 403: return Code::unauthenticated;
    case 404: return Code::not_found;
    case 405: return Code::unsupported;
    case 408:
    case 504: return Code::deadline_exceeded;
    case 412: return Code::precondition;
    case 413: return Code::too_large;
    case 429: return Code::rate_limited;
    default: return Code::unavailable; // 5xx, other conflicts, and what no hub answers
    }
}

/// Only what can be one: it goes into the log.
std::string as_name(std::string_view text) {
    text = trim(text);
    const bool is_name =
        text.size() <= name_bytes_max && std::ranges::all_of(text, [](unsigned char byte) {
            return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                   (byte >= '0' && byte <= '9');
        });
    return is_name ? std::string(text) : std::string();
}

Reason reason_in(const Json* error_code) {
    if (error_code != nullptr && error_code->is_int64()) {
        return {.name = {}, .number = error_code->get_int64()};
    }
    if (error_code != nullptr && error_code->is_string()) {
        const std::string_view text = error_code->get_string();
        const auto number = parse_decimal(text);
        return {.name = as_name(text),
                .number = static_cast<long long>(number.value_or(0) % 1'000'000)};
    }
    return {};
}

/// `ErrorCode:DeviceNotFound;E_NOT_FOUND` or `{"errorCode":404001,..}` (B.17).
Reason reason_in(std::string_view message) {
    constexpr std::string_view start = "ErrorCode:";
    if (message.starts_with(start)) {
        message.remove_prefix(start.size());
        return {.name = as_name(message.substr(0, message.find(';')))};
    }
    const auto inner = parse_json_object(message, limits);
    return inner ? reason_in(find_member(*inner, "errorCode")) : Reason{};
}

Reason reason_of(const net::HttpReply& reply) {
    if (std::string name = as_name(reply.header("iothub-errorcode")); !name.empty()) {
        return {.name = std::move(name)};
    }
    const auto body = parse_json_object(reply.body, limits);
    if (!body) {
        return {};
    }
    const Json* message = find_member(*body, "Message");
    return message != nullptr && message->is_string()
               ? reason_in(std::string_view(message->get_string()))
               : reason_in(find_member(*body, "errorCode"));
}

std::string detail_of(Code code, Missing missing) {
    switch (code) {
    case Code::unauthenticated: return "the hub refused our key";
    case Code::not_found:
        return missing == Missing::the_hub ? std::string(provisioning::hub_unknown)
                                           : "the hub has no such device";
    case Code::already_exists: return "the hub has such a device already";
    case Code::precondition: return "the identity at the hub has changed";
    case Code::too_large: return "the hub takes no more, or not so much";
    case Code::rate_limited: return "the hub asks for fewer requests";
    case Code::unsupported: return "the hub does not offer that";
    case Code::malformed: return "the hub finds something wrong with the request";
    case Code::deadline_exceeded: return "the hub did not get ready in time";
    default: return "the hub cannot do it now";
    }
}

Error refusal(Code code, Missing missing, std::string cause) {
    return {.code = code, .detail = detail_of(code, missing), .cause = std::move(cause)};
}

std::optional<std::chrono::seconds> retry_after(const net::HttpReply& reply) {
    const auto seconds = parse_decimal(trim(reply.header("retry-after")));
    if (!seconds) {
        return std::nullopt;
    }
    return std::chrono::seconds(
        std::min<unsigned long long>(*seconds, static_cast<unsigned>(retry_after_max.count())));
}

Error bulk_refusal(const Json& first) {
    const Reason reason =
        first.is_object() ? reason_in(find_member(first.get_object(), "errorCode")) : Reason{};
    // What has no status and no name that we know may be anything; it is tried again.
    const Code code = code_of(reason).value_or(code_of(reason.number / 1000));
    return refusal(code, Missing::something_at_it,
                   fmt::format("bulk result {} {}", reason.name, reason.number));
}

const Json* first_of(const JsonObject& body, std::string_view list) {
    const Json* member = find_member(body, list);
    return member == nullptr || !member->is_array() || member->get_array().empty()
               ? nullptr
               : &member->get_array().front();
}

} // namespace

std::unexpected<Error> unreadable(std::string_view what) {
    return fail(Code::unavailable, fmt::format("the hub's answer cannot be used: {}", what));
}

Error refusal_of(const net::HttpReply& reply) {
    const Reason reason = reason_of(reply);
    const auto said = code_of(reason);
    // A 404 that names nothing comes from whoever else has that address, or from a hub's front that
    // does not know the hub; so does IotHubNotFound, under whatever status.
    const bool no_hub = reason.name == "IotHubNotFound" || reason.number == 401001;
    const Code code = no_hub ? Code::not_found : said.value_or(code_of(reply.status));
    Error error = refusal(code, said && !no_hub ? Missing::something_at_it : Missing::the_hub,
                          fmt::format("status {} {} {}", reply.status, reason.name, reason.number));
    if (code == Code::rate_limited || code == Code::unavailable) {
        error.retry_after = retry_after(reply);
    }
    return error;
}

Result<void> bulk_outcome(const net::HttpReply& reply) {
    const auto body = parse_json_object(reply.body, limits);
    const bool has_result = body && body->contains("isSuccessful");
    if (!has_result) {
        return reply.status == 200 ? Result<void>(unreadable("it is no result of a bulk operation"))
                                   : std::unexpected(refusal_of(reply));
    }
    if (const Json* error = first_of(*body, "errors")) {
        return std::unexpected(bulk_refusal(*error));
    }
    if (body->at("isSuccessful") != Json(true) || reply.status != 200) {
        return unreadable("it neither succeeded nor says why");
    }
    if (first_of(*body, "warnings") != nullptr) {
        return unreadable("the device may lack its twin"); // DeviceRegisteredWithoutTwin
    }
    return {};
}

bool lacks_right(const net::HttpReply& reply) {
    const Reason reason = reason_of(reply);
    return reply.status == 401 &&
           (reason.name == "IotHubUnauthorizedAccess" || reason.number == 401002);
}

} // namespace muster::app
