#include "hub/events/event.h"

#include "base/text.h"

#include <array>

namespace muster::hub {

namespace {

// Roughly what the columns beside the texts take.
constexpr std::size_t row_bytes = 64;

struct SourceName {
    EventSource source;
    std::string_view name;
};

constexpr std::array source_names{
    SourceName{EventSource::telemetry, "Telemetry"},
    SourceName{EventSource::twin_change, "twinChangeEvents"},
    SourceName{EventSource::lifecycle, "deviceLifecycleEvents"},
    SourceName{EventSource::connection_state, "deviceConnectionStateEvents"},
};

/// FNV-1a with 64 bits: short, and the same everywhere.
std::uint64_t stable_hash(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char byte : text) {
        hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
    }
    return hash ^ hash >> 32; // its lowest bits alone are weak
}

} // namespace

std::string_view name_of(EventSource source) {
    for (const SourceName& known : source_names) {
        if (known.source == source) {
            return known.name;
        }
    }
    return {};
}

Result<EventSource> parse_event_source(std::string_view text) {
    for (const SourceName& known : source_names) {
        if (equal_ignoring_case(known.name, text)) {
            return known.source;
        }
    }
    return fail(Code::malformed, "not a source of events");
}

int partition_of(const DeviceId& device, int partition_count) {
    return static_cast<int>(stable_hash(device.text()) %
                            static_cast<std::uint64_t>(partition_count));
}

std::size_t bytes_of(const Event& event) {
    std::size_t bytes = row_bytes + event.identity.device.text().size() +
                        event.identity.module.text().size() + event.auth_method.size() +
                        event.generation_id.size() + event.model_id.size() + event.body.size();
    for (const auto& [name, value] : event.properties) {
        bytes += name.size() + value.size();
    }
    return bytes;
}

} // namespace muster::hub
