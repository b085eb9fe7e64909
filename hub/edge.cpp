#include "hub/edge.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::hub {

namespace {

constexpr std::string_view scheme = "ms-azure-iot-edge://";

} // namespace

bool is_system_module(const ModuleId& id) {
    return std::ranges::find(system_modules, id.text()) != system_modules.end();
}

std::string edge_scope_of(const Device& edge) {
    return fmt::format("{}{}-{}", scheme, edge.id.text(), edge.generation_id);
}

std::optional<EdgeScope> parse_edge_scope(std::string_view text) {
    if (!text.starts_with(scheme)) {
        return std::nullopt;
    }
    text.remove_prefix(scheme.size());
    const std::size_t dash = text.rfind('-'); // ids may hold some, generations do not
    if (dash == std::string_view::npos) {
        return std::nullopt;
    }
    auto device = parse_device_id(text.substr(0, dash));
    if (!device) {
        return std::nullopt;
    }
    return EdgeScope{std::move(*device), std::string(text.substr(dash + 1))};
}

void assign_scopes(Device& device, const Device* before) {
    if (device.iot_edge) {
        device.device_scope = edge_scope_of(device);
        return;
    }
    const bool names_parent = !device.parent_scopes.empty() &&
                              (before == nullptr || device.parent_scopes != before->parent_scopes);
    if (device.device_scope.empty() && names_parent) {
        device.device_scope = device.parent_scopes.front();
    }
    device.parent_scopes.clear();
    if (!device.device_scope.empty()) {
        device.parent_scopes.push_back(device.device_scope);
    }
}

std::vector<std::string> new_parents(const Device& device, const Device* before) {
    std::vector<std::string> added;
    for (const std::string& scope : device.parent_scopes) {
        const bool is_known =
            before != nullptr &&
            std::ranges::find(before->parent_scopes, scope) != before->parent_scopes.end();
        if (!is_known) {
            added.push_back(scope);
        }
    }
    return added;
}

} // namespace muster::hub
