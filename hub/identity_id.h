#pragma once
// Who has a twin, methods and a connection of its own: a device, or a module of one (reference:
// iothub A.13, B.6).

#include "base/ids.h"
#include "base/result.h"

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace muster::hub {

/// A device stands for itself wherever an identity is wanted.
struct IdentityId {
    DeviceId device;
    ModuleId module; // empty: the device itself

    IdentityId() = default;

    IdentityId(DeviceId of) : device(std::move(of)) {} // NOLINT: implicit on purpose

    IdentityId(DeviceId of, ModuleId part) : device(std::move(of)), module(std::move(part)) {}

    [[nodiscard]] bool is_module() const { return !module.empty(); }

    /// "dev-01" or "dev-01/cam", the MQTT client id and the key in the stores: no id holds a slash.
    [[nodiscard]] std::string text() const;

    friend auto operator<=>(const IdentityId&, const IdentityId&) = default;
};

/// Reads what text() writes. Error: malformed.
Result<IdentityId> parse_identity_id(std::string_view text);

} // namespace muster::hub

template <>
struct std::hash<muster::hub::IdentityId> {
    std::size_t operator()(const muster::hub::IdentityId& id) const noexcept {
        const std::hash<std::string> of;
        return of(id.device.text()) * 31 + of(id.module.text());
    }
};
