#pragma once
// A hub's connection string as far as the control plane looks into it (reference: dps-service
// 10.2). Whether it opens the hub is for provisioning::Hubs to say.

#include <string>
#include <string_view>

namespace muster::gateway {

inline constexpr std::string_view masked_key = "****";

/// Empty what is not there. Field names compare without case; the values are views of the text.
struct ConnectionString {
    std::string_view host_name;
    std::string_view policy;
    std::string_view key;

    [[nodiscard]] bool is_masked() const { return key == masked_key; }
};

ConnectionString parse_connection_string(std::string_view text);

} // namespace muster::gateway
