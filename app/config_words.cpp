#include "app/config_words.h"

#include "base/text.h"

namespace muster::app {

using provisioning::AllocationPolicy;

std::optional<AllocationPolicy> policy_named(std::string_view name) {
    if (equal_ignoring_case(name, "hashed")) {
        return AllocationPolicy::hashed;
    }
    if (equal_ignoring_case(name, "static")) {
        return AllocationPolicy::fixed;
    }
    if (equal_ignoring_case(name, "geoLatency")) {
        return AllocationPolicy::geo_latency;
    }
    return std::nullopt;
}

std::string_view name_of(AllocationPolicy policy) {
    switch (policy) {
    case AllocationPolicy::hashed: return "hashed";
    case AllocationPolicy::geo_latency: return "geoLatency";
    case AllocationPolicy::fixed: return "static";
    case AllocationPolicy::custom: return "custom";
    }
    return "hashed";
}

std::optional<log::Level> level_named(std::string_view name) {
    static constexpr std::pair<std::string_view, log::Level> levels[] = {
        {"debug", log::Level::debug}, {"info", log::Level::info}, {"warning", log::Level::warning},
        {"error", log::Level::error}, {"off", log::Level::off},
    };
    for (const auto& [text, level] : levels) {
        if (text == name) {
            return level;
        }
    }
    return std::nullopt;
}

std::string_view name_of(log::Level level) {
    switch (level) {
    case log::Level::debug: return "debug";
    case log::Level::info: return "info";
    case log::Level::warning: return "warning";
    case log::Level::error: return "error";
    case log::Level::off: return "off";
    }
    return "info";
}

} // namespace muster::app
