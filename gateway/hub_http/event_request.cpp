#include "gateway/hub_http/event_request.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace muster::gateway {

namespace {

constexpr unsigned long long page_max = 1000;
constexpr unsigned long long wait_seconds_max = 30;
constexpr std::size_t consumer_bytes_max = 64;

bool has_parameter(const HubCall& call, std::string_view name) {
    return std::ranges::any_of(call.target().query,
                               [&](const auto& parameter) { return parameter.first == name; });
}

Result<std::vector<hub::EventSource>> sources_from(const HubCall& call) {
    std::vector<hub::EventSource> sources;
    const std::string_view text = call.target().parameter("source");
    if (text.empty()) {
        return sources;
    }
    for (const std::string_view word : split(text, ',')) {
        const auto source = hub::parse_event_source(trim(word));
        if (!source) {
            return std::unexpected(source.error());
        }
        sources.push_back(*source);
    }
    return sources;
}

Result<std::optional<std::int64_t>> stored_position(const HubCall& call,
                                                    std::optional<int> partition) {
    const std::string_view name = call.target().parameter("consumer");
    if (name.empty()) {
        return std::nullopt;
    }
    const auto group = consumer_from(name);
    if (!group) {
        return std::unexpected(group.error());
    }
    const auto positions = call.hub().events().positions(*group);
    if (!positions) {
        return std::unexpected(positions.error());
    }
    // A consumer that never stored a position has seen nothing.
    return hub::position_in(*positions, partition).value_or(0);
}

/// What says most exactly where to go on wins: what the reader has seen, what it asks for, what is
/// stored for it.
Result<std::optional<std::int64_t>> start_from(const HubCall& call, std::optional<int> partition) {
    const std::string_view last_seen = call.header("Last-Event-ID");
    if (!last_seen.empty()) {
        const auto sequence = parse_decimal(last_seen);
        if (!sequence || *sequence > INT64_MAX) {
            return fail(Code::malformed, "Last-Event-ID must be a sequence number");
        }
        return static_cast<std::int64_t>(*sequence);
    }
    const auto after = call.number({.name = "after", .max = INT64_MAX});
    if (!after) {
        return std::unexpected(after.error());
    }
    if (*after) {
        return static_cast<std::int64_t>(**after);
    }
    return stored_position(call, partition);
}

} // namespace

bool wants_stream(const HubCall& call) {
    const std::string_view accept = call.header("Accept");
    return has_parameter(call, "stream") || accept.starts_with("text/event-stream");
}

Result<hub::EventGroup> consumer_from(std::string_view name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.' || c == '$';
    };
    if (name.empty() || name.size() > consumer_bytes_max || !std::ranges::all_of(name, fits)) {
        return fail(Code::malformed, fmt::format("a consumer is named by 1 to {} letters, digits "
                                                 "and '-', '_', '.', '$'",
                                                 consumer_bytes_max));
    }
    return hub::EventGroup{hub::EventGroup::Kind::consumer, std::string(name)};
}

Result<std::optional<int>> partition_from(const HubCall& call) {
    const auto partition = call.number({.name = "partition", .max = INT32_MAX});
    if (!partition) {
        return std::unexpected(partition.error());
    }
    if (!*partition) {
        return std::nullopt;
    }
    // Events from when the hub had more partitions are still there.
    if (**partition >= static_cast<unsigned long long>(hub::partitions_max)) {
        return fail(Code::malformed, "there is no such partition");
    }
    return static_cast<int>(**partition);
}

Result<EventRequest> event_request_from(const HubCall& call) {
    EventRequest request;
    const auto partition = partition_from(call);
    if (!partition) {
        return std::unexpected(partition.error());
    }
    auto sources = sources_from(call);
    if (!sources) {
        return std::unexpected(sources.error());
    }
    request.filter = {.partition = *partition, .sources = std::move(*sources)};
    const auto count = call.number({.name = "max", .max = page_max});
    const auto wait = call.number({.name = "wait", .max = wait_seconds_max});
    for (const auto* number : {&count, &wait}) {
        if (!*number) {
            return std::unexpected(number->error());
        }
    }
    const auto after = start_from(call, *partition);
    if (!after) {
        return std::unexpected(after.error());
    }
    request.after = *after;
    request.count_max =
        static_cast<std::size_t>(std::max<unsigned long long>(count->value_or(page_max), 1));
    request.wait = std::chrono::seconds(wait->value_or(0));
    return request;
}

} // namespace muster::gateway
