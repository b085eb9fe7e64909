#include "hub/routing/route.h"

#include <array>

namespace muster::hub {

namespace {

struct SourceWord {
    std::optional<EventSource> source;
    std::string_view word;
};

constexpr std::array source_words{
    SourceWord{std::nullopt, "all"},
    SourceWord{EventSource::telemetry, "telemetry"},
    SourceWord{EventSource::twin_change, "twin-changes"},
    SourceWord{EventSource::lifecycle, "lifecycle"},
    SourceWord{EventSource::connection_state, "connections"},
};

} // namespace

std::string_view route_source_name(std::optional<EventSource> source) {
    for (const SourceWord& known : source_words) {
        if (known.source == source) {
            return known.word;
        }
    }
    return {};
}

Result<std::optional<EventSource>> parse_route_source(std::string_view text) {
    for (const SourceWord& known : source_words) {
        if (known.word == text) {
            return known.source;
        }
    }
    return fail(Code::malformed, "must be all, telemetry, twin-changes, lifecycle or connections");
}

} // namespace muster::hub
