#include "hub/device_rules.h"

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/keys.h"
#include "hub/edge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <utility>

namespace muster::hub {

namespace {

std::string upper_case(std::string_view text) {
    std::string upper(text);
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) {
        return static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    });
    return upper;
}

Result<void> check_key(std::string_view name, const Secret& key) {
    const std::size_t bytes = key.reveal().size();
    if (bytes == 0 ||
        (bytes >= DeviceLimits::key_bytes_min && bytes <= DeviceLimits::key_bytes_max)) {
        return {};
    }
    return fail(Code::malformed,
                fmt::format("{} must be {} to {} bytes in base64", name,
                            DeviceLimits::key_bytes_min, DeviceLimits::key_bytes_max));
}

Result<void> check_thumbprint(std::string_view name, const std::string& thumbprint) {
    const bool is_hex =
        std::ranges::all_of(thumbprint, [](unsigned char c) { return std::isxdigit(c) != 0; });
    const bool fits = thumbprint.empty() || thumbprint.size() == 40 || thumbprint.size() == 64;
    if (is_hex && fits) {
        return {};
    }
    return fail(Code::malformed, fmt::format("{} must be 40 or 64 hex digits", name));
}

Result<void> check_authentication(const Authentication& authentication) {
    if (authentication.type == AuthenticationType::sas) {
        if (auto fine = check_key("primaryKey", authentication.primary_key); !fine) {
            return fine;
        }
        return check_key("secondaryKey", authentication.secondary_key);
    }
    if (authentication.type != AuthenticationType::self_signed) {
        return {};
    }
    if (authentication.primary_thumbprint.empty() && authentication.secondary_thumbprint.empty()) {
        return fail(Code::malformed, "selfSigned authentication needs a thumbprint");
    }
    if (auto fine = check_thumbprint("primaryThumbprint", authentication.primary_thumbprint);
        !fine) {
        return fine;
    }
    return check_thumbprint("secondaryThumbprint", authentication.secondary_thumbprint);
}

Result<void> check_scopes(const Device& device) {
    const auto too_long = [](const std::string& scope) {
        return scope.size() > DeviceLimits::scope_bytes_max;
    };
    if (too_long(device.device_scope) || std::ranges::any_of(device.parent_scopes, too_long)) {
        return fail(Code::malformed,
                    fmt::format("a scope is over {} bytes", DeviceLimits::scope_bytes_max));
    }
    if (device.parent_scopes.size() > DeviceLimits::parent_scopes_max) {
        return fail(Code::malformed,
                    fmt::format("more than {} parentScopes", DeviceLimits::parent_scopes_max));
    }
    return {};
}

/// Keeps only what belongs to the type, and fills keys left open (B.3: empty or absent).
Authentication completed(Authentication wanted, const Secret& primary, const Secret& secondary) {
    if (wanted.type != AuthenticationType::sas) {
        wanted.primary_key = Secret();
        wanted.secondary_key = Secret();
    } else {
        wanted.primary_key = wanted.primary_key.empty() ? primary : wanted.primary_key;
        wanted.secondary_key = wanted.secondary_key.empty() ? secondary : wanted.secondary_key;
    }
    const bool has_thumbprints = wanted.type == AuthenticationType::self_signed;
    wanted.primary_thumbprint = has_thumbprints ? upper_case(wanted.primary_thumbprint) : "";
    wanted.secondary_thumbprint = has_thumbprints ? upper_case(wanted.secondary_thumbprint) : "";
    wanted.left_open = false;
    return wanted;
}

/// A module is as its device is.
void leave_to_device(Device& module) {
    module.status = DeviceStatus::enabled;
    module.status_reason.clear();
    module.iot_edge = false;
    module.device_scope.clear();
    module.parent_scopes.clear();
}

void fit_kind(Device& wanted, const Device* before) {
    if (wanted.identity().is_module()) {
        leave_to_device(wanted);
    } else {
        wanted.managed_by.clear();
        assign_scopes(wanted, before);
    }
}

