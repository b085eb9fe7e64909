#include "base/ids.h"

#include <algorithm>

namespace muster {

namespace {

constexpr std::size_t id_bytes_max = 128;
constexpr std::size_t scope_bytes_min = 11; // "0ne" and eight more
constexpr std::size_t scope_bytes_max = 64;

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/// Letters, digits and the characters of `others` only.
bool consists_of(std::string_view text, std::string_view others) {
    return std::ranges::all_of(text, [&](char c) {
        return is_alphanumeric(c) || others.find(c) != std::string_view::npos;
    });
}

// dps-device 6.1; enrollment groups keep to the same grammar.
bool is_registration_id(std::string_view text) {
    return !text.empty() && text.size() <= id_bytes_max && consists_of(text, "-._:") &&
           (is_alphanumeric(text.back()) || text.back() == '-');
}

/// What devices and modules of a hub may be called (iothub B.3).
bool is_hub_id(std::string_view text) {
    return !text.empty() && text.size() <= id_bytes_max && consists_of(text, "-:.+%_#*?!(),=@$'");
}

} // namespace

Result<RegistrationId> parse_registration_id(std::string_view text) {
    if (!is_registration_id(text)) {
        return fail(Code::malformed, "not a registration id");
    }
    return RegistrationId(std::string(text));
}

Result<EnrollmentGroupId> parse_enrollment_group_id(std::string_view text) {
    if (!is_registration_id(text)) {
        return fail(Code::malformed, "not an enrollment group id");
    }
    return EnrollmentGroupId(std::string(text));
}

Result<DeviceId> parse_device_id(std::string_view text) {
    if (!is_hub_id(text)) {
        return fail(Code::malformed, "not a device id");
    }
    return DeviceId(std::string(text));
}

Result<ModuleId> parse_module_id(std::string_view text) {
    if (!is_hub_id(text)) {
        return fail(Code::malformed, "not a module id");
    }
    return ModuleId(std::string(text));
}

Result<IdScope> parse_id_scope(std::string_view text) {
    if (text.size() < scope_bytes_min || text.size() > scope_bytes_max ||
        !text.starts_with("0ne") || !consists_of(text, "")) {
        return fail(Code::malformed, "not an id scope");
    }
    return IdScope(std::string(text));
}

} // namespace muster