std::uint64_t number_from(std::string_view bytes) {
    std::uint64_t number = 0;
    for (const char byte : bytes) {
        number = number << 8 | static_cast<unsigned char>(byte);
    }
    return number;
}

} // namespace

Fresh draw(Random& random) {
    return {.generation_id = std::to_string(number_from(random.bytes(8))),
            .etag = ETag(base64_encode(random.bytes(9))), // 12 characters without padding
            .primary_key = crypto::new_key(random, DeviceLimits::generated_key_bytes),
            .secondary_key = crypto::new_key(random, DeviceLimits::generated_key_bytes)};
}

Result<void> check_device(const Device& wanted) {
    if (auto id = parse_device_id(wanted.id.text()); !id) {
        return std::unexpected(std::move(id.error()));
    }
    if (!wanted.module.empty()) {
        if (auto module = parse_module_id(wanted.module.text()); !module) {
            return std::unexpected(std::move(module.error()));
        }
    }
    if (wanted.managed_by.size() > DeviceLimits::managed_by_bytes_max) {
        return fail(Code::malformed,
                    fmt::format("managedBy is over {} bytes", DeviceLimits::managed_by_bytes_max));
    }
    if (wanted.status_reason.size() > DeviceLimits::status_reason_bytes_max) {
        return fail(Code::malformed, fmt::format("statusReason is over {} bytes",
                                                 DeviceLimits::status_reason_bytes_max));
    }
    if (auto fine = check_scopes(wanted); !fine) {
        return fine;
    }
    return check_authentication(wanted.authentication);
}

Device created_device(Device wanted, const Fresh& fresh, WallTime now) {
    wanted.generation_id = fresh.generation_id;
    wanted.version = 1;
    wanted.etag = fresh.etag;
    wanted.status_updated = never();
    wanted.created = now;
    wanted.authentication =
        completed(std::move(wanted.authentication), fresh.primary_key, fresh.secondary_key);
    fit_kind(wanted, nullptr);
    return wanted;
}

Device created_system_module(const Device& edge, std::string_view name, const Fresh& fresh,
                             WallTime now) {
    Device module;
    module.id = edge.id;
    module.module = ModuleId(std::string(name));
    module.authentication.type = AuthenticationType::none; // until the Edge runtime says otherwise
    return created_device(std::move(module), fresh, now);
}

Device with_new_keys(Device device, KeySlots which, const Fresh& fresh) {
    ++device.version;
    device.etag = fresh.etag;
    if (which != KeySlots::secondary) {
        device.authentication.primary_key = fresh.primary_key;
    }
    if (which != KeySlots::primary) {
        device.authentication.secondary_key = fresh.secondary_key;
    }
    return device;
}

Device updated_device(const Device& current, Device wanted, const Fresh& fresh, WallTime now) {
    wanted.id = current.id;
    wanted.module = current.module;
    wanted.generation_id = current.generation_id;
    wanted.version = current.version + 1;
    wanted.etag = fresh.etag;
    wanted.created = current.created;
    fit_kind(wanted, &current);
    wanted.status_updated = wanted.status == current.status ? current.status_updated : now;
    if (wanted.authentication.left_open) {
        wanted.authentication = current.authentication;
    } else {
        const bool has_keys = current.authentication.type == AuthenticationType::sas;
        wanted.authentication =
            completed(std::move(wanted.authentication),
                      has_keys ? current.authentication.primary_key : fresh.primary_key,
                      has_keys ? current.authentication.secondary_key : fresh.secondary_key);
    }
    return wanted;
}

bool same_credentials(const Authentication& left, const Authentication& right) {
    return left.type == right.type && left.primary_key == right.primary_key &&
           left.secondary_key == right.secondary_key &&
           equal_ignoring_case(left.primary_thumbprint, right.primary_thumbprint) &&
           equal_ignoring_case(left.secondary_thumbprint, right.secondary_thumbprint);
}

bool ends_connections(const Device& before, const Device& after) {
    return after.status == DeviceStatus::disabled ||
           !same_credentials(before.authentication, after.authentication);
}

} // namespace muster::hub
